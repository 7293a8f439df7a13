import { update as updateKernel, type UpdateOptions } from '../../../shaders/update.ts';
import { quads } from '../../../shaders/wgsl.ts';
import type { Device } from '../../gpu/device.ts';
import { packRows, packWeights, unpackRows, unpackWeights } from '../../gpu/layout.ts';
import { update } from '../../reference/update.ts';
import { weightGradient } from '../../reference/weightGradient.ts';
import { sumBound, unit } from './bounds.ts';
import { counterDuring, drawStep, settingsOf } from './epoch.ts';
import { byteInput, floatInput } from './forward.ts';
import { floats, runKernel } from './kernelRunner.ts';
import { Samples, Worst, type DataKind } from './samples.ts';

/** A power of 2, so that integers stay exact. */
const learningRate = 0.25;
const momentum = 0.5;

/**
 * The update kernel, which is the weight gradient and the optimizer in one, against its float64 twins.
 * @param kind `integers` only with a batch size that is a power of 2, and activations as the source
 * @returns the worst error as a share of its bound
 */
export async function checkUpdate(
  device: Device,
  options: UpdateOptions,
  kind: DataKind,
  seed: number,
): Promise<number> {
  const { inputs, outputs, source, batchSize } = options;
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
    settings: settingsOf(epochStep, { learningRate, momentum }),
    delta: packRows(delta, batchSize, outputs),
    weights: packWeights(weights, inputs, outputs),
    biases: packRows(biases, 1, outputs),
    weightVelocity: packWeights(weightVelocity, inputs, outputs),
    biasVelocity: packRows(biasVelocity, 1, outputs),
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
    const optimizer = {
      kind: 'sgd',
      learningRate,
      momentum: options.momentum ? momentum : 0,
    } as const;
    const truth = Float64Array.from(before);
    const velocity = Float64Array.from(velocityBefore);
    update(truth, gradient, velocity, optimizer);
    truth.forEach((expected, i) => {
      const carried = options.momentum ? Math.abs(momentum * velocityBefore[i]!) : 0;
      const velocityBound = sumBound(size, magnitude[i]!) + 2 * unit * carried;
      const bound =
        learningRate * velocityBound +
        2 * unit * (learningRate * (magnitude[i]! + carried) + Math.abs(expected));
      worst.note(found[i]!, expected, kind === 'integers' ? 0 : bound);
      if (!foundVelocity) return;
      worst.note(foundVelocity[i]!, velocity[i]!, kind === 'integers' ? 0 : velocityBound);
    });
  };
  const matrix = (name: string) => {
    const words = result.get(name);
    return words && unpackWeights(floats(words), inputs, outputs);
  };
  const vector = (name: string) => {
    const words = result.get(name);
    return words && unpackRows(floats(words), 1, outputs);
  };
  compare(matrix('weights')!, matrix('weightVelocity'), weights, weightVelocity, dW, magnitudes.dW);
  compare(vector('biases')!, vector('biasVelocity'), biases, biasVelocity, db, magnitudes.db);
  requireWeightPaddingZero(floats(result.get('weights')!), inputs, outputs, worst);
  if (source === 'samples') worst.note(result.get('counter')![0]!, epochStep.step + 1, 0);
  return worst.share;
}

/** Padding that an update touched would leak into the next forward pass. */
function requireWeightPaddingZero(
  found: Float32Array,
  inputs: number,
  outputs: number,
  worst: Worst,
): void {
  const stride = 4 * quads(outputs);
  found.forEach((value, at) => {
    const isPadding = at % stride >= outputs || Math.floor(at / stride) >= inputs;
    if (isPadding) worst.note(value, 0, 0);
  });
}
