/** Finds the dense layers of a file from the names and shapes of its tensors. */
import { ConfigurationError, FormatError } from '../../errors.ts';
import { parameterLayout, type LayerParameters } from '../../network/parameters.ts';
import type { Tensor } from '../safetensors.ts';
import { quote } from '../safetensors/json.ts';
import { describeShape } from '../safetensors/tensor.ts';

/** Offset of the header in a safetensors file, for errors about something that is missing. */
export const headerStart = 8;

/**
 * The layers that the tensors belong to. Checks names, dtypes and shapes, but not the elements.
 * @param bytes the file; the tensors are views of it
 * @throws {FormatError} unless the tensors are exactly those of one network
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
        `Tensor '${biasName}' has shape [${biases}], but '${weightName}' of shape [${outputs}, ${inputs}] needs biases of shape [${outputs}]. Save the file again.`,
        offsetOf(bytes, tensors.get(biasName)!),
      );
    }
    const before = sizes.at(-1) ?? inputs;
    if (before !== inputs) {
      throw new FormatError(
        `Tensor '${weightName}' has shape [${outputs}, ${inputs}] for ${inputs} inputs, but the previous layer has ${before} outputs. ` +
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
      `Tensor ${quote(extra)} does not belong to a network of ${sizes.length - 1} layers. The tensors must be layers.<i>.weight and ` +
        `layers.<i>.bias, i from 0 to ${sizes.length - 2}. Rename it, or omit it.`,
      offsetOf(bytes, tensors.get(extra)!),
    );
  }
  return parameterLayout(sizes);
}

/** The shape of the tensor with that name. It must be F32, have `rank` dimensions and not be empty. */
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
      `Tensor '${name}' must have dtype F32; got ${dtype}. Convert it, with tensor.float() in PyTorch.`,
      offsetOf(bytes, tensor),
    );
  }
  if (shape.length !== rank || shape.includes(0)) {
    const expected = rank === 2 ? '[outputs, inputs]' : '[outputs]';
    throw new FormatError(
      `Tensor '${name}' must have shape ${expected}, each at least 1; got ${describeShape(shape)}. Save a network of dense layers.`,
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
 * Checks that the file has the layers that the caller wants.
 * @throws {ConfigurationError} when it has not; the message has both networks and the first shapes that differ
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
      : ''; // one network only has more layers than the other
  throw new ConfigurationError(
    `The file holds a network ${found.join('-')}, but the call asks for ${wanted.join('-')}${shapes}. ` +
      `Ask for layers ${found.join(',')}, or load another file.`,
  );
}

/** Offset of the tensor's data in the file. The data is a view of the file's bytes. */
export function offsetOf(bytes: Uint8Array, tensor: Tensor): number {
  return tensor.data.byteOffset - bytes.byteOffset;
}
