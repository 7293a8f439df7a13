/** The sum of the wishes goes back, layer by layer, down to the first weights. Each number opens to its formula. */
import { useRef } from 'preact/hooks';

import './backwards.css';
import type { Frame } from '../frame.ts';
import { Nudge } from '../runtime/arrow.tsx';
import { Picture, type FigureBodyProps, type FigureModule } from '../runtime/figure.tsx';
import { neuronKey, neuronName } from '../runtime/network.ts';
import { formatNumber, formatSigned, Linked } from '../runtime/numbers.tsx';
import { calmFrame, frameIn } from '../runtime/selected.tsx';
import { useUnfolding } from '../runtime/unfolding.ts';
import { ranking, wishesFor, wishFor } from '../runtime/wishes.ts';
import type { NeuronChoice } from '../session.ts';
import { backwardsStage, lastStage } from '../switches.ts';
import { Drawing } from './backwardsDrawing.tsx';
import { Formulas } from './backwardsFormulas.tsx';

export const backwards: FigureModule = {
  id: 'backwards',
  title: 'Backwards, layer by layer',
  Body,
};

const stageMs = 2200;

function Body({ isShown }: FigureBodyProps) {
  const drawing = useRef<HTMLDivElement>(null);
  const { stage, take, replay } = useUnfolding(drawing, {
    ...{ last: lastStage, ms: stageMs, taken: backwardsStage },
  });
  const shown = frameIn(isShown);
  const isDone = stage.value === lastStage;
  return (
    <>
      <div class="prose">
        <p>
          The sums say how the neurons of the second hidden layer should change. That is the same
          kind of list as at the outputs. So do the same again: turn each wish into nudges of that
          neuron’s bias and weights, and into wishes for the layer before. Then once more. This is
          backpropagation.
        </p>
      </div>
      <Picture
        label="The network with its wishes, going back from the outputs to the first weights"
        point={shown ? <Point shown={shown} stage={stage.value} /> : ''}
        table={() => stageTable(calmFrame.peek())}
      >
        <div class="buttons backwards-steps">
          <button
            type="button"
            class="small-button backwards-step"
            onClick={() => (isDone ? replay() : take(stage.value + 1))}
          >
            {isDone ? 'Again from the outputs' : `Step back: ${stepNames[stage.value]!}`}
          </button>
          <button
            type="button"
            class="small-button"
            disabled={stage.value === 0}
            onClick={() => take(0)}
          >
            To the outputs
          </button>
        </div>
        <div ref={drawing} class="backwards-drawing">
          {shown && <Drawing {...{ shown, isShown, stage: stage.value }} />}
        </div>
        {shown && <Formulas shown={shown} isShown={isShown} />}
      </Picture>
      <div class="prose">
        <p>
          Each step back multiplies by a slope and by weights.{' '}
          {shown?.script.activation === 'relu'
            ? 'The slope of ReLU is 1 for an active neuron and 0 for a silent one, so a silent neuron passes no wish on.'
            : 'The slope of σ is at most 0.25, and close to 0 for a neuron that is fully on or off. That is why the wishes often become smaller on their way.'}{' '}
          Select any neuron to open its numbers.
        </p>
      </div>
    </>
  );
}

const stepNames = [
  'sum up for the second hidden layer',
  'sum up for the first hidden layer',
  'nudge the first weights',
];

function Point({ shown, stage }: { readonly shown: Frame; readonly stage: number }) {
  const largest = (layer: number): NeuronChoice => ({
    layer,
    index: ranking(wishesFor(shown.nudges, layer))[0]!,
  });
  const wish = (layer: number) => {
    const neuron = largest(layer);
    return (
      <Linked to={neuronKey(neuron)}>
        <Nudge value={wishFor(shown.nudges, neuron)} of={`largest ${layer}`} /> for{' '}
        {neuronName(neuron)}
      </Linked>
    );
  };
  switch (stage) {
    case 0:
      return <>At the outputs, the largest wish is {wish(3)}.</>;
    case 1:
      return <>The outputs’ wishes add up for the second hidden layer: the largest is {wish(2)}.</>;
    case 2:
      return <>The same step again, for the first hidden layer: the largest wish is {wish(1)}.</>;
    default:
      return (
        <>
          The largest wish is {wish(3)}, then {wish(2)}, then {wish(1)}. The largest nudge of all
          12,544 first weights is{' '}
          <Nudge value={signedLargest(shown.nudges.layers[0]!.weights)} of="largest weight" />.
        </>
      );
  }
}

const signedLargest = (values: Float64Array): number =>
  values.reduce((largest, value) => (Math.abs(value) > Math.abs(largest) ? value : largest), 0);

function stageTable(shown: Frame | undefined) {
  const rows = [3, 2, 1].flatMap((layer) =>
    Array.from(shown ? wishesFor(shown.nudges, layer) : [], (wish, index) => [
      neuronName({ layer, index }),
      formatNumber(shown!.nudges.layers[layer - 1]!.a[index]!),
      formatSigned(wish),
      formatSigned(shown!.nudges.layers[layer - 1]!.biases[index]!),
    ]),
  );
  return { head: ['Neuron', 'Activation', 'Wish', 'Nudge of the bias'], rows };
}
