/** Checks the three kernels of gradient clipping against their float64 twins. */
import {
  applyGradients,
  clipScale as clipScaleKernel,
  sumSquares,
  type SumSquaresOptions,
} from '../../../shaders/clip.ts';
import { vec4s } from '../../../shaders/wgsl.ts';
import type { Device } from '../../gpu/device.ts';
import { packLayer } from '../../gpu/layout.ts';
import { optimizerScalarsOf, updateRuleOf } from '../../gpu/optimizerScalars.ts';
import { clipScale, gradientNorm } from '../../reference/clip.ts';
import type { Optimizer } from '../../engine/optimizers.ts';
import { sumBound, unit } from './bounds.ts';
import { counterDuring, drawStep, scalarsDuring, settingsOf } from './epoch.ts';
import { floats, runKernel } from './kernelRunner.ts';
import { Samples, Worst, type DataKind } from './samples.ts';
import { drawState, noteFlags } from './update.ts';

export async function checkSumSquares(
  device: Device,
  options: SumSquaresOptions,
  kind: DataKind,
  seed: number,
): Promise<number> {
  const { length, sums } = options;
  const gradients = new Samples(seed, kind).signed(4 * length);
  const result = await runKernel(device, sumSquares(options), {
    gradients,
    squares: { poisoned: sums },
  });
  const truth = new Float64Array(sums);
  gradients.forEach((value, i) => (truth[Math.floor(i / 4) % sums]! += value ** 2));
  const worst = new Worst();
  floats(result.get('squares')!).forEach((found, i) => {
    const terms = 4 * Math.ceil(length / sums);
    worst.note(found, truth[i]!, kind === 'integers' ? 0 : sumBound(terms, truth[i]!));
  });
  return worst.share;
}

export interface ClipScaleCase {
  readonly sums: number;
  /** Relative to the norm; above 1, the gradient must stay unchanged. */
  readonly clipAt: number;
}

export async function checkClipScale(
  device: Device,
  { sums, clipAt }: ClipScaleCase,
  seed: number,
): Promise<number> {
  const gradient = new Samples(seed, 'random').signed(sums);
  const norm = gradientNorm(gradient);
  const clipNorm = Math.fround(clipAt * norm);
  const result = await runKernel(device, clipScaleKernel({ sums, clipNorm }), {
    squares: gradient.map((value) => value ** 2),
    scale: { poisoned: 1 },
  });
  const worst = new Worst();
  const truth = clipScale(norm, clipNorm);
  const found = floats(result.get('scale')!)[0]!;
  // Half the relative error of the sum, plus a root (4.5 ULP), a quotient (2.5 ULP) and a few roundings.
  const bound = truth * (sumBound(sums, 1) / 2 + 20 * unit);
  worst.note(found, truth, truth === 1 ? 0 : bound);
  return worst.share;
}

export interface ApplyGradientsCase {
  readonly inputs: number;
  readonly outputs: number;
  readonly optimizer: Optimizer;
  readonly workgroupSize: number;
  /**
   * An infinite gradient of the second layer, or the scale of an infinite norm: the check is then that the second layer, or
   * all layers, are flagged.
   */
  readonly notFinite?: 'gradient' | 'scale';
}

export async function checkApplyGradients(
  device: Device,
  { inputs, outputs, optimizer, workgroupSize, notFinite }: ApplyGradientsCase,
  kind: DataKind,
  seed: number,
): Promise<number> {
  const samples = new Samples(seed, kind);
  const epochStep = drawStep(32, samples, kind);
  const made = samples.pick([0, 1, 10, 2000]);
  const state = drawState(optimizer, inputs, outputs, samples);
  const gradient = samples.signed(inputs * outputs + outputs);
  if (notFinite === 'gradient') gradient[inputs * outputs] = Infinity;
  const drawn = kind === 'integers' ? 0.5 : samples.pick([1, 0.3, 1e-3]);
  const scale = notFinite === 'scale' ? 0 : drawn;
  const weights = 4 * vec4s(inputs) * vec4s(outputs);
  const length = weights + vec4s(outputs);
  // The biases count as a layer of their own.
  const offsets = [0, weights];
  const kernel = applyGradients({
    length,
    offsets,
    optimizer: updateRuleOf(optimizer),
    workgroupSize,
  });
  const result = await runKernel(device, kernel, {
    ...state.contents,
    gradients: packLayer(gradient, gradient.subarray(inputs * outputs), inputs, outputs),
    scale: Float32Array.of(scale),
    counter: counterDuring(epochStep, offsets.length),
    settings: settingsOf(epochStep, made),
    optimizerScalars: scalarsDuring(epochStep, optimizerScalarsOf(optimizer)(made, 1)),
  });
  const worst = new Worst();
  const isFlagged = (l: number) => notFinite === 'scale' || (notFinite === 'gradient' && l === 1);
  noteFlags(result.get('counter')!, offsets.length, isFlagged, made, worst);
  if (notFinite) return worst.share;
  const truth = Float64Array.from(gradient, (value) => Math.fround(scale) * value);
  const found = (name: string) => floats(result.get(name)!);
  const error = truth.map((value) => unit * Math.abs(value));
  state.compare(found, truth, error, made, kind, worst);
  worst.note(result.get('counter')![0]!, epochStep.step + 1, 0);
  return worst.share;
}
