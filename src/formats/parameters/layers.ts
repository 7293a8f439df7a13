/** Which dense layers the tensors of a file are of, found from their names and shapes alone. */
import { ConfigurationError, FormatError } from '../../errors.ts';
import { parameterLayout, type LayerParameters } from '../../network/parameters.ts';
import type { Tensor } from '../safetensors.ts';
import { quote } from '../safetensors/json.ts';
import { describeShape } from '../safetensors/tensor.ts';

/** Where the header of a safetensors file begins: the offset of errors about what is missing from it. */
export const headerStart = 8;

/**
 * The layers that the tensors are of. Names, dtypes and shapes are checked, the elements not yet.
 * @param bytes the file, of which the tensors are views
 * @throws {FormatError} unless the tensors are those of one network, no more and no less
 */
export function findLayers(
  bytes: Uint8Array,
  tensors: ReadonlyMap<string, Tensor>,
): readonly LayerParameters[] {
  const sizes: number[] = [];
  const known = new Set<string>();
  for (let l = 0; l === 0 || tensors.size > known.size; l++) {
    const weightName = `layers.${l}.weight`;
    const biasName = `layers.${l}.bias`;
    if (l > 0 && !tensors.has(weightName) && !tensors.has(biasName)) break;
    const [outputs, inputs] = requireTensor(bytes, tensors, weightName, 2) as [number, number];
    const [biases] = requireTensor(bytes, tensors, biasName, 1) as [number];
    known.add(weightName).add(biasName);
    if (biases !== outputs) {
      throw new FormatError(
        `Tensor '${biasName}' has shape [${biases}], and '${weightName}' has shape [${outputs}, ${inputs}], which needs [${outputs}] biases. Save the file again.`,
        offsetOf(bytes, tensors.get(biasName)!),
      );
    }
    const before = sizes.at(-1) ?? inputs;
    if (before !== inputs) {
      throw new FormatError(
        `Tensor '${weightName}' has shape [${outputs}, ${inputs}] for ${inputs} inputs, and the layer before has ${before} outputs. ` +
          'Save the layers of one network, in order.',
        offsetOf(bytes, tensors.get(weightName)!),
      );
    }
    if (l === 0) sizes.push(inputs);
    sizes.push(outputs);
  }
  const extra = [...tensors.keys()].find((name) => !known.has(name));
  if (extra !== undefined) {
    throw new FormatError(
      `Tensor ${quote(extra)} is none of a network of ${sizes.length - 1} layers: they are layers.<i>.weight and ` +
        `layers.<i>.bias, i from 0 to ${sizes.length - 2}. Rename it, or leave it out.`,
      offsetOf(bytes, tensors.get(extra)!),
    );
  }
  return parameterLayout(sizes);
}

/** The shape of the tensor of that name, which must be F32, have `rank` dimensions and not be empty. */
function requireTensor(
  bytes: Uint8Array,
  tensors: ReadonlyMap<string, Tensor>,
  name: string,
  rank: number,
): readonly number[] {
  const tensor = tensors.get(name);
  if (!tensor) {
    const names = [...tensors.keys()].slice(0, 4).map(quote).join(', ');
    throw new FormatError(
      `There is no tensor '${name}' among the ${tensors.size} tensors of the file${names && ` (${names}${tensors.size > 4 ? ', …' : ''})`}. ` +
        'Name tensors layers.<i>.weight and layers.<i>.bias, i from 0, as saveParameters does.',
      headerStart,
    );
  }
  const { dtype, shape } = tensor;
  if (dtype !== 'F32') {
    throw new FormatError(
      `Tensor '${name}' has dtype ${dtype}, and parameters are F32. Convert it: tensor.float() in PyTorch.`,
      offsetOf(bytes, tensor),
    );
  }
  if (shape.length !== rank || shape.includes(0)) {
    const expected = rank === 2 ? '[outputs, inputs]' : '[outputs]';
    throw new FormatError(
      `Tensor '${name}' has shape ${describeShape(shape)}, and should have ${expected}, each at least 1. Save a network of dense layers.`,
      offsetOf(bytes, tensor),
    );
  }
  return shape;
}

/** [784, 16, 10] for layers of 784 to 16 and 16 to 10. */
export function layerSizes(places: readonly LayerParameters[]): readonly number[] {
  return [places[0]!.inputs, ...places.map(({ outputs }) => outputs)];
}

/**
 * Makes sure that the file's layers are the ones the caller wants.
 * @throws {ConfigurationError} with both networks, and the shapes of the first tensor that differs
 */
export function requireLayers(places: readonly LayerParameters[], wanted: readonly number[]): void {
  const found = layerSizes(places);
  if (found.join() === wanted.join()) return;
  const expected = parameterLayout(wanted);
  const l = places.findIndex(
    ({ inputs, outputs }, i) => expected[i]?.inputs !== inputs || expected[i].outputs !== outputs,
  );
  const place = places[l];
  const other = expected[l];
  const shapes =
    place && other
      ? `: '${place.weightName}' has shape [${place.outputs}, ${place.inputs}] rather than [${other.outputs}, ${other.inputs}]`
      : ''; // one network has more layers than the other, and those both have agree
  throw new ConfigurationError(
    `The file holds a network ${found.join('-')}, and ${wanted.join('-')} was asked for${shapes}. ` +
      `Ask for layers ${found.join(',')}, or load another file.`,
  );
}

/** Where in the file the tensor's data begins: it is a view of the file's bytes. */
export function offsetOf(bytes: Uint8Array, tensor: Tensor): number {
  return tensor.data.byteOffset - bytes.byteOffset;
}
