import type { Cost, Output } from '../network/functions.ts';
import { outputActivations, sampleCost } from './functions.ts';

export interface OutputDeltaArguments {
  readonly batchSize: number;
  readonly outputs: number;
  readonly output: Output;
  readonly cost: Cost;
  /** Pre-activations of the last layer, [batchSize, outputs]. */
  readonly z: ArrayLike<number>;
  /** [batchSize] */
  readonly labels: ArrayLike<number>;
}

export interface OutputDelta {
  /** The network's outputs, [batchSize, outputs]. */
  readonly a: Float64Array;
  /** ∂C/∂z, [batchSize, outputs]. */
  readonly delta: Float64Array;
  /** Cost of each sample, [batchSize]. */
  readonly costs: Float64Array;
  /**
   * Index of each sample's largest output, [batchSize]. It is found from z, because saturated outputs may be equal.
   * Ties give the first index; if all are NaN, the index is 0.
   */
  readonly predictions: Uint32Array;
}

/**
 * Starts backpropagation: computes the cost of each sample and delta = ∂C/∂z of the last layer. With the one-hot label
 * y and g = ∂C/∂a:
 *
 *     cross-entropy, softmax or sigmoid    delta = a − y
 *     squared error                        g = 2(a − y), and
 *       linear                             delta = g
 *       sigmoid                            delta[j] = g[j]·a[j](1 − a[j])
 *       softmax                            delta[j] = a[j]·(g[j] − Σₖ g[k]·a[k])
 */
export function outputDelta(layer: OutputDeltaArguments): OutputDelta {
  const { batchSize, outputs, output, cost } = layer;
  const result = {
    a: new Float64Array(batchSize * outputs),
    delta: new Float64Array(batchSize * outputs),
    costs: new Float64Array(batchSize),
    predictions: new Uint32Array(batchSize),
  };
  for (let n = 0; n < batchSize; n++) {
    const z = Array.from({ length: outputs }, (_, j) => layer.z[n * outputs + j]!);
    const label = layer.labels[n]!;
    const a = outputActivations(output, z);
    result.a.set(a, n * outputs);
    result.delta.set(sampleDelta(output, cost, a, label), n * outputs);
    result.costs[n] = sampleCost(output, cost, z, label);
    result.predictions[n] = indexOfLargest(z);
  }
  return result;
}

function indexOfLargest(values: readonly number[]): number {
  let largest = 0;
  values.forEach((value, j) => {
    if (value > values[largest]!) largest = j;
  });
  return largest;
}

function sampleDelta(output: Output, cost: Cost, a: readonly number[], label: number): number[] {
  const y = (j: number): number => (j === label ? 1 : 0);
  if (cost === 'cross-entropy') return a.map((value, j) => value - y(j));
  const g = a.map((value, j) => 2 * (value - y(j)));
  switch (output) {
    case 'linear':
      return g;
    case 'sigmoid':
      return g.map((value, j) => value * a[j]! * (1 - a[j]!));
    case 'softmax': {
      const mean = g.reduce((sum, value, k) => sum + value * a[k]!, 0);
      return g.map((value, j) => a[j]! * (value - mean));
    }
  }
}
