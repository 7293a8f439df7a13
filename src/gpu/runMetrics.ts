/** What the bytes say that are read back after some steps. */
import type { StepMetrics } from '../engine/engine.ts';

/** Adds up the rows' costs and hits, in float64. */
export function sumMetrics(view: DataView, size: number): { costSum: number; correct: number } {
  let costSum = 0;
  let correct = 0;
  for (let offset = 0; offset < size; offset += 8) {
    costSum += view.getFloat32(offset, true);
    correct += view.getUint32(offset + 4, true);
  }
  return { costSum, correct };
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
