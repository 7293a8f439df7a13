import {
  hiddenDelta as hiddenDeltaKernel,
  type HiddenDeltaOptions,
} from '../../../shaders/hiddenDelta.ts';
import { quads } from '../../../shaders/wgsl.ts';
import type { Device } from '../../gpu/device.ts';
import { packLayer, packRows, unpackRows } from '../../gpu/layout.ts';
import { slopeSource } from '../../network/functions.ts';
import { slope } from '../../reference/functions.ts';
import { hiddenDelta } from '../../reference/hiddenDelta.ts';
import { slopeBound, sumBound } from './bounds.ts';
import { requirePaddingZero } from './forward.ts';
import { floats, runKernel } from './kernelRunner.ts';
import { Samples, Worst, type DataKind } from './samples.ts';

/**
 * The hidden-delta kernel against its float64 twin.
 * @returns the worst error as a share of its bound
 */
export async function checkHiddenDelta(
  device: Device,
  options: HiddenDeltaOptions,
  kind: DataKind,
  seed: number,
): Promise<number> {
  const { inputs, outputs, activation, rows } = options;
  const samples = new Samples(seed, kind);
  const weights = samples.signed(inputs * outputs);
  const delta = samples.signed(rows * outputs);
  const bounded = activation === 'sigmoid' || activation === 'tanh';
  const source = bounded ? samples.activations(rows * inputs) : samples.signed(rows * inputs);
  const result = await runKernel(device, hiddenDeltaKernel(options), {
    nextDelta: packRows(delta, rows, outputs),
    parameters: packLayer(weights, samples.signed(outputs), inputs, outputs),
    source: packRows(source, rows, inputs),
    delta: { poisoned: rows * 4 * quads(inputs) },
  });
  const found = unpackRows(floats(result.get('delta')!), rows, inputs);
  const truth = hiddenDelta({
    batchSize: rows,
    inputs,
    outputs,
    activation,
    delta,
    weights,
    source,
  });

  const worst = new Worst();
  for (let n = 0; n < rows; n++) {
    for (let i = 0; i < inputs; i++) {
      let magnitude = 0;
      let wishes = 0;
      for (let j = 0; j < outputs; j++) {
        const product = weights[j * inputs + i]! * delta[n * outputs + j]!;
        magnitude += Math.abs(product);
        wishes += product;
      }
      const at = n * inputs + i;
      const f = slope(activation, source[at]!);
      const bound =
        sumBound(outputs, magnitude) * Math.abs(f) +
        Math.abs(wishes) * slopeBound(activation, source[at]!, 0) +
        sumBound(0, Math.abs(truth[at]!));
      worst.note(found[at]!, truth[at]!, kind === 'integers' ? 0 : bound);
    }
  }
  requirePaddingZero(floats(result.get('delta')!), rows, inputs, worst);
  return worst.share;
}

/** Activations whose slope of an integer is an integer, so that integers stay exact. */
export function hasIntegerSlope(activation: HiddenDeltaOptions['activation']): boolean {
  return slopeSource(activation) === 'a' && activation !== 'leaky-relu';
}
