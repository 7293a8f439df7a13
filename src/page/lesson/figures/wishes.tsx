/** One example's wishes: what each output has, what it should have, and the nudge that it wants. */
import { useSignal, type Signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';

import './wishes.css';
import type { Frame } from '../frame.ts';
import { Arrow, briefNudge, Nudge } from '../runtime/arrow.tsx';
import { Picture, type FigureBodyProps, type FigureModule } from '../runtime/figure.tsx';
import { neuronKey } from '../runtime/network.ts';
import { formatNumber, formatSigned, Linked } from '../runtime/numbers.tsx';
import { calmFrame, frameIn, isSame, neuronIn, selectNeuron } from '../runtime/selected.tsx';
import { useWidth } from '../runtime/size.ts';
import { useUnfolding } from '../runtime/unfolding.ts';
import { judge, ranking, type Guess } from '../runtime/wishes.ts';
import { exampleName, highlight } from '../session.ts';
import { DigitImage } from './examplePicker.tsx';

export const wishes: FigureModule = { id: 'wishes', title: 'What one example wishes for', Body };

/** How long the answer stays hidden, for readers who guess without touching anything. */
const thinkingMs = 4000;

function Body({ isShown }: FigureBodyProps) {
  const board = useRef<HTMLDivElement>(null);
  const { stage, take } = useUnfolding(board, { last: 1, ms: thinkingMs, isMotion: false });
  const shown = frameIn(isShown);
  const isAnswered = stage.value === 1;
  return (
    <>
      <div class="prose">
        <p>
          Look at one example only: {exampleName}
          {shown && `, a ${shown.example.label}`}. Its own output should be 1, all others 0. What
          they have is something else. So the example has ten wishes, one for each output: more
          here, less there.
        </p>
        <p>
          How strongly it wishes depends on how far off the output is. An output that is nearly
          right is left alone; one that is far off gets a large nudge.
        </p>
      </div>
      <Picture
        label="The ten outputs: what each has, what it should have, and the nudge that it wants"
        point={shown ? <Point shown={shown} isAnswered={isAnswered} /> : ''}
        table={() => wishTable(calmFrame.peek())}
      >
        <div ref={board} class="wish-board">
          {shown && <Outputs shown={shown} isAnswered={isAnswered} />}
        </div>
        {shown && <Predict shown={shown} isAnswered={isAnswered} take={take} />}
      </Picture>
      <div class="prose">
        <p>
          The nudge is 2 · (should have − has): minus the slope of the squared difference. An output
          cannot be set directly, because it follows from weights and biases. The wishes say what
          the weights and biases should bring about.
        </p>
      </div>
    </>
  );
}

function Outputs({ shown, isAnswered }: { readonly shown: Frame; readonly isAnswered: boolean }) {
  const box = useRef<HTMLDivElement>(null);
  const width = useWidth(box, 960);
  const height = width.value < 560 ? 104 : 190;
  const chosen = neuronIn(shown);
  return (
    <>
      <div class="wish-example">
        <DigitImage pixels={shown.example.pixels} />
        <span class="small">{exampleName}</span>
      </div>
      <div ref={box} class="wish-outputs" role="group" aria-label="Outputs; press to select one">
        {shown.nudges.outputs.map(({ given, wanted, nudge }, index) => {
          const neuron = { layer: 3, index };
          const key = neuronKey(neuron);
          return (
            <button
              key={index}
              type="button"
              class={highlight.value === key ? 'wish is-marked' : 'wish'}
              aria-pressed={isSame(chosen, neuron)}
              onClick={() => selectNeuron(neuron)}
              onPointerEnter={() => (highlight.value = key)}
              onPointerLeave={() => (highlight.value = undefined)}
            >
              <Gauge {...{ given, wanted, height, isAnswered }} />
              <span class={wanted === 1 ? 'wish-digit is-label' : 'wish-digit'}>
                <span class="hidden">Output </span>
                {index}
              </span>
              <span class="wish-values">
                <span class="hidden">has </span>
                <span data-value={given} data-given={index}>
                  {given.toFixed(3)}
                </span>
                {isAnswered && (
                  <>
                    <span aria-hidden="true"> → </span>
                    <span class="hidden">, should have </span>
                    {wanted}
                  </>
                )}
              </span>
              <span class="wish-nudge">
                {isAnswered ? (
                  <>
                    <span class="hidden">, wants </span>
                    <Nudge value={nudge} of={key}>
                      {briefNudge(nudge)}
                    </Nudge>
                  </>
                ) : (
                  '?'
                )}
              </span>
            </button>
          );
        })}
      </div>
    </>
  );
}

interface GaugeProps {
  readonly given: number;
  readonly wanted: number;
  readonly height: number;
  readonly isAnswered: boolean;
}

/** A level from 0 to 1, and an arrow from it to where it should be: the arrow is as long as the output is off. */
function Gauge({ given, wanted, height, isAnswered }: GaugeProps) {
  const [middle, top] = [18, 8];
  const level = Math.min(1, Math.max(0, given));
  const y = (value: number) => top + (1 - value) * height;
  return (
    <svg class="gauge" width={56} height={height + 2 * top} aria-hidden="true">
      <rect class="gauge-track" x={middle - 9} y={top} width={18} height={height} />
      <rect class="gauge-level" x={middle - 9} y={y(level)} width={18} height={level * height} />
      {isAnswered && (
        <g class="gauge-answer">
          <line class="gauge-target" x1={middle - 14} x2={52} y1={y(wanted)} y2={y(wanted)} />
          <Arrow x={42} y={y(level)} length={(wanted - level) * height} thickness={5} />
        </g>
      )}
    </svg>
  );
}

function Point({ shown, isAnswered }: { readonly shown: Frame; readonly isAnswered: boolean }) {
  if (!isAnswered) return <>Which outputs want more, which less, and which want it most?</>;
  const { label } = shown.example;
  const { outputs, cost } = shown.nudges;
  const own = outputs[label]!;
  const largest = ranking(outputs.map(({ nudge }) => nudge))[0]!;
  const first = outputs[largest]!;
  return (
    <>
      This is a {label}:{' '}
      <Linked to={`neuron 3.${label}`}>
        output {label} has {formatNumber(own.given)} and wants <Nudge value={own.nudge} />
      </Linked>
      .{' '}
      {largest === label ? (
        'No output is farther off, so no nudge is larger.'
      ) : (
        <>
          Farthest off is{' '}
          <Linked to={`neuron 3.${largest}`}>
            output {largest} with {formatNumber(first.given)}, which wants{' '}
            <Nudge value={first.nudge} />
          </Linked>
          .
        </>
      )}{' '}
      The cost of this example is {formatNumber(cost)}.
    </>
  );
}

interface PredictProps {
  readonly shown: Frame;
  readonly isAnswered: boolean;
  readonly take: (stage: number) => void;
}

/** Asks the reader before the answer is shown. */
function Predict({ shown, isAnswered, take }: PredictProps) {
  /** The output of the question stays the same while the network learns on. */
  const asked = useSignal<number | undefined>(undefined);
  const isMore = useSignal<boolean | undefined>(undefined);
  const verdict = useSignal('');
  const box = useRef<HTMLDivElement>(null);
  // The buttons of an answered question are gone: the focus stays in the box.
  const isFocusLost = useRef(false);
  useEffect(() => {
    if (isFocusLost.current) box.current!.focus();
    isFocusLost.current = false;
  }, [isAnswered, isMore.value]);
  // A wrong answer's output, which should be low; or the right one, which is high and still wishes for more.
  const output = asked.value ?? shown.nudges.prediction;
  const answer = (guess?: Guess) => {
    verdict.value = guess ? describe(shown, output, guess) : '';
    asked.value = undefined;
    isMore.value = undefined;
    isFocusLost.current = true;
    take(1);
  };
  const begin = () => {
    asked.value = shown.nudges.prediction;
    verdict.value = '';
    isFocusLost.current = true;
    take(0);
  };
  return (
    <div
      ref={box}
      class="predict"
      role="group"
      aria-label="Predict first"
      tabIndex={-1}
      onFocusIn={() => {
        // The answer waits for a reader who is in the question.
        if (!isAnswered) take(0);
      }}
    >
      <p role="status" class="predict-verdict">
        {isAnswered && verdict.value}
      </p>
      {isAnswered ? (
        <>
          {verdict.value === '' && (
            <p class="predict-verdict">
              Would you have guessed it? Hide the answer, and say what you expect. Another digit or
              step gives another question.
            </p>
          )}
          <button type="button" class="small-button" onClick={begin}>
            Hide the answer and ask me
          </button>
        </>
      ) : (
        <>
          <AskSignOrSize
            {...{ shown, output, isMore, answer, asked }}
            hold={() => {
              isFocusLost.current = true;
              take(0);
            }}
          />
          <button type="button" class="plain" onClick={() => answer()}>
            Show the answer
          </button>
        </>
      )}
    </div>
  );
}

interface AskProps {
  readonly shown: Frame;
  readonly output: number;
  readonly isMore: Signal<boolean | undefined>;
  readonly asked: Signal<number | undefined>;
  readonly hold: () => void;
  readonly answer: (guess: Guess) => void;
}

function AskSignOrSize({ shown, output, isMore, asked, hold, answer }: AskProps) {
  const sign = isMore.value;
  if (sign === undefined) {
    const guess = (more: boolean) => {
      asked.value = output;
      isMore.value = more;
      hold();
    };
    return (
      <div class="predict-question">
        <p>
          <strong>Predict first.</strong> Output {output} has{' '}
          {formatNumber(shown.nudges.outputs[output]!.given)}. The digit is a {shown.example.label}.
          Does it wish output {output} to have more, or less?
        </p>
        <button type="button" class="small-button" onClick={() => guess(true)}>
          ▲ More
        </button>
        <button type="button" class="small-button" onClick={() => guess(false)}>
          ▼ Less
        </button>
      </div>
    );
  }
  return (
    <div class="predict-question">
      <p>
        You say {sign ? 'more' : 'less'}. And which output wants the <strong>largest</strong> nudge?
      </p>
      {shown.nudges.outputs.map((_, largest) => (
        <button
          key={largest}
          type="button"
          class="small-button"
          aria-label={`Output ${largest}`}
          onClick={() => answer({ isMore: sign, largest })}
        >
          {largest}
        </button>
      ))}
    </div>
  );
}

const places = ['largest', 'second largest', 'third largest'];

/** Judges a guess by the values of this moment. */
function describe({ nudges: { outputs } }: Frame, asked: number, guess: Guess): string {
  const { isSignRight, rank, largest } = judge(asked, guess, outputs);
  const { given, wanted, nudge } = outputs[asked]!;
  const facts = `output ${asked} has ${formatNumber(given)} and should have ${wanted}, so it wants ${
    nudge > 0 ? 'more' : 'less'
  }, ${formatSigned(nudge)}.`;
  const most = `output ${largest}: ${formatSigned(outputs[largest]!.nudge)}`;
  const size =
    rank === 0
      ? `And yes, the largest nudge goes to ${most}.`
      : rank < places.length
        ? `Close: output ${guess.largest} wants the ${places[rank]!} nudge, ${formatSigned(
            outputs[guess.largest]!.nudge,
          )}. The largest goes to ${most}.`
        : `The largest nudge goes to ${most}, since that output is farthest off.`;
  return `${isSignRight ? 'Right' : 'The other way round'}: ${facts} ${size}`;
}

function wishTable(shown: Frame | undefined) {
  return {
    head: ['Output', 'Has', 'Should have', 'Nudge'],
    rows: (shown?.nudges.outputs ?? []).map(({ given, wanted, nudge }, index) => [
      `output ${index}`,
      given,
      wanted,
      formatSigned(nudge),
    ]),
  };
}
