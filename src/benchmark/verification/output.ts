import { paddedRows } from '../../../shaders/batch.ts';
import {
  outputDelta as outputDeltaKernel,
  type OutputDeltaOptions,
} from '../../../shaders/outputDelta.ts';
import { score as scoreKernel } from '../../../shaders/score.ts';
import { vec4s } from '../../../shaders/wgsl.ts';
import type { Device } from '../../gpu/device.ts';
import { packRows, unpackRows } from '../../gpu/layout.ts';
import { outputDelta, type OutputDelta } from '../../reference/outputDelta.ts';
import { Arena } from './arena.ts';
import { outputBounds, unit, type OutputBounds } from './bounds.ts';
import { counterDuring, drawStep, sampleInRow, settingsOf } from './epoch.ts';
import { requirePaddingZero } from './forward.ts';
import { floats, runKernel } from './kernelRunner.ts';
import { Samples, Worst, type DataKind } from './samples.ts';

/** Distributions of a sample's pre-activations; `peak` is added to one of them. */
const farPlaces = [
  { middle: 0, spread: 3, peak: 0 },
  // Without the largest subtracted, the exponential of the peak overflows.
  { middle: 0, spread: 3, peak: 300 },
  { middle: -200, spread: 3, peak: 0 },
  { middle: -1000, spread: 200, peak: 0 },
  { middle: 1000, spread: 200, peak: 0 },
];
const nearPlaces = [
  { middle: 0, spread: 1, peak: 0 },
  { middle: -10, spread: 1, peak: 0 },
];

export type OutputCase = Omit<OutputDeltaOptions, 'layer'> & { readonly outputs: number };

/** A mini-batch of pre-activations and labels with its truth and its bounds. */
function drawBatch(options: OutputCase, kind: DataKind, seed: number) {
  const { outputs, output, cost, batchSize } = options;
  const rows = paddedRows(batchSize);
  const samples = new Samples(seed, kind);
  const epochStep = drawStep(batchSize, samples, kind);
  const { size, sampleCount, order } = epochStep;
  const labels = samples.integers(sampleCount, outputs);
  // Far from 0, exponentials overflow or vanish in a careless kernel, and wrongly read padding has an effect.
  const places = kind === 'random' ? farPlaces : nearPlaces;
  const placeOf = Array.from({ length: rows }, () => samples.pick(places));
  const z = samples.signed(rows * outputs).map((value, at) => {
    const n = Math.floor(at / outputs);
    const { middle, spread, peak } = placeOf[n]!;
    // The peak is another output in each row.
    return middle + spread * value + (at % outputs === n % outputs ? peak : 0);
  });
  const labelOf = Uint32Array.from(
    { length: size },
    (_, n) => labels[sampleInRow(epochStep, batchSize, n)]!,
  );
  const truth: OutputDelta = outputDelta({
    batchSize: size,
    outputs,
    output,
    cost,
    z: z.subarray(0, size * outputs),
    labels: labelOf,
  });
  const activations = new Arena();
  const activationsAt = activations.add(packRows(z, rows, outputs));
  const exact = new Array<number>(outputs).fill(0);
  const row = (values: ArrayLike<number>, n: number) =>
    Array.from({ length: outputs }, (_, j) => values[n * outputs + j]!);
  const bounds: OutputBounds[] = Array.from({ length: size }, (_, n) =>
    outputBounds(output, cost, row(z, n), row(truth.a, n), labelOf[n]!, exact),
  );
  return {
    epochStep,
    labelOf,
    truth,
    bounds,
    activationsAt,
    contents: {
      activations: activations.contents,
      labels,
      order,
      counter: counterDuring(epochStep),
      settings: settingsOf(epochStep),
    },
  };
}

/**
 * Checks the output-delta kernel against its float64 twin: deltas, and the sums of costs and hits.
 * @returns the largest error relative to its bound
 */
export async function checkOutputDelta(
  device: Device,
  options: OutputCase,
  kind: DataKind,
  seed: number,
): Promise<number> {
  const { outputs, batchSize } = options;
  const rows = paddedRows(batchSize);
  const { epochStep, labelOf, truth, bounds, activationsAt, contents } = drawBatch(
    options,
    kind,
    seed,
  );
  const { size } = epochStep;
  const metrics = new Float32Array(2 * rows).fill(1);
  new Uint32Array(metrics.buffer).forEach((_, i, words) => {
    if (i % 2 === 1) words[i] = 7;
  });
  const deltas = new Arena();
  const deltaAt = deltas.add({ poisoned: rows * 4 * vec4s(outputs) });
  const layer = { outputs, outputAt: activationsAt, deltaAt };
  const result = await runKernel(device, outputDeltaKernel({ ...options, layer }), {
    ...contents,
    deltas: deltas.contents,
    metrics,
  });
  const deltaWords = result.get('deltas')!;
  const delta = unpackRows(deltas.part(deltaWords, deltaAt), rows, outputs);
  const words = result.get('metrics')!;
  const worst = new Worst();
  for (let n = 0; n < rows; n++) {
    // Rows past the end of a short batch must not count.
    const real = n < size;
    for (let j = 0; j < outputs; j++) {
      const at = n * outputs + j;
      const bound = real && kind === 'random' ? bounds[n]!.delta[j]! : 0;
      worst.note(delta[at]!, real ? truth.delta[at]! : 0, bound);
    }
    const cost = 1 + (real ? truth.costs[n]! : 0);
    const hit = real && truth.predictions[n] === labelOf[n] ? 1 : 0;
    const costBound = real && kind === 'random' ? bounds[n]!.cost + unit * cost : 0;
    worst.note(floats(words)[2 * n]!, cost, costBound);
    worst.note(words[2 * n + 1]!, 7 + hit, 0);
  }
  requirePaddingZero(deltas.part(deltaWords, deltaAt), rows, outputs, worst);
  deltas.noteUntouched(deltaWords, [deltaAt], worst);
  return worst.share;
}

/**
 * Checks the score kernel against its float64 twin: outputs, and the sums of costs and of the confusion matrix.
 * @returns the largest error relative to its bound
 */
export async function checkScore(
  device: Device,
  options: OutputCase,
  kind: DataKind,
  seed: number,
): Promise<number> {
  const { outputs, batchSize } = options;
  const rows = paddedRows(batchSize);
  const { epochStep, labelOf, truth, bounds, activationsAt, contents } = drawBatch(
    options,
    kind,
    seed,
  );
  const { size } = epochStep;
  const layer = { outputs, outputAt: activationsAt, deltaAt: 0 };
  const result = await runKernel(device, scoreKernel({ ...options, layer }), {
    ...contents,
    outputs: { poisoned: rows * 4 * vec4s(outputs) },
    costs: new Float32Array(rows).fill(1),
    confusion: new Uint32Array(outputs * outputs).fill(7),
  });
  const worst = new Worst();
  requirePaddingZero(floats(result.get('outputs')!), size, outputs, worst);
  const a = unpackRows(floats(result.get('outputs')!), size, outputs);
  const costs = floats(result.get('costs')!);
  const confusion = new Uint32Array(outputs * outputs).fill(7);
  for (let n = 0; n < rows; n++) {
    if (n >= size) {
      worst.note(costs[n]!, 1, 0);
      continue;
    }
    confusion[labelOf[n]! * outputs + truth.predictions[n]!]!++;
    for (let j = 0; j < outputs; j++) {
      const bound = kind === 'random' ? bounds[n]!.a[j]! : 0;
      worst.note(a[n * outputs + j]!, truth.a[n * outputs + j]!, bound);
    }
    const cost = 1 + truth.costs[n]!;
    worst.note(costs[n]!, cost, kind === 'random' ? bounds[n]!.cost + unit * cost : 0);
  }
  confusion.forEach((count, i) => worst.note(result.get('confusion')![i]!, count, 0));
  // The last kernel of the step advances the counter.
  worst.note(result.get('counter')![0]!, epochStep.step + 1, 0);
  return worst.share;
}
