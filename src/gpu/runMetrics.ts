/** Decodes the bytes that are read back after some steps. */
import { divergedBit } from '../../shaders/persistent.ts';
import type { StepMetrics } from '../engine/engine.ts';

/**
 * Adds up the costs and correct predictions of one network's rows, in float64.
 * @param size in bytes, 8 per row
 */
export function sumMetrics(
  view: DataView,
  offset: number,
  size: number,
): { readonly costSum: number; readonly correct: number; readonly hasDiverged: boolean } {
  let costSum = 0;
  let correct = 0;
  let hasDiverged = false;
  for (let at = offset; at < offset + size; at += 8) {
    costSum += view.getFloat32(at, true);
    const hits = view.getUint32(at + 4, true);
    correct += hits & ~divergedBit;
    if (hits >= divergedBit) hasDiverged = true;
  }
  return { costSum, correct, hasDiverged };
}

/**
 * Finds the first update that was not finite, from the layers' words behind the counter (`raiseNonFinite`). A
 * non-finite value in one layer spreads to the layers before it in the same step, so the last flagged layer of the
 * first such step is its origin.
 */
export function firstNonFinite(
  view: DataView,
  offset: number,
  size: number,
): Pick<StepMetrics, 'nonFinite'> {
  let first: StepMetrics['nonFinite'];
  for (let layer = 0; 4 * layer < size; layer++) {
    const word = view.getUint32(offset + 4 * layer, true);
    if (word === 0) continue;
    const step = ~word >>> 0;
    if (!first || step <= first.step) first = { layer, step };
  }
  return first ? { nonFinite: first } : {};
}

/** Converts the start and end timestamps, in nanoseconds, to seconds; empty if a clock reset makes them unusable. */
export function gpuSeconds(view: DataView, offset: number): { gpuSeconds?: number } {
  const elapsed = view.getBigUint64(offset + 8, true) - view.getBigUint64(offset, true);
  return elapsed > 0n ? { gpuSeconds: Number(elapsed) * 1e-9 } : {};
}
