/** The position of each parameter in the panels that the kernels read; see `Layer` in `assembly/structures.ts`. */
import { parameterLayout } from '../network/parameters.ts';

/** Alignment of pieces of memory: the size of a cache line in bytes. */
export const line = 64;

export const up = (value: number, multiple: number): number =>
  Math.ceil(value / multiple) * multiple;

/** Rounds up to an odd number of cache lines. Rows at a power-of-two distance would all map to one set of the cache. */
export const oddLines = (bytes: number): number =>
  up(bytes, line) + (up(bytes, line) % (2 * line) ? 0 : line);

/** The position of one layer's parameters, in float32 elements. */
export interface LayerPlace {
  readonly inputs: number;
  readonly outputs: number;
  /** Offsets in the layout of `parameterLayout`. */
  readonly weightOffset: number;
  readonly biasOffset: number;
  /** Offset in memory, from the start of all parameters. */
  readonly weights: number;
  /** Distance between panels of 8 columns; 0 for the first layer, whose panels differ in width. */
  readonly weightPanel: number;
  readonly biases: number;
  readonly end: number;
}

export function placeLayers(layers: readonly number[]): readonly LayerPlace[] {
  let offset = 0;
  return parameterLayout(layers).map((layer, l) => {
    const { inputs, outputs: columns } = layer;
    const weights = offset;
    const weightPanel = l === 0 ? 0 : oddLines(up(inputs, 8) * 32) / 4;
    const size = l === 0 ? inputs * up(columns, 8) : weightPanel * (up(columns, 8) / 8);
    const biases = up(weights + size, line / 4);
    offset = up(biases + up(columns, 8), line / 4);
    return { ...layer, weights, weightPanel, biases, end: offset };
  });
}

/** The offset of a weight of the first layer. Its panels are 32 columns wide; the last ones may be 16 and 8. */
function firstWeight(inputs: number, columns: number, i: number, j: number): number {
  let start = 0;
  for (let left = up(columns, 8); ;) {
    const width = left >= 32 ? 32 : left >= 16 ? 16 : 8;
    if (j < start + width) return inputs * start + i * width + (j - start);
    start += width;
    left -= width;
  }
}

/** Visits every parameter, with its offset in `parameterLayout` and its offset in memory, in elements. */
export function eachParameter(
  places: readonly LayerPlace[],
  visit: (flat: number, packed: number) => void,
): void {
  places.forEach((place, l) => {
    const { inputs, outputs: columns, weightOffset, biasOffset } = place;
    for (let j = 0; j < columns; j++) {
      const row = weightOffset + j * inputs;
      const first =
        place.weights +
        (l === 0 ? firstWeight(inputs, columns, 0, j) : (j >> 3) * place.weightPanel + (j & 7));
      const step = l === 0 ? firstWeight(inputs, columns, 1, j) + place.weights - first : 8;
      for (let i = 0; i < inputs; i++) visit(row + i, first + i * step);
      visit(biasOffset + j, place.biases + j);
    }
  });
}
