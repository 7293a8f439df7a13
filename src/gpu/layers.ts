/** Offsets of each layer in the buffers of a step. All kernels share the same few buffers. */
import type { StepLayers } from '../../shaders/stepLayers.ts';
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
  { layers, activation, output, cost }: Pick<Network, 'layers' | 'activation' | 'output' | 'cost'>,
  rows: number,
): StepLayers {
  const last = layers.length - 2;
  const parameters = parameterRanges({ layers });
  const slopeFromZ = (l: number) =>
    activationFunction(activationOf(activation, l)).slopeFrom === 'z';
  let activationVec4s = 0;
  let deltaVec4s = 0;
  const places = layers.slice(1).map((outputs, l) => {
    const length = rows * vec4s(outputs);
    const place = {
      inputs: layers[l]!,
      outputs,
      parametersAt: parameters[l]!.offset,
      outputAt: activationVec4s,
      preactivationAt: activationVec4s + length,
      deltaAt: deltaVec4s,
    };
    activationVec4s += l < last && slopeFromZ(l) ? 2 * length : length;
    deltaVec4s += length;
    return place;
  });
  const inputAt = (l: number) => (l === 0 ? undefined : places[l - 1]!.outputAt);
  return {
    forward: places.map(({ inputs, outputs, parametersAt, outputAt, preactivationAt }, l) => ({
      inputs,
      outputs,
      activation: l === last ? 'linear' : activationOf(activation, l),
      inputAt: inputAt(l),
      outputAt,
      preactivationAt,
      parametersAt,
    })),
    output: {
      outputs: layers.at(-1)!,
      output,
      cost,
      activationsAt: places[last]!.outputAt,
      deltaAt: places[last]!.deltaAt,
    },
    hiddenDelta: places.slice(1).map((after, l) => {
      const place = places[l]!;
      return {
        inputs: after.inputs,
        outputs: after.outputs,
        activation: activationOf(activation, l),
        nextDeltaAt: after.deltaAt,
        deltaAt: place.deltaAt,
        slopeAt: slopeFromZ(l) ? place.preactivationAt : place.outputAt,
        parametersAt: after.parametersAt,
      };
    }),
    update: places.map(({ inputs, outputs, parametersAt, deltaAt }, l) => ({
      layer: l,
      inputs,
      outputs,
      inputAt: inputAt(l),
      deltaAt,
      parametersAt,
    })),
    activationVec4s,
    deltaVec4s,
  };
}
