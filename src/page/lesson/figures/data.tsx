/** The same network trained on few and on many digits: it learns the few by heart. */
import { effect, signal, type ReadonlySignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

import './data.css';
import { Picture, type FigureBodyProps, type FigureModule } from '../runtime/figure.tsx';
import { formatNumber, formatShare } from '../runtime/numbers.tsx';
import { ShareScale } from '../runtime/shareScale.tsx';
import { ask, frame, problem } from '../session.ts';
import { dataCounts, dataSteps, type DataPoint, type DataRun } from '../worker/dataRuns.ts';

export const data: FigureModule = {
  id: 'data',
  title: 'You need data',
  origin: 'The four networks are trained on the CPU engine.',
  Body,
};

const runs = signal<readonly DataRun[]>([]);
/** The network, rate and digits that the runs are of. */
const runsOf = signal('');
const isStopped = signal(false);

const scriptKey = (): string | undefined => {
  const script = frame.value?.script;
  return script && `${script.seed} ${script.activation} ${script.rate}`;
};

const isComplete = (): boolean =>
  runsOf.value === scriptKey() && runs.value.length > 0 && runs.value.every(({ isOver }) => isOver);

function Body({ isShown }: FigureBodyProps) {
  useEffect(() => runWhileShown(isShown), []);
  const shown = runs.value;
  return (
    <>
      <div class="prose">
        <p>
          All this works only with labelled examples. The lecture's collection has tens of
          thousands, labelled by people; this page draws its own. How many does it take? Here the
          same network learns four times, from the same start and by the same{' '}
          {formatNumber(dataSteps)} steps of 100 digits. Only the pile that the digits come from
          differs.
        </p>
      </div>
      <Picture
        label="Accuracy on unseen digits after training on 100, 1,000, 10,000 and 60,000 digits"
        point={<Point />}
        table={numbersOf}
      >
        <div class="data-runs">
          {dataCounts.map((count, n) => (
            <Run key={count} count={count} points={shown[n]?.points ?? []} />
          ))}
        </div>
        <p class="small data-legend">
          <span class="key-test">digits that it has never seen</span>
          <span class="key-own">digits that it has trained on, at most 1,000 of them</span>
        </p>
        <StopButton />
      </Picture>
      <div class="prose">
        <p>
          With a hundred digits the network soon reads nearly all of its own, and still fails on
          others: it has learned them by heart. The gap between the two lines is what it has
          memorised and cannot use. With more digits the gap closes, because what helps with 60,000
          different digits is what digits have in common.
        </p>
      </div>
    </>
  );
}

function Point() {
  const shown = runs.value;
  const few = shown[0]?.points.at(-1);
  const many = shown.at(-1)?.points.at(-1);
  if (!few || !many) return <>The 60,000 digits are being drawn.</>;
  return (
    <>
      After {formatNumber(few.step)} of {formatNumber(dataSteps)} steps, the network with{' '}
      {formatNumber(dataCounts[0])} digits reads {formatShare(few.own)} of its own and{' '}
      <strong>{formatShare(few.test)}</strong> of unseen digits; the one with{' '}
      {formatNumber(dataCounts.at(-1)!)} reads {formatShare(many.own)} of its own and{' '}
      <strong>{formatShare(many.test)}</strong> of unseen ones.
    </>
  );
}

function StopButton() {
  return (
    <div class="buttons data-controls">
      <button
        type="button"
        class="small-button"
        disabled={isComplete()}
        onClick={() => (isStopped.value = !isStopped.value)}
      >
        {isComplete() ? 'Complete' : isStopped.value ? 'Go on' : 'Stop'}
      </button>
    </div>
  );
}

const [width, height] = [220, 150];

/** One run: accuracy on unseen digits and on its own over the steps. */
function Run({ count, points }: { readonly count: number; readonly points: readonly DataPoint[] }) {
  const x = ({ step }: DataPoint) => (width * Math.sqrt(step / dataSteps)).toFixed(1);
  const y = (share: number) => (height * (1 - share)).toFixed(1);
  const last = points.at(-1);
  const path = (value: (point: DataPoint) => number) =>
    points.map((point) => `${x(point)},${y(value(point))}`);
  const [own, test] = [path((point) => point.own), path((point) => point.test)];
  return (
    <div class="data-run" data-count={count}>
      <p>
        <strong>{formatNumber(count)}</strong> <span class="small">digits</span>
      </p>
      <ShareScale />
      <svg viewBox={`0 -4 ${width} ${height + 8}`} preserveAspectRatio="none" aria-hidden="true">
        {[0, 0.25, 0.5, 0.75, 1].map((share) => (
          <path key={share} class="grid" d={`M0 ${y(share)}H${width}`} />
        ))}
        <polygon class="gap" points={[...own, ...test.toReversed()].join(' ')} />
        <polyline class="own" points={own.join(' ')} />
        <polyline class="test" points={test.join(' ')} />
      </svg>
      <p class="data-axis small" aria-hidden="true">
        <span>0</span>
        <span>{formatNumber(dataSteps)} steps</span>
      </p>
      <p class="data-result">
        <span class="data-test" data-value={last?.test}>
          {last ? formatShare(last.test) : '–'}
        </span>
        <span class="small">
          unseen; <span data-own={last?.own}>{last ? formatShare(last.own) : '–'}</span> own
        </span>
      </p>
    </div>
  );
}

/** Lets the runs go on while the figure is in view and the reader has not stopped them. */
function runWhileShown(isShown: ReadonlySignal<boolean>): () => void {
  let stop: AbortController | undefined;
  let asked: string | undefined;
  return effect(() => {
    const key = scriptKey();
    const wanted = isShown.value && !isStopped.value && key !== undefined && !isComplete();
    if (wanted && stop && asked === key) return;
    stop?.abort();
    stop = undefined;
    if (!wanted) return;
    const mine = new AbortController();
    stop = mine;
    asked = key;
    if (runsOf.peek() !== key) runs.value = [];
    runsOf.value = key;
    ask('dataRuns', null, mine.signal, (found) => {
      if (!mine.signal.aborted) runs.value = found;
    }).then(
      (found) => {
        if (mine.signal.aborted) return;
        runs.value = found;
        stop = undefined;
      },
      (error: unknown) => {
        if (!mine.signal.aborted) problem.value = (error as Error).message;
      },
    );
  });
}

function numbersOf() {
  return {
    head: ['Training digits', 'Steps', 'Right of unseen digits', 'Right of its own'],
    rows: runs.value.flatMap(({ count, points }) =>
      points.map(({ step, test, own }) => [count, step, formatShare(test), formatShare(own)]),
    ),
  };
}
