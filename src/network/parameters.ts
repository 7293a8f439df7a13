/**
 * The position of each weight and bias in the flat float32 array of a network's parameters.
 *
 * The order is PyTorch's: for each layer, the weight of `nn.Linear` as [out, in] row-major, then its bias as [out]. The
 * public API and saved files use this layout. Engines may use another one internally.
 */
import { ConfigurationError } from '../errors.ts';
import { requireArray, show } from './arguments.ts';

/** The position of one dense layer in the parameter array. Offsets and sizes are in float32 elements. */
export interface LayerParameters {
  readonly weightName: string;
  readonly biasName: string;
  readonly inputs: number;
  readonly outputs: number;
  readonly weightOffset: number;
  readonly biasOffset: number;
}

/** 2³⁰ float32 are 4 GiB: more than a WebGPU buffer holds, and less than an array of any JavaScript engine. */
const maxParameterCount = 2 ** 30;

/**
 * @returns a frozen copy
 * @throws {ConfigurationError} unless there are at least 2 sizes, all positive integers
 */
export function requireLayerSizes(sizes: readonly number[]): readonly number[] {
  requireArray('Layer sizes', sizes);
  const wrong = sizes.findIndex((size) => !Number.isInteger(size) || size < 1);
  if (sizes.length < 2 || wrong >= 0) {
    const fact =
      sizes.length < 2
        ? `got ${sizes.length}`
        : `size ${wrong + 1} of ${sizes.map(show).join(', ')} is ${show(sizes[wrong])}`;
    throw new ConfigurationError(
      `A network needs at least 2 layer sizes, all positive integers; ${fact}. ` +
        'Give the input size first, for example 784, 16, 16, 10.',
    );
  }
  const count = countOf(sizes);
  if (count > maxParameterCount) {
    throw new ConfigurationError(
      `A network ${sizes.join('-')} would have ${count} parameters; the maximum is ${maxParameterCount}. ` +
        'Use smaller layers.',
    );
  }
  return Object.freeze([...sizes]);
}

/**
 * The positions of all layers. Entry l connects `sizes[l]` to `sizes[l + 1]`.
 * @param sizes layer sizes, input first, for example [784, 16, 16, 10]
 * @throws {ConfigurationError} for invalid sizes
 */
export function parameterLayout(sizes: readonly number[]): readonly LayerParameters[] {
  requireLayerSizes(sizes);
  const layers: LayerParameters[] = [];
  let offset = 0;
  for (let l = 0; l + 1 < sizes.length; l++) {
    const inputs = sizes[l]!;
    const outputs = sizes[l + 1]!;
    const biasOffset = offset + inputs * outputs;
    layers.push({
      weightName: `layers.${l}.weight`,
      biasName: `layers.${l}.bias`,
      inputs,
      outputs,
      weightOffset: offset,
      biasOffset,
    });
    offset = biasOffset + outputs;
  }
  return layers;
}

/**
 * The number of weights and biases of a network with these layer sizes: 13,002 for [784, 16, 16, 10].
 * @throws {ConfigurationError} for invalid sizes
 */
export function countParameters(sizes: readonly number[]): number {
  requireLayerSizes(sizes);
  return countOf(sizes);
}

function countOf(sizes: readonly number[]): number {
  return sizes.slice(1).reduce((count, outputs, l) => count + (sizes[l]! + 1) * outputs, 0);
}

/** "Element [3, 17] of tensor 'layers.0.weight'" @param index of the element in the tensor, row-major */
export function describeElement(tensor: string, shape: readonly number[], index: number): string {
  const columns = shape[1];
  const place = columns ? `${Math.floor(index / columns)}, ${index % columns}` : `${index}`;
  return `Element [${place}] of tensor '${tensor}'`;
}

/** The index of the first value that is NaN or infinite; −1 if all are finite. */
export function findNonFinite(values: Float32Array | Float64Array): number {
  return values.findIndex((value) => !Number.isFinite(value));
}

/**
 * The first parameter that is NaN or infinite, in words: "Element [3, 17] of tensor 'layers.0.weight' is NaN".
 * Undefined if all are finite.
 * @param parameters of a network of these layer sizes
 */
export function describeNonFinite(
  sizes: readonly number[],
  parameters: Float32Array | Float64Array,
): string | undefined {
  const wrong = findNonFinite(parameters);
  if (wrong < 0) return undefined;
  const layer = parameterLayout(sizes).findLast(({ weightOffset }) => weightOffset <= wrong)!;
  const { weightName, biasName, inputs, outputs, weightOffset, biasOffset } = layer;
  const element =
    wrong < biasOffset
      ? describeElement(weightName, [outputs, inputs], wrong - weightOffset)
      : describeElement(biasName, [outputs], wrong - biasOffset);
  return `${element} is ${parameters[wrong]}`;
}
