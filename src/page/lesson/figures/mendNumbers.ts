import type { DatedChange } from '../moment.ts';
import type { HistoryPoint } from '../frame.ts';
import type { Cell } from '../worker/mend.ts';

/** Accuracy before a change, the least one after it, and now. */
export function effectOf(
  change: DatedChange,
  points: readonly HistoryPoint[],
  now: HistoryPoint,
): { readonly before: number; readonly least: number; readonly now: number } | undefined {
  // After the change, the same step has a second point.
  const next = points.findIndex(({ step }) => step >= change.step);
  const at = points[next]?.step === change.step ? next : (next < 0 ? points.length : next) - 1;
  const before = points[at];
  if (!before) return undefined;
  const after = points.slice(at + 1).filter(({ step }) => step <= now.step);
  const least = Math.min(now.accuracy, ...after.map(({ accuracy }) => accuracy));
  return { before: before.accuracy, least, now: now.accuracy };
}

/** The cell off the diagonal with the most digits. */
export function mostConfused(confusion: readonly (readonly number[])[]): Cell {
  let most: Cell = { label: 0, answer: 1 };
  confusion.forEach((row, label) =>
    row.forEach((count, answer) => {
      if (label !== answer && count > confusion[most.label]![most.answer]!) {
        most = { label, answer };
      }
    }),
  );
  return most;
}
