/** The memory of each slice of a step, and the structures of `assembly/structures.ts` that describe it. */
import { activationFunction, activations } from '../network/activations.ts';
import { costs, outputs } from '../network/functions.ts';
import { activationOf } from '../network/layers.ts';
import type { Network } from '../network/network.ts';
import { oddLines, up, type LayerPlace } from './parameterPlaces.ts';

/** Addresses of a slice's own memory. */
export interface SliceRoom {
  readonly context: number;
  readonly samples: number;
  readonly gradient: number;
  readonly outputs: number;
  readonly costs: number;
  readonly predictions: number;
  /** Address of `costSum` and `correct` in the context. */
  readonly sums: number;
  readonly layers: readonly LayerRoom[];
}

/** Where a layer's activations and deltas are; see `Layer` in `assembly/structures.ts`. */
export interface LayerRoom {
  readonly outputs: number;
  readonly a: Panels;
  readonly delta: Panels;
}

/** A matrix in groups of 8 columns. All three numbers are in bytes. */
export interface Panels {
  readonly start: number;
  /** Distance between two groups. */
  readonly panel: number;
  /** Distance between two rows. */
  readonly row: number;
}

/** Sizes of the structures of `assembly/structures.ts`, in bytes. */
const layerBytes = 14 * 4;
const contextBytes = 20 * 4;
/** Includes the zeros that follow the structure. */
const listsBytes = 10 * 4 + 128;

/** Offsets of the words of `Context` that change while an engine lives. */
export const contextWord = { features: 4, labels: 5 } as const;

/** Values shared by all slices. Addresses are in bytes. */
interface Shared {
  readonly network: Network;
  readonly places: readonly LayerPlace[];
  /** Maximum number of samples per pass. */
  readonly rows: number;
  readonly parameters: number;
  /** Address of a table with byte/255 for every byte. */
  readonly values: number;
}

/**
 * Lays out a slice's memory.
 * @param gradient address of the slice's gradient
 * @param take reserves a number of bytes and returns their address
 * @returns the addresses, and a function that writes the structures once memory is allocated
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
  const rooms: LayerRoom[] = [];
  const words = places.map((place, l) => {
    const panels = up(place.outputs, 8) / 8;
    // The output function is applied separately, so the last layer's activation is linear.
    const own = l === places.length - 1 ? 'linear' : activationOf(activation, l);
    const a = take(panels * panel);
    const z = activationFunction(own).slopeFrom === 'z' ? take(panels * panel) : a;
    // The first layer's delta is stored by row, because its gradient reads rows in the order of the data.
    const deltaRow = l > 0 ? 32 : panels > 8 ? oddLines(panels * 32) : panels * 32;
    const delta = take(l > 0 ? panels * panel : rows * deltaRow);
    const deltaPanel = l > 0 ? panel : 32;
    rooms.push({
      outputs: place.outputs,
      a: { start: a, panel, row: 32 },
      delta: { start: delta, panel: deltaPanel, row: deltaRow },
    });
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
      // Features and labels, which are set later.
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
    layers: rooms,
  };
  return { room, write };
}
