import { paddedRows } from '../../../shaders/batch.ts';
import { hiddenDelta as hiddenDeltaKernel } from '../../../shaders/hiddenDelta.ts';
import type { Layer } from '../../../shaders/layer.ts';
import type { Tile } from '../../../shaders/matmul/matmul.ts';
import { vec4s } from '../../../shaders/wgsl.ts';
import type { Device } from '../../gpu/device.ts';
import { packLayer, packRows, unpackRows } from '../../gpu/layout.ts';
import { activationFunction } from '../../network/activations.ts';
import { hiddenDelta } from '../../reference/hiddenDelta.ts';
import { Arena } from './arena.ts';
import { sumBound } from './bounds.ts';
import { requirePaddingZero } from './forward.ts';
import { runKernel } from './kernelRunner.ts';
import { Samples, Worst, type DataKind } from './samples.ts';

export interface HiddenDeltaCase extends Pick<Layer, 'inputs' | 'outputs' | 'activation'> {
  readonly batchSize: number;
  readonly tile: Tile;
}

/**
 * Checks the hidden-delta kernel against its float64 twin.
 * @returns the largest error relative to its bound
 */
export async function checkHiddenDelta(
  device: Device,
  options: HiddenDeltaCase,
  kind: DataKind,
  seed: number,
): Promise<number> {
  const { inputs, outputs, activation, batchSize, tile } = options;
  const rows = paddedRows(batchSize);
  const samples = new Samples(seed, kind);
  const weights = samples.signed(inputs * outputs);
  const delta = samples.signed(rows * outputs);
  const bounded = activation === 'sigmoid' || activation === 'tanh';
  const source = bounded ? samples.activations(rows * inputs) : samples.signed(rows * inputs);
  // Far from 0, z³ overflows in a careless slope; at 0, slopes may jump.
  if (kind === 'random' && !bounded) {
    source.forEach((z, at) => (source[at] = [0, 1e20 * z][at % 7] ?? z));
  }
  const [deltas, activations, parameters] = [new Arena(), new Arena(), new Arena()];
  const nextDeltaAt = deltas.add(packRows(delta, rows, outputs));
  const deltaAt = deltas.add({ poisoned: rows * 4 * vec4s(inputs) });
  const slopeAt = activations.add(packRows(source, rows, inputs));
  const otherAt = activations.add({ poisoned: rows * 4 * vec4s(inputs) });
  const [outputAt, preactivationAt] =
    activationFunction(activation).slopeFrom === 'a' ? [slopeAt, otherAt] : [otherAt, slopeAt];
  const parametersAt = parameters.add(packLayer(weights, samples.signed(outputs), inputs, outputs));
  const kernel = hiddenDeltaKernel({
    before: { activation, outputAt, preactivationAt, deltaAt },
    layer: { inputs, outputs, deltaAt: nextDeltaAt, parametersAt },
    ...{ batchSize, tile },
  });
  const result = await runKernel(device, kernel, {
    parameters: parameters.contents,
    activations: activations.contents,
    deltas: deltas.contents,
  });
  const words = result.get('deltas')!;
  const found = unpackRows(deltas.part(words, deltaAt), rows, inputs);
  const truth = hiddenDelta({
    batchSize: rows,
    inputs,
    outputs,
    activation,
    delta,
    weights,
    source,
  });

  const {
    slope,
    bound: { slope: slopeBound },
  } = activationFunction(activation);
  const worst = new Worst();
  for (let n = 0; n < rows; n++) {
    for (let i = 0; i < inputs; i++) {
      let magnitude = 0;
      let backpropagated = 0;
      for (let j = 0; j < outputs; j++) {
        const product = weights[j * inputs + i]! * delta[n * outputs + j]!;
        magnitude += Math.abs(product);
        backpropagated += product;
      }
      const at = n * inputs + i;
      const f = slope(source[at]!);
      const bound =
        sumBound(outputs, magnitude) * Math.abs(f) +
        Math.abs(backpropagated) * slopeBound(source[at]!, 0) +
        sumBound(0, Math.abs(truth[at]!));
      worst.note(found[at]!, truth[at]!, kind === 'integers' ? 0 : bound);
    }
  }
  requirePaddingZero(deltas.part(words, deltaAt), rows, inputs, worst);
  deltas.noteUntouched(words, [deltaAt], worst);
  return worst.share;
}

/** Whether the slope at an integer is an integer, so that integers stay exact. */
export function hasIntegerSlope(activation: Layer['activation']): boolean {
  const { slopeFrom, slope } = activationFunction(activation);
  return slopeFrom === 'a' && [-2, -1, 0, 1, 2].every((a) => Number.isInteger(slope(a)));
}
