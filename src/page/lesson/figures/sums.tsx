/** The wishes of all ten outputs for the layer before them, and their sum. */
import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';

import './sums.css';
import type { Frame } from '../frame.ts';
import { Arrow, briefNudge, Neuron, Nudge } from '../runtime/arrow.tsx';
import { arrowLength } from '../runtime/arrowPath.ts';
import { Picture, type FigureBodyProps, type FigureModule } from '../runtime/figure.tsx';
import { arrowChoice } from '../runtime/keys.ts';
import { neuronKey } from '../runtime/network.ts';
import { formatNumber, formatSigned, Linked } from '../runtime/numbers.tsx';
import { calmFrame, frameIn, selectNeuron } from '../runtime/selected.tsx';
import { useWidth } from '../runtime/size.ts';
import { useUnfolding } from '../runtime/unfolding.ts';
import { largestSize, ranking, sumOfWishes } from '../runtime/wishes.ts';
import { highlight, selection } from '../session.ts';
import { allOutputsOn, outputsOn } from '../switches.ts';

export const sums: FigureModule = { id: 'sums', title: 'Ten wishes, added up', Body };

const neurons = 16;
const outputs = 10;

function Body({ isShown }: FigureBodyProps) {
  const board = useRef<HTMLDivElement>(null);
  // A link that switches outputs off shows their sum at once.
  const taken = useSignal(outputsOn.peek().every(Boolean) ? undefined : outputs);
  const { stage, take, replay } = useUnfolding(board, { last: outputs, ms: 320, taken });
  const shown = frameIn(isShown);
  const isOn = outputsOn.value.map((on, output) => on && output < stage.value);
  const table = () => sumTable(calmFrame.peek(), isOn);
  const set = (next: readonly boolean[]) => {
    take(outputs);
    outputsOn.value = next;
  };
  return (
    <>
      <div class="prose">
        <p>
          The output of the right digit is not the only one with wishes. Each of the other nine has
          its own for the same 16 neurons of the layer before. Each row below is one output: how far
          off it is decides how long its arrows are, and its weights decide which way they point.
        </p>
        <p>
          Add the ten rows, neuron by neuron. The last row is what the whole example wishes for this
          layer.
        </p>
      </div>
      <Picture
        label="Ten rows of wishes for 16 neurons, one for each output, and their sum"
        point={shown ? <Point shown={shown} isOn={isOn} /> : ''}
        table={table}
      >
        <div ref={board} class="sums">
          {shown && <Board {...{ shown, isOn }} toggle={(output) => set(toggled(isOn, output))} />}
        </div>
        <p class="buttons sums-buttons">
          <button type="button" class="small-button" onClick={() => set(allOutputsOn)}>
            All outputs
          </button>
          <button
            type="button"
            class="small-button"
            disabled={!shown}
            onClick={() => {
              const { label } = calmFrame.peek()!.example;
              set(allOutputsOn.map((_, output) => output === label));
            }}
          >
            Only the right one
          </button>
          <button
            type="button"
            class="small-button"
            onClick={() => {
              outputsOn.value = allOutputsOn;
              replay();
            }}
          >
            Add one by one
          </button>
        </p>
      </Picture>
    </>
  );
}

const toggled = (isOn: readonly boolean[], output: number): readonly boolean[] =>
  isOn.map((on, k) => (k === output ? !on : on));

/** The sum of the rows that are on. With all of them it is what the engine's pass has. */
function sumOf({ nudges }: Frame, isOn: readonly boolean[]): Float64Array {
  const { wishes, previous } = nudges.layers[2]!;
  return isOn.every(Boolean) ? previous : sumOfWishes(wishes, isOn);
}

/**
 * The neuron that the text and the column tell about: the selected one, or the one with the largest sum of all
 * outputs. It stays the same when outputs are switched off, so that their sums can be compared.
 */
function columnOf({ nudges }: Frame): number {
  const { neuron } = selection.value;
  return neuron.layer === 2 ? neuron.index : ranking(nudges.layers[2]!.previous)[0]!;
}

interface BoardProps {
  readonly shown: Frame;
  readonly isOn: readonly boolean[];
  readonly toggle: (output: number) => void;
}

/** Pixels of the longest arrow of a row, and of the sums above and below their line. */
const longestCell = 34;
const longestSum = 54;
const cellHeight = 40;

function Board({ shown, isOn, toggle }: BoardProps) {
  const strip = useRef<HTMLDivElement>(null);
  const width = useWidth(strip, 800);
  const { wishes } = shown.nudges.layers[2]!;
  const sum = sumOf(shown, isOn);
  const stacks = stacksOf(wishes, isOn);
  // One scale for wishes and sums, so that the sum looks like what it adds up.
  const perPixel = Math.max(
    largestSize(wishes) / longestCell,
    largestSize(stacks.flatMap(({ above, below }) => [above, below])) / longestSum,
  );
  const column = columnOf(shown);
  const space = width.value / neurons;
  const band = (
    <span
      class="sums-band"
      aria-hidden="true"
      style={{ left: `${(column * 100) / neurons}%`, width: `${100 / neurons}%` }}
    />
  );
  return (
    <>
      <div class="sums-row sums-choice">
        <span class="sums-name small">neuron</span>
        <NeuronHeads shown={shown} column={column} />
      </div>
      <div class="sums-row sums-columns" aria-hidden="true">
        <span />
        <div class="sums-heads">
          {Array.from(shown.nudges.layers[1]!.a, (value, index) => (
            <span key={index} class="sums-head">
              <Head value={value} index={index} />
            </span>
          ))}
        </div>
      </div>
      {isOn.map((on, output) => {
        const { nudge } = shown.nudges.outputs[output]!;
        const key = neuronKey({ layer: 3, index: output });
        return (
          <div
            key={output}
            class={`sums-row hue-${output}${on ? '' : ' is-off'}${
              highlight.value === key ? ' is-marked' : ''
            }`}
            onPointerEnter={() => (highlight.value = key)}
            onPointerLeave={() => (highlight.value = undefined)}
          >
            <button
              type="button"
              class="sums-name sums-toggle"
              aria-pressed={on}
              onClick={() => toggle(output)}
            >
              <span class={shown.example.label === output ? 'sums-digit is-label' : 'sums-digit'}>
                <span class="hidden">Wishes of output </span>
                {output}
              </span>
              <span class="sums-want">
                <Nudge value={nudge} of={key}>
                  {briefNudge(nudge)}
                </Nudge>
              </span>
            </button>
            <div class="sums-strip" ref={output === 0 ? strip : null}>
              {band}
              <svg height={cellHeight} aria-hidden="true">
                {Array.from({ length: neurons }, (_, neuron) => {
                  const length = wishes[output * neurons + neuron]! / perPixel;
                  return (
                    <Arrow
                      key={neuron}
                      class="sums-arrow"
                      x={(neuron + 0.5) * space}
                      y={cellHeight / 2 + length / 2}
                      length={length}
                    />
                  );
                })}
              </svg>
            </div>
          </div>
        );
      })}
      <div class="sums-row sums-total">
        <span class="sums-name">sum</span>
        <div class="sums-strip">
          {band}
          <svg height={2 * longestSum + 12} aria-hidden="true">
            <SumMarks {...{ sum, stacks, perPixel, space }} />
          </svg>
        </div>
      </div>
    </>
  );
}

/** The 16 neurons of the layer, of which one can be selected. */
function NeuronHeads({ shown, column }: { readonly shown: Frame; readonly column: number }) {
  const choose = (index: number) => selectNeuron({ layer: 2, index });
  return (
    <div
      class="sums-strip sums-heads"
      role="radiogroup"
      aria-label="Neuron of the second hidden layer"
      onKeyDown={(event) => {
        const next = arrowChoice(event, column, neurons);
        if (next !== undefined) choose(next);
      }}
    >
      {Array.from(shown.nudges.layers[1]!.a, (activation, index) => {
        const key = neuronKey({ layer: 2, index });
        return (
          <button
            key={index}
            type="button"
            role="radio"
            class={highlight.value === key ? 'sums-head is-marked' : 'sums-head'}
            aria-checked={index === column}
            aria-label={`Neuron ${index}`}
            tabIndex={index === column ? 0 : -1}
            onClick={() => choose(index)}
            onPointerEnter={() => (highlight.value = key)}
            onPointerLeave={() => (highlight.value = undefined)}
          >
            <Head value={activation} index={index} />
          </button>
        );
      })}
    </div>
  );
}

/** A neuron and its number. */
function Head({ value, index }: { readonly value: number; readonly index: number }) {
  return (
    <>
      <svg viewBox="-8 -8 16 16" aria-hidden="true">
        <Neuron x={0} y={0} radius={7} value={value} />
      </svg>
      <span aria-hidden="true">{index}</span>
    </>
  );
}

interface Stack {
  /** The sum of the wishes for more. */
  readonly above: number;
  /** That of the wishes for less, below 0. */
  readonly below: number;
  readonly parts: readonly {
    readonly output: number;
    readonly from: number;
    readonly to: number;
  }[];
}

/** The wishes that are on, piled up for each neuron: those for more above the line, those for less below it. */
function stacksOf(wishes: Float64Array, isOn: readonly boolean[]): Stack[] {
  return Array.from({ length: neurons }, (_, neuron) => {
    let [above, below] = [0, 0];
    const parts = isOn.flatMap((on, output) => {
      if (!on) return [];
      const wish = wishes[output * neurons + neuron]!;
      const from = wish > 0 ? above : below;
      if (wish > 0) above += wish;
      else below += wish;
      return [{ output, from, to: from + wish }];
    });
    return { above, below, parts };
  });
}

interface SumMarksProps {
  readonly sum: Float64Array;
  readonly stacks: readonly Stack[];
  readonly perPixel: number;
  readonly space: number;
}

/** The pile of the wishes for each neuron, and beside it the arrow of their sum. */
function SumMarks({ sum, stacks, perPixel, space }: SumMarksProps) {
  const middle = longestSum + 6;
  const pile = Math.max(3, Math.min(10, space * 0.26));
  return (
    <>
      <line class="sums-line" x1={0} x2="100%" y1={middle} y2={middle} />
      {stacks.map(({ parts }, neuron) => {
        const x = (neuron + 0.5) * space;
        return (
          <g key={neuron}>
            {parts.map(({ output, from, to }) => (
              <rect
                key={output}
                class={`sums-part hue-${output}`}
                x={x - pile - 1}
                y={middle - Math.max(from, to) / perPixel}
                width={pile}
                height={Math.abs(to - from) / perPixel}
              />
            ))}
            <Arrow
              x={x + pile * 0.7 + 1}
              y={middle}
              length={arrowLength(sum[neuron]!, perPixel, 1)}
              thickness={Math.min(5, pile * 0.6)}
            />
          </g>
        );
      })}
    </>
  );
}

function Point({ shown, isOn }: { readonly shown: Frame; readonly isOn: readonly boolean[] }) {
  const { wishes } = shown.nudges.layers[2]!;
  const sum = sumOf(shown, isOn);
  const neuron = columnOf(shown);
  const count = isOn.filter(Boolean).length;
  if (count === 0) return <>No output wishes for anything now: every sum is 0.</>;
  const column = isOn.map((on, output) => (on ? wishes[output * neurons + neuron]! : 0));
  const [first = 0, second = 0] = ranking(column);
  const linked = (output: number) => (
    <Linked to={neuronKey({ layer: 3, index: output })}>
      <Nudge value={column[output]!} /> from output {output}
    </Linked>
  );
  return (
    <>
      <Linked to={neuronKey({ layer: 2, index: neuron })}>Neuron {neuron}</Linked> of the second
      hidden layer gets {linked(first)}
      {count > 1 && <>, {linked(second)}</>}
      {count > 2 && <> and {formatNumber(count - 2)} more</>}. Together{' '}
      {count === outputs ? 'all ten make' : count === 1 ? 'that is' : `these ${count} make`}{' '}
      <strong>
        <Nudge value={sum[neuron]!} of={`sum ${neuron}`} />
      </strong>
      .
    </>
  );
}

function sumTable(shown: Frame | undefined, isOn: readonly boolean[]) {
  const on = isOn.flatMap((value, output) => (value ? [output] : []));
  const wishes = shown?.nudges.layers[2]!.wishes;
  const sum = shown && sumOf(shown, isOn);
  return {
    head: ['Neuron', ...on.map((output) => `Output ${output}`), 'Sum'],
    rows: Array.from({ length: wishes ? neurons : 0 }, (_, neuron) => [
      String(neuron),
      ...on.map((output) => formatSigned(wishes![output * neurons + neuron]!)),
      formatSigned(sum![neuron]!),
    ]),
  };
}
