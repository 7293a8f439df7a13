/** Training on one digit only: the network soon answers it to everything. */
import { computed, effect, signal, type ReadonlySignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';

import './onlyOne.css';
import { Picture, type FigureBodyProps, type FigureModule } from '../runtime/figure.tsx';
import { formatNumber, formatShare } from '../runtime/numbers.tsx';
import { paced } from '../runtime/paced.ts';
import { ShareScale } from '../runtime/shareScale.tsx';
import { ask, command, frame, liveAnswer } from '../session.ts';
import type { Frame } from '../frame.ts';
import {
  onlyDigit as digit,
  trialPoint as at,
  trialStart as from,
  trialStarts,
} from '../switches.ts';
import type { OnlyOneAnswer, OnlyOnePoint } from '../worker/onlyOne.ts';
import { DigitImage } from './examplePicker.tsx';

export const onlyOne: FigureModule = {
  id: 'onlyOne',
  title: 'Only the 2s',
  origin: 'The trial trains a copy of the network on the CPU engine.',
  Body,
};

/** The short run is computed anew so often while the lesson's run plays. */
const everyMs = 5000;
/** Between two points of the short run as it is shown. */
const pointMs = 150;
/** The point of the short run while it moves by itself. */
const played = signal<number | undefined>(undefined);

/** The change that the lesson's run is trained by now, if it is trained on one digit only. */
const onlyChange = computed(() => {
  const shown = frame.value;
  const last = shown?.script.changes.findLast(
    (change) => change.kind === 'only' && change.step <= shown.step,
  );
  return last?.kind === 'only' && last.digit !== 'all' ? { ...last, digit: last.digit } : undefined;
});

/** The digit that the lesson's run is trained on now, if it is only one. */
const trainedOn = computed(() => onlyChange.value?.digit);

function Body({ isShown }: FigureBodyProps) {
  const { trial, now, digits } = useMemo(
    () => ({
      trial: liveAnswer(
        'onlyOne',
        isShown,
        paced(everyMs, () => (trainedOn.value === undefined ? { digit: digit.value } : undefined)),
      ),
      now: liveAnswer('onlyOneNow', isShown, () =>
        trainedOn.value === undefined ? undefined : null,
      ),
      digits: shownDigits(isShown),
    }),
    [],
  );
  useEffect(() => playOnce(isShown, trial), []);
  const live = trainedOn.value;
  const shown = frame.value;
  const known = trial.value?.digit === digit.value ? trial.value : undefined;
  const points = known?.[from.value];
  const point = points?.[placeIn(points)];
  return (
    <>
      <div class="prose">
        <p>
          Why ask every digit? Look at what happens if only one is asked. Each 2 wishes for more of
          output 2 and less of the others. If all examples are 2s, no example objects. The easiest
          way to grant the wish is to answer 2 to every image.
        </p>
      </div>
      <Picture
        label={`Answers of the network when it trains only on ${live ?? digit.value}s`}
        point={
          live !== undefined && shown ? (
            <LivePoint shown={shown} only={live} />
          ) : known ? (
            <TrialPoint trial={known} />
          ) : (
            ''
          )
        }
        table={() => numbersOf(trial.peek())}
      >
        <div class="only-one">
          {live === undefined
            ? known && point && <Trial trial={known} point={point} />
            : shown && (
                <ShareBar share={shareOf(shown, live)} only={live} accuracy={shown.test.accuracy} />
              )}
          <Answers
            digits={digits.value}
            answers={live === undefined ? point?.answers : now.value?.answers}
            only={live ?? digit.value}
          />
        </div>
        <Controls live={live} />
      </Picture>
      <div class="prose">
        <p>
          Nothing in this training says that anything is wrong: the 2s are content, and a content
          example wishes for almost nothing. That is also why a network that has learned much
          forgets slowly. Only the average over all kinds of digits keeps one kind from shouting
          down the rest.
        </p>
      </div>
    </>
  );
}

/** The place of the point that is shown. */
const placeIn = ({ length }: readonly OnlyOnePoint[]): number =>
  Math.min(at.value ?? played.value ?? length, length - 1);

const shareOf = ({ test: { confusion, count } }: Frame, only: number): number =>
  confusion.reduce((sum, row) => sum + row[only]!, 0) / count;

function TrialPoint({ trial }: { readonly trial: OnlyOneAnswer }) {
  const { now, start, step, digit: only, trainingCount } = trial;
  const [first, last, fresh] = [now[0]!, now.at(-1)!, start.at(-1)!];
  return (
    <>
      {formatNumber(last.step)} steps on {formatNumber(trainingCount)} {only}s alone: a network that
      has learned nothing answers {only} to{' '}
      <strong data-value={fresh.share} id="only-one-start">
        {formatShare(fresh.share)}
      </strong>{' '}
      of all test digits. The network of step {formatNumber(step)} goes from{' '}
      <span data-value={first.share} id="only-one-before">
        {formatShare(first.share)}
      </span>{' '}
      to{' '}
      <strong data-value={last.share} id="only-one-after">
        {formatShare(last.share)}
      </strong>
      , and only {formatShare(last.accuracy)} of its answers are right. This trial leaves the
      network of the page as it is.
    </>
  );
}

function LivePoint({ shown, only }: { readonly shown: Frame; readonly only: number }) {
  const share = shareOf(shown, only);
  return (
    <>
      The network of this page has trained on {only}s alone for{' '}
      {formatNumber(shown.step - (onlyChange.value?.step ?? 0))} steps. It answers {only} to{' '}
      <strong data-value={share} id="only-one-live">
        {formatShare(share)}
      </strong>{' '}
      of the test digits, and {formatShare(shown.test.accuracy)} of its answers are right.
    </>
  );
}

function Controls({ live }: { readonly live: number | undefined }) {
  const start = () => {
    command({ do: 'change', change: { kind: 'only', digit: digit.value } });
    command({ do: 'play' });
  };
  return (
    <div class="buttons only-one-controls">
      <label>
        Digit{' '}
        <select
          value={digit.value}
          disabled={live !== undefined}
          onChange={(event) => {
            digit.value = Number(event.currentTarget.value);
            at.value = undefined;
            played.value = undefined;
          }}
        >
          {Array.from({ length: 10 }, (_, n) => (
            <option key={n} value={n}>
              {n}
            </option>
          ))}
        </select>
      </label>
      {live === undefined ? (
        <button type="button" class="small-button" disabled={!frame.value} onClick={start}>
          Train this page's network on the {digit.value}s only
        </button>
      ) : (
        <>
          <button type="button" class="small-button" onClick={() => command({ do: 'undo' })}>
            Undo
          </button>
          <button
            type="button"
            class="small-button"
            onClick={() => {
              command({ do: 'change', change: { kind: 'only', digit: 'all' } });
              command({ do: 'play' });
            }}
          >
            Train on all digits again
          </button>
        </>
      )}
    </div>
  );
}

const [width, height] = [320, 120];

/** The share of answers over the steps of the short run, with a slider along it. */
function Trial({ trial, point }: { readonly trial: OnlyOneAnswer; readonly point: OnlyOnePoint }) {
  const { digit: only } = trial;
  const points = trial[from.value];
  const other = trial[from.value === 'now' ? 'start' : 'now'];
  const last = points.length - 1;
  const index = placeIn(points);
  const x = (n: number) => ((n / last) * width).toFixed(1);
  const y = (share: number) => (height * (1 - share)).toFixed(1);
  const line = (part: readonly OnlyOnePoint[], value: (one: OnlyOnePoint) => number) =>
    part.map((one, n) => `${x(n)},${y(value(one))}`).join(' ');
  return (
    <div class="trial">
      <ShareBar share={point.share} only={only} accuracy={point.accuracy} />
      <label class="trial-curve">
        <ShareScale />
        <svg viewBox={`0 -4 ${width} ${height + 8}`} preserveAspectRatio="none" aria-hidden="true">
          {[0, 0.5, 1].map((share) => (
            <path key={share} class="grid" d={`M0 ${y(share)}H${width}`} />
          ))}
          <polyline class="other" points={line(other, ({ share }) => share)} />
          <polyline class="ahead" points={line(points, ({ share }) => share)} />
          <polyline class="right" points={line(points, ({ accuracy }) => accuracy)} />
          <polyline class="share" points={line(points.slice(0, index + 1), ({ share }) => share)} />
          <path class="cursor" d={`M${x(index)} 0V${height}`} />
        </svg>
        <input
          type="range"
          min={0}
          max={last}
          value={index}
          aria-label={`Steps of training on ${only}s only`}
          aria-valuetext={`${point.step} steps, ${formatShare(point.share)} answered ${only}`}
          onInput={(event) => (at.value = Number(event.currentTarget.value))}
        />
      </label>
      <div class="buttons trial-from" role="group" aria-label="Where the trial begins">
        {trialStarts.map((place) => (
          <button
            key={place}
            type="button"
            class="small-button"
            aria-pressed={from.value === place}
            onClick={() => (from.value = place)}
          >
            {place === 'now' ? `From step ${formatNumber(trial.step)}` : 'From the start'}
          </button>
        ))}
      </div>
      <p class="small trial-legend">
        <span class="key-share">answered {only}</span> <span class="key-right">answered right</span>
        <span class="key-other">
          answered {only}, {from.value === 'now' ? 'from the start' : 'from now'}
        </span>
        <span>
          after {formatNumber(point.step)} steps on {only}s
        </span>
      </p>
    </div>
  );
}

function ShareBar({
  share,
  only,
  accuracy,
}: {
  readonly share: number;
  readonly only: number;
  readonly accuracy: number;
}) {
  return (
    <div class="share-bar">
      <span class="share-number">{formatShare(share)}</span>
      <span class="small">
        answered {only}; {formatShare(accuracy)} right
      </span>
      <span class="bar" aria-hidden="true">
        <span style={{ width: `${(100 * share).toFixed(2)}%` }} />
      </span>
    </div>
  );
}

interface ShownDigits {
  readonly pixels: readonly Uint8Array[];
  readonly labels: Uint8Array;
}

/** Test digits with the network's answers. */
function Answers({
  digits,
  answers,
  only,
}: {
  readonly digits: ShownDigits | undefined;
  readonly answers: Uint8Array | undefined;
  readonly only: number;
}) {
  if (!digits || !answers) return null;
  return (
    <ul class="answers" aria-label="Test digits and the network's answers">
      {digits.pixels.map((pixels, n) => {
        const answer = answers[n]!;
        const isRight = answer === digits.labels[n];
        return (
          <li key={n} class={answer === only ? 'is-only' : undefined}>
            <span class="hidden">{`a ${digits.labels[n]}, answered `}</span>
            <DigitImage pixels={pixels} />
            <span class="answer">
              {answer}
              <span class="mark" aria-hidden="true">
                {isRight ? '✓' : '✗'}
              </span>
            </span>
          </li>
        );
      })}
    </ul>
  );
}

function shownDigits(isShown: ReadonlySignal<boolean>): ReadonlySignal<ShownDigits | undefined> {
  const digits = signal<ShownDigits | undefined>(undefined);
  let seed: number | undefined;
  effect(() => {
    const wanted = frame.value?.script.seed;
    if (!isShown.value || wanted === undefined || wanted === seed) return;
    seed = wanted;
    void ask('onlyOneDigits', null).then((found) => (digits.value = found));
  });
  return digits;
}

/** Runs through the points once when the first ones come into view, unless the reader prefers no motion. */
function playOnce(
  isShown: ReadonlySignal<boolean>,
  trial: ReadonlySignal<OnlyOneAnswer | undefined>,
): () => void {
  let timer: ReturnType<typeof setInterval> | undefined;
  const stop = effect(() => {
    if (!isShown.value || !trial.value || timer !== undefined) return;
    const last = trial.value.now.length - 1;
    if (matchMedia('(prefers-reduced-motion: reduce)').matches) return;
    // The reader or a link has chosen a point.
    if (at.peek() !== undefined) return;
    played.value = 0;
    let expected = 0;
    timer = setInterval(() => {
      // The reader took the slider, or chose another digit.
      if (at.peek() !== undefined || played.peek() !== expected) {
        clearInterval(timer);
        return;
      }
      expected++;
      played.value = expected < last ? expected : undefined;
      if (expected >= last) clearInterval(timer);
    }, pointMs);
  });
  return () => {
    stop();
    clearInterval(timer);
  };
}

function numbersOf(trial: OnlyOneAnswer | undefined) {
  const only = trial?.digit ?? '';
  return {
    head: ['Steps on one digit', `Answered ${only}`, 'Right', `Answered ${only}, from the start`],
    rows: (trial?.now ?? []).map(({ step, share, accuracy }, n) => [
      step,
      formatShare(share),
      formatShare(accuracy),
      formatShare(trial!.start[n]!.share),
    ]),
  };
}
