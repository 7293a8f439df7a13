/**
 * Saves and loads networks as safetensors. The names, shapes and layout are those of PyTorch's `nn.Linear`,
 * so `load_state_dict` takes the tensors unchanged. Everything else about the network is in the metadata.
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
 * Saves a network as a safetensors file. The same network gives the same bytes.
 * @throws {NonFiniteError} when a weight or bias is NaN or infinite
 */
export function saveParameters(network: Network): Uint8Array<ArrayBuffer> {
  requireInstance('The network to save', network, Network);
  // The parameters were finite when the network was created, but any code may have written to the array since.
  const wrong = describeNonFinite(network.layers, network.parameters);
  if (wrong !== undefined) {
    throw new NonFiniteError(
      `${wrong}, so nothing was saved. Train again with a smaller learning rate.`,
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
 * Loads the network of a safetensors file that {@link saveParameters}, PyTorch or `Trainer.checkpoint` wrote. It does not
 * check a checkpoint's checksum, and reads float32 only.
 *
 * The layer sizes come from the tensors. Activation, output and cost come from the file's metadata. A file of
 * PyTorch has no such metadata, so `options` must give them. Loading does not use the initializer and the seed, but the
 * network keeps them.
 *
 * @param options options of the network. Layers, activation and output must agree with the file's, because the
 *   parameters make sense with these only. Cost, initializer and seed replace the file's
 * @throws {FormatError} for a file that is damaged, or holds anything but the float32 parameters of one network
 * @throws {ConfigurationError} for options that contradict the file, or omit what it does not say
 */
export function loadParameters(
  bytes: Uint8Array,
  options: Partial<PlainNetworkOptions> = {},
): Network {
  requireBytes('The bytes of a safetensors file', bytes);
  requireOptions('loadParameters', options, networkOptionNames);
  const { tensors: all, metadata } = readSafetensors(bytes);
  // A checkpoint has more than a network.
  const tensors = metadata.has(checkpointKey)
    ? new Map([...all].filter(([name]) => name.startsWith('layers.')))
    : all;
  const places = findLayers(bytes, tensors);
  if (options.layers !== undefined) requireLayers(places, requireLayerSizes(options.layers));
  const network = settleOptions(layerSizes(places), metadata, options);
  return new Network(network, readParameters(bytes, tensors, places));
}

/** The metadata that a trainer's checkpoint has, and a network's file has not. */
export const checkpointKey = 'checkpoint.format';

/** The two tensors of a layer and their positions in a network's parameter array. */
export function tensorsOf(layer: LayerParameters) {
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
    for (const { name, shape, offset, length } of tensorsOf(place)) {
      const tensor = tensors.get(name)!;
      const values = float32Values(tensor.data, parameters.subarray(offset, offset + length));
      const wrong = findNonFinite(values);
      if (wrong >= 0) {
        throw new FormatError(
          `${describeElement(name, shape, wrong)} is ${values[wrong]!}, but parameters must be finite. Load a file from before the training diverged.`,
          offsetOf(bytes, tensor) + 4 * wrong,
        );
      }
    }
  }
  return parameters;
}
