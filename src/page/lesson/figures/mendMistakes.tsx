/** The test digits that the network gets most wrong, and the confusion matrix. */
import { useMemo } from 'preact/hooks';

import type { Frame } from '../frame.ts';
import { Picture, type FigureBodyProps } from '../runtime/figure.tsx';
import { formatNumber } from '../runtime/numbers.tsx';
import { command, frame, liveAnswer } from '../session.ts';
import { confusionCell } from '../switches.ts';
import type { Cell, Mistakes, TestAnswer } from '../worker/mend.ts';
import { DigitImage } from './examplePicker.tsx';
import { mostConfused } from './mendNumbers.ts';

export function Wrong({ isShown }: FigureBodyProps) {
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
