import type { DataKind, Samples } from './samples.ts';

/** A full step within an epoch, or the short step at its end. */
export interface EpochStep {
  readonly step: number;
  /** Samples in its mini-batch. */
  readonly size: number;
  /** Samples in the epoch. */
  readonly sampleCount: number;
  /** [sampleCount]; it may contain repetitions. */
  readonly order: Uint32Array<ArrayBuffer>;
}

/** In the word of the counter that a kernel must not read, since another invocation may be writing it. */
const unreadable = 1000;

/**
 * Draws a full step or a short last step with equal probability. The short step detects reads and counts past its end. For
 * integers its size is a power of 2 if the batch size is, so means stay exact.
 */
export function drawStep(batchSize: number, samples: Samples, kind: DataKind): EpochStep {
  const step = 1;
  const isLast = samples.pick([true, false]);
  const sizes = [1, batchSize >> 1, ...(kind === 'random' ? [batchSize - 1] : [])];
  const size = isLast ? Math.max(1, samples.pick(sizes)) : batchSize;
  const sampleCount = isLast ? step * batchSize + size : (step + 2) * batchSize;
  return { step, size, sampleCount, order: samples.integers(sampleCount, sampleCount) };
}

/** The sample in a row of the mini-batch; rows past the end of the epoch repeat the last sample. */
export function sampleInRow(
  { step, sampleCount, order }: EpochStep,
  batchSize: number,
  row: number,
): number {
  return order[Math.min(step * batchSize + row, sampleCount - 1)]!;
}

/** Counter before a step's first kernel, which reads `step` and writes `next`. */
export function counterBefore({ step }: EpochStep): Uint32Array {
  return Uint32Array.of(step, unreadable);
}

/**
 * Counter before every later kernel: they read `next`, and the last one writes `step`.
 * @param layers number of flags after the counter; see `raiseNonFinite` in shaders/batch.ts
 */
export function counterDuring({ step }: EpochStep, layers = 0): Uint32Array {
  return Uint32Array.of(unreadable, step + 1, ...new Uint32Array(layers));
}

/**
 * Contents of the uniform buffer `settings`.
 * @param made number of earlier training steps
 */
export function settingsOf({ sampleCount, step }: EpochStep, made = 0): Uint32Array {
  return Uint32Array.of(sampleCount, made - step, 0, 0);
}

/** Contents of the buffer `optimizerScalars`: NaN before and after this step, since no kernel may use other steps. */
export function scalarsDuring({ step }: EpochStep, rate: ArrayLike<number>): Float32Array {
  const optimizerScalars = new Float32Array(4 * (step + 2)).fill(Number.NaN);
  optimizerScalars.set(rate, 4 * step);
  return optimizerScalars;
}
