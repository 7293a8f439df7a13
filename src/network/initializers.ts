/** Random initial parameters. */
import { parameterLayout } from './parameters.ts';
import { Random, streams } from './random.ts';

/**
 * Initializers. All draw weights from a normal distribution with mean 0 and the variance below, for a layer with n
 * inputs and m outputs. Biases start at 0, except with `normal`.
 *
 * - `normal`: variance 1, for weights and biases. The lecture uses it.
 * - `lecun`: 1/n, which keeps the variance of the inputs. LeCun et al., "Efficient BackProp", 1998.
 * - `xavier`: 2/(n + m). Glorot and Bengio, 2010; meant for tanh and sigmoid.
 * - `he`: 2/n. He et al., 2015; meant for ReLU, which loses half of the variance.
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
 * Draws the parameters of a network, in the layout of `parameterLayout`.
 * @param sizes layer sizes, input first
 * @returns float32 values; the same arguments give the same bits on every platform
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
