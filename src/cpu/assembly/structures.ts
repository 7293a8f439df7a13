/**
 * Structures that the host writes into memory, word by word, for the kernels. The host's side is
 * `src/cpu/sliceRoom.ts`, which has the fields in the same order.
 *
 * Rows are samples. A matrix of values [rows, columns] is stored in panels of 8 columns, each [rows, 8], so that a tile
 * of a product reads both operands sequentially. Padding columns in the last panel are 0 and stay 0.
 */

/** Bytes of a row of a panel: 8 float32. */
export const panelRow: usize = 32;

/** One dense layer, for one slice of a step. */
@unmanaged
export class Layer {
  inputs: i32;
  outputs: i32;
  /**
   * Weights in panels. The first layer has panels of 32 columns, then up to one of 16 and one of 8, each [inputs,
   * width]. The other layers have panels of 8 columns, each [inputs and padding, 8].
   */
  weights: usize;
  /** Distance in bytes between two panels of the weights; unused in the first layer. */
  weightPanel: usize;
  biases: usize;
  /** Gradients of this slice's samples, in the layouts of weights and biases. */
  weightGradient: usize;
  biasGradient: usize;
  /** Activations in panels; the last layer has its pre-activations here. */
  a: usize;
  /** Pre-activations in panels, if the slope is computed from them; otherwise the same address as `a`. */
  z: usize;
  /** Distance in bytes between two panels of `a` and of `z`. */
  panel: usize;
  delta: usize;
  /** Distances in bytes in `delta`: between two groups of 8 columns, and between two rows. */
  deltaPanel: usize;
  deltaRow: usize;
  /** Index in `activations` of `src/network/activations.ts`; linear for the last layer. */
  activation: i32;
}

/** The network, the data, and a slice's own memory. */
@unmanaged
export class Context {
  layers: usize;
  layerCount: i32;
  /** Indices in the lists of `src/network/functions.ts`. */
  output: i32;
  cost: i32;
  /** Bytes of the dataset, [samples, featureCount]. At least 15 readable bytes follow. */
  features: usize;
  /** Classes, one byte per sample. */
  labels: usize;
  /** Table of byte/255 as float32, for every byte. */
  values: usize;
  /** Lists of nonzero {@link Pixel}s, by sample and by feature. */
  bySample: usize;
  byFeature: usize;
  /** The end of each sample's pixels in `bySample`, u32 [rows]. */
  sampleEnds: usize;
  /** The end of each feature's pixels in `byFeature`, u32 [featureCount]. */
  featureEnds: usize;
  /** {@link Lists} and the zeros after it. */
  lists: usize;
  /** Results of a pass for each sample: outputs, float32 [rows, outputs]; costs, float64; predictions, u32. */
  outputs: usize;
  costs: usize;
  predictions: usize;
  /** Sums over the samples of all passes since the last reset. */
  costSum: f64;
  correct: u32;
}

/** A nonzero pixel. `at` is its feature in lists by sample, or its sample within the pass in lists by feature. */
@unmanaged
export class Pixel {
  at: u32;
  value: f32;
}

/** Arguments of the first layer's sums for one panel of columns. 128 zero bytes follow. Distances are in bytes. */
@unmanaged
export class Lists {
  /** The consecutive lists, and the end of each, u32 [count]. */
  pixels: usize;
  ends: usize;
  count: i32;
  /** The matrix whose rows the pixels select. */
  rows: usize;
  rowBytes: usize;
  /** Address of the initial sums of the first list, and the distance to those of the next. */
  start: usize;
  startRow: usize;
  /** Address of the first list's results, and the distances to those of the next list and to the next 8 columns. */
  to: usize;
  toRow: usize;
  toColumns: usize;
}

// @ts-ignore: decorator
@inline
export function layerAt(context: Context, index: i32): Layer {
  return changetype<Layer>(context.layers + <usize>index * offsetof<Layer>());
}
