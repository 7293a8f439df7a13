/** What each slice of a step has for itself, and the structures of `assembly/structures.ts` that say where, word by word. */
import { activationFunction, activations } from '../network/activations.ts';
import { costs, outputs } from '../network/functions.ts';
import { activationOf } from '../network/layers.ts';
import type { Network } from '../network/network.ts';
import { oddLines, up, type LayerPlace } from './parameterPlaces.ts';

/** Where a slice of a step has its own. */
export interface SliceRoom {
  readonly context: number;
  readonly samples: number;
  readonly gradient: number;
  readonly outputs: number;
  readonly costs: number;
  readonly predictions: number;
  /** Of the context: costSum and correct. */
  readonly sums: number;
}

/** Bytes of the structures of `assembly/structures.ts`. */
const layerBytes = 14 * 4;
const contextBytes = 20 * 4;
/** With the zeros behind. */
const listsBytes = 10 * 4 + 128;

/** Words of `Context` that change while an engine lives. */
export const contextWord = { features: 4, labels: 5 } as const;

/** What all slices have in common; addresses are bytes. */
interface Shared {
  readonly network: Network;
  readonly places: readonly LayerPlace[];
  /** Samples of a pass at most. */
  readonly rows: number;
  readonly parameters: number;
  /** byte/255 of every byte. */
  readonly values: number;
}

/**
 * @param gradient where the slice's is
 * @param take gives room for so many bytes
 * @returns the room, and what writes its structures once there is memory
 */
export function placeSlice(
  { network, places, rows, parameters, values }: Shared,
  gradient: number,
  take: (bytes: number) => number,
): { readonly room: SliceRoom; readonly write: (memory: Uint32Array) => void } {
  const { layers, activation, output, cost } = network;
  const inputs = layers[0]!;
  const panel = oddLines(rows * 32);
  const structures = take(places.length * layerBytes);
  const context = take(contextBytes);
  const samples = take(rows * 4);
  const bySample = take(rows * inputs * 8);
  const byFeature = take(rows * inputs * 8);
  const sampleEnds = take(rows * 4);
  const featureEnds = take(inputs * 4);
  const lists = take(listsBytes);
  const outputsAt = take(rows * layers.at(-1)! * 4);
  const costsAt = take(rows * 8);
  const predictions = take(rows * 4);
  const words = places.map((place, l) => {
    const panels = up(place.outputs, 8) / 8;
    // The output function is not an activation: the last layer's own is linear.
    const own = l === places.length - 1 ? 'linear' : activationOf(activation, l);
    const a = take(panels * panel);
    const z = activationFunction(own).slopeFrom === 'z' ? take(panels * panel) : a;
    // The first layer's delta lies in rows, which its gradient reads in the order of the data.
    const deltaRow = l > 0 ? 32 : panels > 8 ? oddLines(panels * 32) : panels * 32;
    const delta = take(l > 0 ? panels * panel : rows * deltaRow);
    const deltaPanel = l > 0 ? panel : 32;
    return [
      place.inputs,
      place.outputs,
      parameters + place.weights * 4,
      place.weightPanel * 4,
      parameters + place.biases * 4,
      gradient + place.weights * 4,
      gradient + place.biases * 4,
      a,
      z,
      panel,
      delta,
      deltaPanel,
      deltaRow,
      activations.indexOf(own),
    ];
  });
  const sums = context + 16 * 4;
  const write = (memory: Uint32Array): void => {
    memory.set(words.flat(), structures / 4);
    const fields = [
      structures,
      words.length,
      outputs.indexOf(output),
      costs.indexOf(cost),
      // Features and labels.
      0,
      0,
      values,
      bySample,
      byFeature,
      sampleEnds,
      featureEnds,
      lists,
      outputsAt,
      costsAt,
      predictions,
    ];
    memory.set(fields, context / 4);
  };
  const room = {
    context,
    samples,
    gradient,
    outputs: outputsAt,
    costs: costsAt,
    predictions,
    sums,
  };
  return { room, write };
}
