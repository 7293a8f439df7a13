import { momentCount } from '../../../shaders/optimizer.ts';
import { update as updateKernel, type UpdateOptions } from '../../../shaders/update.ts';
import { quads } from '../../../shaders/wgsl.ts';
import type { Sgd } from '../../training/optimizers.ts';
import type { Device } from '../../gpu/device.ts';
import { packLayer, packRows, unpackLayer } from '../../gpu/layout.ts';
import { ratesOf } from '../../gpu/rates.ts';
import { update } from '../../reference/update.ts';
import { weightGradient } from '../../reference/weightGradient.ts';
import { sumBound, unit } from './bounds.ts';
import { counterDuring, drawStep, ratesDuring, settingsOf } from './epoch.ts';
import { byteInput, floatInput } from './forward.ts';
import { floats, runKernel } from './kernelRunner.ts';
import { Samples, Worst, type DataKind } from './samples.ts';

/**
 * The update kernel, which is the weight gradient and the optimizer in one, against its float64 twins.
 * @param kind `integers` only with a batch size, a learning rate and a momentum that are powers of 2, and
 *   activations as the source
 * @returns the worst error as a share of its bound
 */
export async function checkUpdate(
  device: Device,
  options: UpdateOptions & { readonly optimizer: Sgd },
  kind: DataKind,
  seed: number,
): Promise<number> {
  const { inputs, outputs, source, batchSize, optimizer } = options;
  const { learningRate, momentum } = optimizer;
  const samples = new Samples(seed, kind);
  const epochStep = drawStep(batchSize, samples, kind);
  const { size } = epochStep;
  const shape = { inputs, batchSize, rows: batchSize };
  const input =
    source === 'samples'
      ? byteInput(shape, epochStep, samples)
      : floatInput(shape, batchSize, samples);
  // As `outputDelta` leaves it: 0 past the end of a short batch.
  const delta = new Float32Array(batchSize * outputs);
  delta.set(samples.signed(size * outputs));
  const weights = samples.signed(inputs * outputs);
  const biases = samples.signed(outputs);
  const weightVelocity = samples.signed(inputs * outputs);
  const biasVelocity = samples.signed(outputs);

  const result = await runKernel(device, updateKernel(options), {
    ...input.contents,
    counter: counterDuring(epochStep),
    settings: settingsOf(epochStep),
    rates: ratesDuring(epochStep, ratesOf(optimizer)(0, 1)),
    delta: packRows(delta, batchSize, outputs),
    parameters: packLayer(weights, biases, inputs, outputs),
    moments: packLayer(weightVelocity, biasVelocity, inputs, outputs),
  });

  const { dW, db } = weightGradient({ batchSize: size, inputs, outputs, a: input.a, delta });
  const magnitudes = weightGradient({
    batchSize: size,
    inputs,
    outputs,
    a: Float64Array.from(input.a, Math.abs),
    delta: delta.map(Math.abs),
  });
  const worst = new Worst();
  const compare = (
    found: Float32Array,
    foundVelocity: Float32Array | undefined,
    before: Float32Array,
    velocityBefore: Float32Array,
    gradient: Float64Array,
    magnitude: Float64Array,
  ) => {
    const truth = Float64Array.from(before);
    const velocity = Float64Array.from(velocityBefore);
    update(truth, gradient, velocity, optimizer);
    truth.forEach((expected, i) => {
      const carried = Math.abs(momentum * velocityBefore[i]!);
      const velocityBound = sumBound(size, magnitude[i]!) + 2 * unit * carried;
      const bound =
        learningRate * velocityBound +
        2 * unit * (learningRate * (magnitude[i]! + carried) + Math.abs(expected));
      worst.note(found[i]!, expected, kind === 'integers' ? 0 : bound);
      if (!foundVelocity) return;
      worst.note(foundVelocity[i]!, velocity[i]!, kind === 'integers' ? 0 : velocityBound);
    });
  };
  const parameters = floats(result.get('parameters')!);
  const found = unpackLayer(parameters, inputs, outputs);
  const velocity =
    momentCount(optimizer) > 0
      ? unpackLayer(floats(result.get('moments')!), inputs, outputs)
      : undefined;
  compare(found.weights, velocity?.weights, weights, weightVelocity, dW, magnitudes.dW);
  compare(found.biases, velocity?.biases, biases, biasVelocity, db, magnitudes.db);
  requireLayerPaddingZero(parameters, inputs, outputs, worst);
  if (source === 'samples') worst.note(result.get('counter')![0]!, epochStep.step + 1, 0);
  return worst.share;
}

/** Padding that an update touched would leak into the next forward pass. */
function requireLayerPaddingZero(
  found: Float32Array,
  inputs: number,
  outputs: number,
  worst: Worst,
): void {
  const stride = 4 * quads(outputs);
  const biasRow = 4 * quads(inputs);
  found.forEach((value, at) => {
    const row = Math.floor(at / stride);
    const isPadding = at % stride >= outputs || (row >= inputs && row < biasRow);
    if (isPadding) worst.note(value, 0, 0);
  });
}
