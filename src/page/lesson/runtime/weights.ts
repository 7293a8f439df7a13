/** The two weights that the reader compares: their names, and a proposal until the reader chooses. */
import { effect, signal, type ReadonlySignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

import {
  ask,
  firstWeights,
  frame,
  selection,
  type NeuronChoice,
  type WeightChoice,
} from '../session.ts';
import { layerSizes, neuronName } from './network.ts';

/** The first of the two weights can be wiggled. */
export type Slot = 0 | 1;
export const slots = [0, 1] as const satisfies readonly Slot[];
export const slotNames = ['A', 'B'] as const;

/** For `highlight`: 'weight 2.3.1'. */
export const weightKey = ({ layer, output, input }: WeightChoice): string =>
  `weight ${layer}.${output}.${input}`;

/** The neurons at the ends of a weight. */
export const startOf = ({ layer, input }: WeightChoice): NeuronChoice => ({ layer, index: input });
export const endOf = ({ layer, output }: WeightChoice): NeuronChoice => ({
  layer: layer + 1,
  index: output,
});

/** 'from neuron 1 of the second hidden layer to output 3'. */
export const weightName = (weight: WeightChoice): string =>
  `from ${withThe(startOf(weight))} to ${neuronName(endOf(weight))}`;

const withThe = (neuron: NeuronChoice): string =>
  neuron.layer === 0 ? `the ${neuronName(neuron)}` : neuronName(neuron);

/** Where each layer of weights begins in an array of all parameters; the biases of a layer follow its weights. */
export const weightOffsets = [0, 784 * 16 + 16, 784 * 16 + 16 + 17 * 16] as const;

/** The place of a weight in an array of all parameters. */
export const placeOf = ({ layer, output, input }: WeightChoice): number =>
  weightOffsets[layer]! + output * layerSizes[layer]! + input;

/** The weight at a place; undefined for a bias. */
export function weightAt(place: number): WeightChoice | undefined {
  const layer = place >= weightOffsets[2] ? 2 : place >= weightOffsets[1] ? 1 : 0;
  const inputs = layerSizes[layer];
  const output = Math.floor((place - weightOffsets[layer]) / inputs);
  if (output >= layerSizes[layer + 1]!) return undefined;
  return { layer, output, input: (place - weightOffsets[layer]) % inputs };
}

/** The weight that the next click in a drawing replaces. */
export const nextSlot = signal<Slot>(0);

export function chooseWeight(slot: Slot, weight: WeightChoice): void {
  const [a, b] = selection.peek().weights;
  selection.value = {
    ...selection.peek(),
    weights: slot === 0 ? [weight, b] : [a, weight],
  };
}

/** Weights that the reader has not chosen: those of the beginning, or the last proposal. */
let unchosen = firstWeights;
/** The moment of the last proposal. */
let proposedFor: string | undefined;
let isAsking = false;

/**
 * While a figure is in view and the reader has not chosen weights, the most sensitive one and one from the middle of
 * the ranking are shown. While the network plays they stay, so that the reader can watch them.
 */
export function useProposedWeights(isShown: ReadonlySignal<boolean>): void {
  useEffect(
    () =>
      effect(() => {
        if (isShown.value && frame.value) void propose();
      }),
    [],
  );
}

async function propose(): Promise<void> {
  const { step, isPlaying, nudges } = frame.peek()!;
  const moment = `${step} ${nudges.cost}`;
  const isWanted = proposedFor === undefined || (!isPlaying && proposedFor !== moment);
  if (isAsking || !isWanted || selection.peek().weights !== unchosen) return;
  isAsking = true;
  const { mostSensitive, middle } = await ask('proposeWeights', {});
  isAsking = false;
  proposedFor = moment;
  if (selection.peek().weights !== unchosen) return;
  unchosen = [mostSensitive, middle];
  selection.value = { ...selection.peek(), weights: unchosen };
  // The moment may be another one by now.
  await propose();
}

const layerNames = ['pixel', '1st hidden', '2nd hidden', 'output'] as const;

/** Short, for the rows of a table: '2nd hidden 5 → output 3'. */
export function weightLabel({ layer, output, input }: WeightChoice): string {
  const from = layer === 0 ? `${Math.floor(input / 28)}, ${input % 28}` : String(input);
  return `${layerNames[layer]} ${from} → ${layerNames[layer + 1]} ${output}`;
}

/** Whether two choices are the same weight. */
export const isSameWeight = (a: WeightChoice, b: WeightChoice): boolean =>
  weightKey(a) === weightKey(b);
