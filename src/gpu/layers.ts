/** Places of each layer in the buffers of a step. All kernels share the same few buffers. */
import { paddedRows } from '../../shaders/batch.ts';
import type { Layer, StepLayers } from '../../shaders/layer.ts';
import { vec4s } from '../../shaders/wgsl.ts';
import { activationFunction } from '../network/activations.ts';
import { activationOf } from '../network/layers.ts';
import type { Network } from '../network/network.ts';
import { parameterRanges } from './layout.ts';

/**
 * One buffer holds the activations of all layers, [rows, outputs] each, and the pre-activations of layers whose slope
 * is computed from them. Another buffer holds the deltas. A kernel that works on several layers therefore needs only
 * one binding for each buffer.
 */
export function stepLayers(
  network: Pick<Network, 'layers' | 'activation' | 'output' | 'cost'>,
  batchSize: number,
): StepLayers {
  const { layers: sizes, activation, output, cost } = network;
  const parameters = parameterRanges({ layers: sizes });
  let inputAt: number | undefined;
  let activationVec4s = 0;
  let deltaVec4s = 0;
  const layers = sizes.slice(1).map((outputs, l): Layer => {
    const isLast = l === sizes.length - 2;
    const length = paddedRows(batchSize) * vec4s(outputs);
    const layer: Layer = {
      inputs: sizes[l]!,
      outputs,
      activation: isLast ? 'linear' : activationOf(activation, l),
      inputAt,
      outputAt: activationVec4s,
      preactivationAt: activationVec4s + length,
      deltaAt: deltaVec4s,
      parametersAt: parameters[l]!.offset,
    };
    inputAt = layer.outputAt;
    const keepsZ = activationFunction(layer.activation).slopeFrom === 'z';
    activationVec4s += keepsZ ? 2 * length : length;
    deltaVec4s += length;
    return layer;
  });
  return { layers, output, cost, activationVec4s, deltaVec4s };
}
