/**
 * A network in and out of safetensors: names, shapes and layout of PyTorch's `nn.Linear`, so that
 * `load_state_dict` takes the file as it is; what PyTorch does not need to know stands in the metadata.
 */
import { FormatError, NonFiniteError } from '../errors.ts';
import { requireBytes, requireInstance, requireOptions } from '../network/arguments.ts';
import { Network, networkOptionNames, type PlainNetworkOptions } from '../network/network.ts';
import {
  describeElement,
  describeNonFinite,
  findNonFinite,
  parameterLayout,
  requireLayerSizes,
  type LayerParameters,
} from '../network/parameters.ts';
import { findLayers, layerSizes, offsetOf, requireLayers } from './parameters/layers.ts';
import { describeNetwork, settleOptions } from './parameters/metadata.ts';
import {
  float32Tensor,
  float32Values,
  readSafetensors,
  writeSafetensors,
  type Tensor,
} from './safetensors.ts';

/**
 * The network as a safetensors file; the same network gives the same bytes.
 * @throws {NonFiniteError} when a weight or bias is NaN or infinite
 */
export function saveParameters(network: Network): Uint8Array<ArrayBuffer> {
  requireInstance('The network to save', network, Network);
  // The network was finite when it was made, but its parameters are an array that anybody may have written to.
  const wrong = describeNonFinite(network.layers, network.parameters);
  if (wrong !== undefined) {
    throw new NonFiniteError(
      `${wrong}, and nothing was saved. Train again with a smaller learning rate.`,
    );
  }
  const tensors = new Map<string, Tensor>();
  for (const place of parameterLayout(network.layers)) {
    for (const { name, shape, offset, length } of tensorsOf(place)) {
      const values = network.parameters.subarray(offset, offset + length);
      tensors.set(name, float32Tensor(shape, values));
    }
  }
  return writeSafetensors(tensors, describeNetwork(network));
}

/**
 * The network of a safetensors file, one of {@link saveParameters} or of PyTorch.
 *
 * Layer sizes are those of the tensors. Activation, output and cost are what the file's metadata says; a
 * file of PyTorch says nothing, and then `options` must. The initializer and the seed are only remembered.
 *
 * @param options what the network should be. Layers, activation and output must be the file's, since other
 *   ones would make the parameters mean something else; cost, initializer and seed take the place of the file's
 * @throws {FormatError} for a file that is damaged, or holds anything but the float32 parameters of one network
 * @throws {ConfigurationError} for options that contradict the file, or leave out what it does not say
 */
export function loadParameters(
  bytes: Uint8Array,
  options: Partial<PlainNetworkOptions> = {},
): Network {
  requireBytes('The bytes of a safetensors file', bytes);
  requireOptions('loadParameters', options, networkOptionNames);
  const { tensors, metadata } = readSafetensors(bytes);
  const places = findLayers(bytes, tensors);
  if (options.layers !== undefined) requireLayers(places, requireLayerSizes(options.layers));
  const network = settleOptions(layerSizes(places), metadata, options);
  return new Network(network, readParameters(bytes, tensors, places));
}

/** The two tensors of a layer, and where in a network's parameter array they stand. */
function tensorsOf(layer: LayerParameters) {
  const { weightName, biasName, inputs, outputs, weightOffset, biasOffset } = layer;
  return [
    {
      name: weightName,
      shape: [outputs, inputs],
      offset: weightOffset,
      length: inputs * outputs,
    },
    { name: biasName, shape: [outputs], offset: biasOffset, length: outputs },
  ] as const;
}

function readParameters(
  bytes: Uint8Array,
  tensors: ReadonlyMap<string, Tensor>,
  places: readonly LayerParameters[],
): Float32Array<ArrayBuffer> {
  const last = places.at(-1)!;
  const parameters = new Float32Array(last.biasOffset + last.outputs);
  for (const place of places) {
    for (const { name, shape, offset } of tensorsOf(place)) {
      const tensor = tensors.get(name)!;
      const values = float32Values(tensor.data);
      const wrong = findNonFinite(values);
      if (wrong >= 0) {
        throw new FormatError(
          `${describeElement(name, shape, wrong)} is ${values[wrong]!}, and parameters are finite. Load a file from before the training went wrong.`,
          offsetOf(bytes, tensor) + 4 * wrong,
        );
      }
      parameters.set(values, offset);
    }
  }
  return parameters;
}
