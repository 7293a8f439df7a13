/** What the bytes say that are read back after some steps. */
import { divergedBit } from '../../shaders/persistent.ts';
import type { StepMetrics } from '../engine/engine.ts';

/**
 * Adds up the costs and hits of one network's rows, in float64.
 * @param size in bytes, 8 a row
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
 * The layers' words behind the counter (`raiseNonFinite`): where an update was first not finite. What goes wrong in
 * a layer goes back to those before it in the same step, so the last of them is where it began.
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

/** Nanoseconds of begin and end → seconds; nothing where a clock that was reset makes nonsense of them. */
export function gpuSeconds(view: DataView, offset: number): { gpuSeconds?: number } {
  const elapsed = view.getBigUint64(offset + 8, true) - view.getBigUint64(offset, true);
  return elapsed > 0n ? { gpuSeconds: Number(elapsed) * 1e-9 } : {};
}
