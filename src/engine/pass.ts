/** What an engine computed for some samples, read back to be shown. */
import { parameterLayout } from '../network/parameters.ts';

/** float32 from `webgpu` and `cpu`; float64 from the reference. */
export type Values = Float32Array | Float64Array;

/** One layer's values for each sample, [samples, outputs]. */
export interface PassLayer {
  /** Activations. */
  readonly a: Values;
  /** ∂C/∂z of each sample's own cost. */
  readonly delta: Values;
}

/** A forward and backward pass over some samples. */
export interface Pass {
  /** Entry l is the layer after weights l. */
  readonly layers: readonly PassLayer[];
  /** Cost of each sample, [samples]. */
  readonly costs: ArrayLike<number>;
  /** Index of each sample's largest output, [samples]. */
  readonly predictions: ArrayLike<number>;
  /** ∂C/∂W and ∂C/∂b of the mean cost, in the layout of `parameterLayout`. */
  readonly gradient: ArrayLike<number>;
}

/** A pass that was computed in chunks of samples, with the parameters that it was computed with. */
export class JoinedPass implements Pass {
  /** In the layout of `parameterLayout`. */
  readonly parameters: Values;
  readonly layers: readonly PassLayer[];
  readonly costs: Float64Array<ArrayBuffer>;
  readonly predictions: Uint32Array<ArrayBuffer>;
  /** The means of the chunks are averaged in float64. One chunk alone keeps its bits. */
  readonly gradient: Float64Array<ArrayBuffer>;

  /** @param samples number of samples of all chunks */
  constructor(sizes: readonly number[], samples: number, parameters: Values) {
    const create = (length: number): Values =>
      parameters instanceof Float64Array ? new Float64Array(length) : new Float32Array(length);
    this.parameters = parameters;
    this.layers = parameterLayout(sizes).map(({ outputs }) => ({
      a: create(samples * outputs),
      delta: create(samples * outputs),
    }));
    this.costs = new Float64Array(samples);
    this.predictions = new Uint32Array(samples);
    this.gradient = new Float64Array(parameters.length);
  }

  /**
   * Adds the pass of a chunk.
   * @param start position of its first sample
   */
  add(start: number, chunk: Pass): void {
    const samples = this.costs.length;
    const share = chunk.costs.length / samples;
    chunk.layers.forEach((layer, l) => {
      const { a, delta } = this.layers[l]!;
      const from = start * (a.length / samples);
      a.set(layer.a, from);
      delta.set(layer.delta, from);
    });
    this.costs.set(chunk.costs, start);
    this.predictions.set(chunk.predictions, start);
    for (let i = 0; i < this.gradient.length; i++) {
      this.gradient[i]! += share * chunk.gradient[i]!;
    }
  }
}
