import type { DataKind, Samples } from './samples.ts';

/** A step in the middle of an epoch, or the short one at its end, as kernels meet it. */
export interface EpochStep {
  readonly step: number;
  /** Samples in its mini-batch. */
  readonly size: number;
  /** Samples in the epoch. */
  readonly sampleCount: number;
  /** [sampleCount], with repetitions, which no kernel minds. */
  readonly order: Uint32Array<ArrayBuffer>;
}

/** What the word of the counter holds that a kernel must not read: another invocation may be writing it. */
const unreadable = 1000;

/**
 * Draws a step: as often a full one with more to come as a short last one, which also sees that nothing is read
 * or counted past its end. For integers its size is a power of 2 where the batch size is, so that means stay exact.
 */
export function drawStep(batchSize: number, samples: Samples, kind: DataKind): EpochStep {
  const step = 1;
  const isLast = samples.pick([true, false]);
  const sizes = [1, batchSize >> 1, ...(kind === 'random' ? [batchSize - 1] : [])];
  const size = isLast ? Math.max(1, samples.pick(sizes)) : batchSize;
  const sampleCount = isLast ? step * batchSize + size : (step + 2) * batchSize;
  return { step, size, sampleCount, order: samples.integers(sampleCount, sampleCount) };
}

/** The sample in a row of the mini-batch; rows past the end of the epoch repeat its last. */
export function sampleInRow(
  { step, sampleCount, order }: EpochStep,
  batchSize: number,
  row: number,
): number {
  return order[Math.min(step * batchSize + row, sampleCount - 1)]!;
}

/** Counter as a step's first kernel finds it: it reads `step` and writes `next`. */
export function counterBefore({ step }: EpochStep): Uint32Array {
  return Uint32Array.of(step, unreadable);
}

/**
 * Counter as every later kernel finds it: it reads `next`, and the last one writes `step`.
 * @param layers words behind it, see `raiseNonFinite` in shaders/batch.ts
 */
export function counterDuring({ step }: EpochStep, layers = 0): Uint32Array {
  return Uint32Array.of(unreadable, step + 1, ...new Uint32Array(layers));
}

/**
 * Contents of the uniform buffer `settings`.
 * @param made steps of training before this one
 */
export function settingsOf({ sampleCount, step }: EpochStep, made = 0): Uint32Array {
  return Uint32Array.of(sampleCount, made - step, 0, 0);
}

/** Contents of the buffer `optimizerScalars`: those of this step, and after and before it what no kernel may use. */
export function scalarsDuring({ step }: EpochStep, rate: ArrayLike<number>): Float32Array {
  const optimizerScalars = new Float32Array(4 * (step + 2)).fill(Number.NaN);
  optimizerScalars.set(rate, 4 * step);
  return optimizerScalars;
}
