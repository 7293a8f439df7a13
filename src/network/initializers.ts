/** The random numbers a network starts from. */
import { parameterLayout } from './parameters.ts';
import { Random, streams } from './random.ts';

/**
 * How weights start; every one draws from a normal distribution of mean 0 with this variance
 * (n inputs, m outputs of the layer), and biases start at 0 unless said otherwise:
 *
 * - `normal`: variance 1, biases too. The lecture's.
 * - `lecun`: 1/n, so that a sum over n inputs of size 1 has size 1. LeCun et al., "Efficient BackProp", 1998.
 * - `xavier`: 2/(n + m). Glorot and Bengio, 2010; made for tanh and sigmoid.
 * - `he`: 2/n. He et al., 2015; made for ReLU, which loses half of the variance.
 */
export const initializers = ['normal', 'lecun', 'xavier', 'he'] as const;
/** @useDeclaredType */
export type Initializer = (typeof initializers)[number];

function weightVariance(initializer: Initializer, inputs: number, outputs: number): number {
  switch (initializer) {
    case 'normal':
      return 1;
    case 'lecun':
      return 1 / inputs;
    case 'xavier':
      return 2 / (inputs + outputs);
    case 'he':
      return 2 / inputs;
  }
}

/**
 * Draws the parameters of a network, laid out as `parameterLayout` says.
 * @param sizes layer sizes, input first
 * @returns float32, the same bits for the same arguments on every platform
 */
export function initializeParameters(
  sizes: readonly number[],
  initializer: Initializer,
  seed: number,
): Float32Array<ArrayBuffer> {
  const layers = parameterLayout(sizes);
  const last = layers.at(-1)!;
  const parameters = new Float32Array(last.biasOffset + last.outputs);
  layers.forEach(({ inputs, outputs, weightOffset, biasOffset }, layer) => {
    const random = new Random(seed, streams.initialization, layer);
    const deviation = Math.sqrt(weightVariance(initializer, inputs, outputs));
    for (let i = weightOffset; i < biasOffset; i++) parameters[i] = deviation * random.normal();
    if (initializer !== 'normal') return;
    for (let i = biasOffset; i < biasOffset + outputs; i++) parameters[i] = random.normal();
  });
  return parameters;
}
