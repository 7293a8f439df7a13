/**
 * What the host writes into memory, word by word, for the kernels to read: `src/cpu/sliceRoom.ts` is the other side, and
 * has the fields in the same order.
 *
 * Rows are samples. A matrix of values [rows, columns] lies in panels of 8 columns, each [rows, 8], so that a tile of a
 * product reads both operands straight ahead. Columns that fill the last panel up hold 0 and stay 0.
 */

/** Bytes of a row of a panel: 8 float32. */
export const panelRow: usize = 32;

/** One dense layer as one thread sees it. */
@unmanaged
export class Layer {
  inputs: i32;
  outputs: i32;
  /**
   * Of the first layer, panels of 32 columns, then one of 16 and one of 8 where columns are left, each [inputs, width].
   * Of the others, panels of 8 columns, each [inputs and padding, 8].
   */
  weights: usize;
  /** Bytes from a panel of the weights to the next; not of the first layer. */
  weightPanel: usize;
  biases: usize;
  /** What this thread's samples ask for, in the layouts of weights and biases. */
  weightGradient: usize;
  biasGradient: usize;
  /** Activations in panels; of the last layer, pre-activations. */
  a: usize;
  /** Pre-activations in panels, where the slope is computed from them; the same as `a` where it is not. */
  z: usize;
  /** Bytes from a panel of `a` and `z` to the next. */
  panel: usize;
  delta: usize;
  /** Bytes from 8 columns of `delta` to the next 8, and from a row to the next. */
  deltaPanel: usize;
  deltaRow: usize;
  /** Position in `activations` of `src/network/activations.ts`; linear for the last layer. */
  activation: i32;
}

/** The network, the data, and a thread's own room. */
@unmanaged
export class Context {
  layers: usize;
  layerCount: i32;
  /** Positions in the lists of `src/network/functions.ts`. */
  output: i32;
  cost: i32;
  /** Bytes of the dataset, [samples, featureCount], with 15 bytes more behind. */
  features: usize;
  /** Classes, a byte a sample. */
  labels: usize;
  /** byte/255 as float32, for every byte. */
  values: usize;
  /** Room for the pixels that are not 0: {@link Pixel} in the order of samples, and in that of features. */
  bySample: usize;
  byFeature: usize;
  /** Where the pixels of each sample end in `bySample`, u32 [rows]. */
  sampleEnds: usize;
  /** Where the pixels of each feature end in `byFeature`, u32 [featureCount]. */
  featureEnds: usize;
  /** Room for {@link Lists} and the zeros behind. */
  lists: usize;
  /** What a pass says of each sample: outputs, float32 [rows, outputs]; costs, float64; predictions, u32. */
  outputs: usize;
  costs: usize;
  predictions: usize;
  /** Sums over the samples of all passes since they were set to 0. */
  costSum: f64;
  correct: u32;
}

/** A pixel that is not 0: its feature, or its sample, counting from the pass's first; and its value. */
@unmanaged
export class Pixel {
  at: u32;
  value: f32;
}

/** What the first layer adds up for one panel of columns; 128 bytes that are 0 follow. Distances are bytes. */
@unmanaged
export class Lists {
  /** The lists, one behind the other; where each ends, u32 [count]. */
  pixels: usize;
  ends: usize;
  count: i32;
  /** The matrix whose rows the pixels name. */
  rows: usize;
  rowBytes: usize;
  /** Where the first list's sums start, and how far on the next one's do. */
  start: usize;
  startRow: usize;
  /** Where the first list's sums go, the next one's, and the next 8 columns. */
  to: usize;
  toRow: usize;
  toColumns: usize;
}

// @ts-ignore: decorator
@inline
export function layerAt(context: Context, index: i32): Layer {
  return changetype<Layer>(context.layers + <usize>index * offsetof<Layer>());
}
