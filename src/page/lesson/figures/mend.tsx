/** Ways to break the run and to mend it, and what it gets wrong. */
import './mend.css';
import { signal, useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useMemo } from 'preact/hooks';

import { firstScript, type Change, type DatedChange, type Script } from '../moment.ts';
import type { Frame } from '../frame.ts';
import { Canvas, type Area } from '../runtime/canvas.tsx';
import { Picture, type FigureBodyProps, type FigureModule } from '../runtime/figure.tsx';
import { formatNumber, formatShare } from '../runtime/numbers.tsx';
import { command, frame, history, liveAnswer } from '../session.ts';
import { confusionCell, noiseSeed } from '../switches.ts';
import type { Cell, Mistakes, NoiseAnswers, TestAnswer } from '../worker/mend.ts';
import { DigitImage } from './examplePicker.tsx';
import { effectOf, mostConfused } from './mendNumbers.ts';

export const mend: FigureModule = { id: 'mend', title: 'Break it and mend it', Body };

const tooLarge = 60;
/** ReLU has no ceiling, so its steps must be smaller than the sigmoid's. */
const rates = { sigmoid: 6, relu: 0.3 } as const;

function Body({ isShown }: FigureBodyProps) {
  return (
    <>
      <div class="prose">
        <p>
          A machine is understood when you can say what happens if a part breaks. Break this one.
          Each button changes the run at this step and lets it train on, and <em>Undo</em> takes it
          back to the step before the change, with all its numbers.
        </p>
      </div>
      <Picture
        label="Accuracy over the steps of the run, with the changes"
        point={<ChangePoint />}
        table={() => changeTable(frame.peek())}
      >
        <Tools />
        <Canvas isShown={isShown} height={() => 150} draw={drawHistory} />
      </Picture>
      <Noise isShown={isShown} />
      <Wrong isShown={isShown} />
    </>
  );
}

/** What the reader has just done, and what to watch. */
const said = signal('');

function act(change: Change, watch: string): void {
  said.value = watch;
  command({ do: 'change', change });
  command({ do: 'play' });
}

function undo(): void {
  const wasPlaying = frame.peek()?.isPlaying === true;
  const undone = made(frame.peek()).at(-1);
  said.value = undone ? `Back at step ${formatNumber(undone.step)}, before ${nameOf(undone)}.` : '';
  command({ do: 'undo' });
  if (wasPlaying) command({ do: 'play' });
}

function restart(script: Script): void {
  said.value =
    script.activation === 'relu'
      ? 'A new run with ReLU. Watch how many neurons of the first figure are at 0 for every digit: once a ReLU never fires, its slope is 0, and no nudge reaches its weights.'
      : 'A new run with the sigmoid, as the lecture has it. Watch how long the cost stays near 0.9 at first: a sigmoid far from 0 has almost no slope, so the nudges are small.';
  command({ do: 'restart', script });
  command({ do: 'play' });
}

/** The changes made up to the moment shown. */
const made = (shown: Frame | undefined): readonly DatedChange[] =>
  shown ? shown.script.changes.filter(({ step }) => step <= shown.step) : [];

const layerNames = ['first', 'second', 'last'] as const;

function nameOf(change: Change): string {
  switch (change.kind) {
    case 'zero':
      return `the ${layerNames[change.layer]!} weights became 0`;
    case 'noise':
      return `noise was added to the ${layerNames[change.layer]!} weights`;
    case 'labels':
      return change.labels === 'shuffled'
        ? 'the labels were shuffled'
        : 'the true labels came back';
    case 'rate':
      return `the learning rate became ${change.rate}`;
    case 'only':
      return change.digit === 'all'
        ? 'it trained on all digits again'
        : `it trained on the ${change.digit}s only`;
    case 'one':
      return 'it took a step on one example';
  }
}

function Tools() {
  const layer = useSignal(2);
  const shown = frame.value;
  const changes = made(shown);
  const areShuffled = changes.findLast(({ kind }) => kind === 'labels');
  const isShuffled = areShuffled?.kind === 'labels' && areShuffled.labels === 'shuffled';
  const lastRate = changes.findLast(({ kind }) => kind === 'rate');
  const rate = lastRate?.kind === 'rate' ? lastRate.rate : shown?.script.rate;
  const usual = Math.min(shown?.script.rate ?? rates.sigmoid, rates.sigmoid);
  const isTooLarge = rate !== undefined && rate > usual;
  const activation = shown?.script.activation ?? 'sigmoid';
  const chosen = layerNames[layer.value]!;
  return (
    <>
      <div class="mend-tools">
        <Tool title="Its weights" hint="What it has learned, layer by layer.">
          <label class="mend-layer">
            <span class="hidden">Which weights</span>
            <select
              value={layer.value}
              onChange={(event) => (layer.value = Number(event.currentTarget.value))}
            >
              <option value={0}>first: image to layer 1</option>
              <option value={1}>second: layer 1 to 2</option>
              <option value={2}>last: layer 2 to outputs</option>
            </select>
          </label>
          <Press
            name="zero"
            onPress={() =>
              act(
                { kind: 'zero', layer: layer.value },
                `Now the ${chosen} weights are 0. ` +
                  (layer.value === 2
                    ? 'Watch the accuracy: all digits get the same answer, but the layers before kept what they know, so it mends fast.'
                    : 'Watch whether it mends: all neurons behind them now get the same input from every digit, and only what follows can tell them apart.'),
              )
            }
          >
            Set to zero
          </Press>
          <Press
            name="noise"
            onPress={() =>
              act(
                { kind: 'noise', layer: layer.value, size: layer.value === 0 ? 0.3 : 2 },
                `Noise is in the ${chosen} weights. Watch the curve: the answers are spoilt, not the way back, since every example still says which way is better.`,
              )
            }
          >
            Disturb with noise
          </Press>
        </Tool>
        <Tool title="Its teacher" hint="A random label for every training digit.">
          <Press
            name="labels"
            onPress={() =>
              isShuffled
                ? act(
                    { kind: 'labels', labels: 'true' },
                    'The true labels are back. Watch how soon it reads again.',
                  )
                : act(
                    { kind: 'labels', labels: 'shuffled' },
                    'Every training digit has a random label now. Watch the outputs sink to about 0.1 each: with nothing to learn, the best answer to every digit is the same doubt.',
                  )
            }
          >
            {isShuffled ? 'Give the true labels back' : 'Shuffle the labels'}
          </Press>
        </Tool>
        <Tool title="Its stride" hint="Ten times as far downhill in every step.">
          <Press
            name="rate"
            onPress={() =>
              isTooLarge
                ? act(
                    { kind: 'rate', rate: usual },
                    'Small steps again. Watch whether the curve rises: neurons that the large steps pushed far out have almost no slope left, and may never come back. Undo does.',
                  )
                : act(
                    { kind: 'rate', rate: tooLarge },
                    `Steps at rate ${tooLarge}. Watch it leap across the valley instead of walking into it.`,
                  )
            }
          >
            {isTooLarge ? `Learning rate back to ${usual}` : `Learning rate ${tooLarge}`}
          </Press>
        </Tool>
        <Tool title="Its neurons" hint="Another function of the sum, from the start.">
          <Press
            name="activation"
            onPress={() => {
              const other = activation === 'relu' ? 'sigmoid' : 'relu';
              const given = shown?.script ?? firstScript;
              restart({ ...given, activation: other, rate: rates[other], changes: [] });
            }}
          >
            {activation === 'relu' ? 'Start again with sigmoid' : 'Start again with ReLU'}
          </Press>
        </Tool>
        <button
          type="button"
          class="small-button mend-undo"
          disabled={changes.length === 0}
          onClick={undo}
        >
          Undo
        </button>
      </div>
      <p class="mend-said" role="status">
        {said.value === '' ? 'Break something: this line then says what to watch.' : said.value}
      </p>
    </>
  );
}

function Tool({
  title,
  hint,
  children,
}: {
  readonly title: string;
  readonly hint: string;
  readonly children: ComponentChildren;
}) {
  return (
    <div class="mend-tool" role="group" aria-label={title}>
      <h3>{title}</h3>
      <p class="small">{hint}</p>
      {children}
    </div>
  );
}

function Press({
  name,
  onPress,
  children,
}: {
  /** For tests and style. */
  readonly name: string;
  readonly onPress: () => void;
  readonly children: ComponentChildren;
}) {
  return (
    <button
      type="button"
      class="small-button"
      data-break={name}
      disabled={!frame.value}
      onClick={onPress}
    >
      {children}
    </button>
  );
}

function ChangePoint() {
  const shown = frame.value;
  if (!shown) return <></>;
  const change = made(shown).at(-1);
  const now = { step: shown.step, ...shown.test };
  const effect = change && effectOf(change, history.value, now);
  if (!change || !effect) {
    return (
      <>
        Nothing is broken: at step {formatNumber(shown.step)} it reads{' '}
        <strong>{formatShare(shown.test.accuracy)}</strong> of the test digits.
      </>
    );
  }
  return (
    <>
      At step {formatNumber(change.step)}, {nameOf(change)}. It read {formatShare(effect.before)}{' '}
      before and {formatShare(effect.least)} at the worst; {formatNumber(shown.step - change.step)}{' '}
      steps later it reads <strong>{formatShare(effect.now)}</strong>.
    </>
  );
}

function changeTable(shown: Frame | undefined) {
  return {
    head: ['Change', 'Step'],
    rows: made(shown).map((change) => [nameOf(change), change.step]),
  };
}

/** Accuracy over the steps, and a mark for each change. */
function drawHistory({ context, width, height, colours }: Area): void {
  const shown = frame.value;
  const points = history.value;
  const [left, right, top, bottom] = [44, 12, 10, 24];
  const end = Math.max(10, shown?.step ?? 0, points.at(-1)?.step ?? 0);
  const x = (step: number) => left + ((width - left - right) * step) / end;
  const y = (accuracy: number) => top + (height - top - bottom) * (1 - accuracy);
  context.font = '12px system-ui';
  context.textBaseline = 'middle';
  context.textAlign = 'right';
  for (const share of [0, 0.5, 1]) {
    context.strokeStyle = colours.line;
    context.beginPath();
    context.moveTo(left, y(share));
    context.lineTo(width - right, y(share));
    context.stroke();
    context.fillStyle = colours.muted;
    context.fillText(`${100 * share} %`, left - 6, y(share));
  }
  context.textBaseline = 'alphabetic';
  context.fillText(`step ${formatNumber(end)}`, width - right, height - 6);
  context.textAlign = 'left';
  context.fillText('0', left, height - 6);
  context.strokeStyle = colours.nudge;
  context.fillStyle = colours.nudge;
  for (const { step } of made(shown)) {
    context.setLineDash([3, 3]);
    context.beginPath();
    context.moveTo(x(step), top);
    context.lineTo(x(step), height - bottom);
    context.stroke();
    context.setLineDash([]);
    context.beginPath();
    context.moveTo(x(step) - 5, height - bottom + 8);
    context.lineTo(x(step) + 5, height - bottom + 8);
    context.lineTo(x(step), height - bottom);
    context.fill();
  }
  context.strokeStyle = colours.ink;
  context.lineWidth = 2;
  context.lineJoin = 'round';
  context.beginPath();
  for (const { step, accuracy } of points) context.lineTo(x(step), y(accuracy));
  context.stroke();
  if (!shown) return;
  context.fillStyle = colours.ink;
  context.beginPath();
  context.arc(x(shown.step), y(shown.test.accuracy), 4.5, 0, 2 * Math.PI);
  context.fill();
}

function Noise({ isShown }: FigureBodyProps) {
  const answers = useMemo(
    () => liveAnswer('noise', isShown, () => ({ seed: noiseSeed.value })),
    [],
  );
  const shown = answers.value;
  return (
    <>
      <div class="prose mend-next">
        <h3>An answer to everything</h3>
        <p>
          Show it noise, and it names a digit. Ten outputs can only say which digit, and no training
          example ever wished for less than an answer. So its confidence says how far the sums went,
          not how much the image looks like a digit.
        </p>
      </div>
      <Picture
        label="Images of noise with the network’s answers, the most confident first"
        point={shown ? <NoisePoint shown={shown} /> : ''}
        table={() => ({
          head: ['Image', 'Answer', 'Activation of that output'],
          rows: (answers.peek()?.shown ?? []).map(({ answer, given }, n) => [n + 1, answer, given]),
        })}
      >
        <ul class="mend-digits">
          {shown?.shown.map(({ pixels, answer, given }, n) => (
            <li key={n} class="mend-digit" data-given={given}>
              <DigitImage pixels={pixels} />
              <span>
                <strong>{answer}</strong> {given.toFixed(2)}
              </span>
            </li>
          ))}
        </ul>
        <button type="button" class="small-button mend-other" onClick={() => noiseSeed.value++}>
          Other noise
        </button>
      </Picture>
    </>
  );
}

function NoisePoint({ shown: { shown, count, confident } }: { readonly shown: NoiseAnswers }) {
  const [first] = shown;
  if (!first) return <></>;
  return (
    <>
      Of {count} images of noise, {confident} get an answer above one half. The surest is{' '}
      <strong>
        {first.answer} with {formatNumber(first.given)}
      </strong>
      .
    </>
  );
}

function Wrong({ isShown }: FigureBodyProps) {
  const cellNow = (): Cell =>
    confusionCell.value ?? mostConfused(frame.value?.test.confusion ?? [[0, 0]]);
  const mistakes = useMemo(() => liveAnswer('mistakes', isShown, () => ({ cell: cellNow() })), []);
  const shown = mistakes.value;
  const now = frame.value;
  return (
    <>
      <div class="prose mend-next">
        <h3>Its worst mistakes</h3>
        <p>
          These test digits have the largest cost. Choose one, and every figure of this page
          explains it: what it wishes for, and from which weights.
        </p>
      </div>
      <Picture
        label="The test digits with the largest cost"
        point={shown ? <WorstPoint shown={shown} /> : ''}
        table={() => answerTable(mistakes.peek()?.worst)}
      >
        <TestDigits digits={shown?.worst ?? []} />
      </Picture>
      <div class="prose mend-next">
        <h3>Which digits it takes for which</h3>
        <p>
          One row for each digit that was shown, one column for each answer. A perfect reader has
          ink on the diagonal only. Select a cell to see its digits.
        </p>
      </div>
      <Picture
        label="The confusion matrix: shown digit by answer"
        point={now ? <ConfusionPoint shown={now} /> : ''}
        table={() => confusionTable(frame.peek())}
      >
        <div class="mend-confusion">
          {now && (
            <div class="confusion-scroll">
              <ConfusionGrid
                confusion={now.test.confusion}
                cell={cellNow()}
                choose={(cell) => (confusionCell.value = cell)}
              />
            </div>
          )}
          <CellDigits cell={cellNow()} shown={shown} />
        </div>
      </Picture>
    </>
  );
}

function CellDigits({
  cell: { label, answer },
  shown,
}: {
  readonly cell: Cell;
  readonly shown: Mistakes | undefined;
}) {
  const digits = (shown?.cell ?? []).filter(
    (digit) => digit.label === label && digit.answer === answer,
  );
  const count = frame.value?.test.confusion[label]?.[answer] ?? 0;
  return (
    <div class="mend-cell">
      <p>
        <strong>{formatNumber(count)}</strong> {count === 1 ? 'digit is' : 'digits are'} a {label}{' '}
        and {count === 1 ? 'gets' : 'get'} the answer {answer}
        {digits.length > 0 && digits.length < count ? `; here are ${digits.length}.` : '.'}
      </p>
      <TestDigits digits={digits} />
    </div>
  );
}

function TestDigits({ digits }: { readonly digits: readonly TestAnswer[] }) {
  const example = frame.value?.example;
  return (
    <ul class="mend-digits">
      {digits.map(({ index, pixels, label, answer, given, cost }) => (
        <li key={index} class="mend-digit" data-index={index} data-cost={cost}>
          <button
            type="button"
            class="digit-button"
            aria-label={`Test digit ${index}, a ${label}, read as ${answer}`}
            aria-pressed={example?.kind === 'test' && example.index === index}
            onClick={() => command({ do: 'choose', example: { kind: 'test', index } })}
          >
            <DigitImage pixels={pixels} />
          </button>
          <span>
            {label} → <strong>{answer}</strong> {given.toFixed(2)}
          </span>
        </li>
      ))}
    </ul>
  );
}

function WorstPoint({ shown: { count, wrong, worst } }: { readonly shown: Mistakes }) {
  const [first] = worst;
  return (
    <>
      It gets {formatNumber(wrong)} of {formatNumber(count)} test digits wrong.
      {first && (
        <>
          {' '}
          The worst is test digit {first.index}: a {first.label} that it reads as a {first.answer}{' '}
          with {formatNumber(first.given)}, at a cost of <strong>{formatNumber(first.cost)}</strong>
          .
        </>
      )}
    </>
  );
}

function answerTable(digits: readonly TestAnswer[] | undefined) {
  return {
    head: ['Test digit', 'Shows', 'Answer', 'Activation of that output', 'Cost'],
    rows: (digits ?? []).map(({ index, label, answer, given, cost }) => [
      ...[index, label, answer, given, cost],
    ]),
  };
}

function ConfusionPoint({ shown }: { readonly shown: Frame }) {
  const { confusion } = shown.test;
  const { label, answer } = mostConfused(confusion);
  const row = confusion[label]!;
  const all = row.reduce((sum, count) => sum + count, 0);
  return (
    <>
      Most often it takes a {label} for a {answer}: {formatNumber(row[answer]!)} of{' '}
      {formatNumber(all)} times.
    </>
  );
}

function confusionTable(shown: Frame | undefined) {
  return {
    head: ['Shown', ...Array.from({ length: 10 }, (_, answer) => `Answer ${answer}`)],
    rows: (shown?.test.confusion ?? []).map((row, label) => [`a ${label}`, ...row]),
  };
}

/** Ten by ten cells. One of them is in the order of tabs; the arrow keys move it. */
function ConfusionGrid({
  confusion,
  cell,
  choose,
}: {
  readonly confusion: readonly (readonly number[])[];
  readonly cell: Cell;
  readonly choose: (cell: Cell) => void;
}) {
  const move = (event: KeyboardEvent & { readonly currentTarget: HTMLElement }) => {
    const [down, right] =
      { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key] ??
      [];
    if (down === undefined || right === undefined) return;
    event.preventDefault();
    const limit = (n: number) => Math.min(9, Math.max(0, n));
    const next = { label: limit(cell.label + down), answer: limit(cell.answer + right) };
    choose(next);
    const table = event.currentTarget.closest('table');
    const target = table?.rows[next.label + 1]?.cells[next.answer + 1];
    target?.querySelector<HTMLElement>('button')?.focus();
  };
  return (
    <table class="confusion" role="grid" aria-label="Shown digit by answer">
      <thead>
        <tr>
          <th class="small">
            <span class="hidden">Shown</span>
          </th>
          {confusion.map((_, answer) => (
            <th key={answer} scope="col">
              {answer}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {confusion.map((row, label) => {
          const all = Math.max(
            1,
            row.reduce((sum, count) => sum + count, 0),
          );
          return (
            <tr key={label}>
              <th scope="row">{label}</th>
              {row.map((count, answer) => {
                const share = Math.sqrt(count / all);
                // Numbers have contrast on light and on dark ink, but not on the shades between.
                const isDark = share > 0.5;
                const ink = isDark ? 0.7 + 0.6 * (share - 0.5) : 0.7 * share;
                const isChosen = cell.label === label && cell.answer === answer;
                return (
                  <td key={answer} role="gridcell" aria-selected={isChosen}>
                    <button
                      type="button"
                      class={isDark ? 'is-dark' : ''}
                      style={{ '--amount': `${Math.round(100 * ink)}%` }}
                      tabIndex={isChosen ? 0 : -1}
                      aria-label={`${label} read as ${answer}: ${count}`}
                      data-count={count}
                      onClick={() => choose({ label, answer })}
                      onKeyDown={move}
                    >
                      {count > 0 ? count : ''}
                    </button>
                  </td>
                );
              })}
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
