/** The buttons that change the run, and its accuracy with the changes. */
import { signal, useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';

import { firstScript, type Change, type DatedChange, type Script } from '../moment.ts';
import type { Frame } from '../frame.ts';
import type { Area } from '../runtime/canvas.tsx';
import { formatNumber, formatShare } from '../runtime/numbers.tsx';
import { command, frame, history } from '../session.ts';
import { effectOf } from './mendNumbers.ts';

const tooLarge = 60;
/** ReLU has no ceiling, so its steps must be smaller than the sigmoid's. */
const rates = { sigmoid: 6, relu: 0.3 } as const;

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

export function Tools() {
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

export function ChangePoint() {
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

export function changeTable(shown: Frame | undefined) {
  return {
    head: ['Change', 'Step'],
    rows: made(shown).map((change) => [nameOf(change), change.step]),
  };
}

/** Accuracy over the steps, and a mark for each change. */
export function drawHistory({ context, width, height, colours }: Area): void {
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
