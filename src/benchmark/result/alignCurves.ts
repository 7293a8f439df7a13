/** Makes the learning curves of several backends comparable. */
import type { CurvePoint, BackendName } from './schema.ts';

/**
 * Averages the points of each curve over the same ranges of steps. A point is the mean over the steps since the previous
 * point, and backends report at different steps, so identical learning would give different curves. Up to the last step
 * that all curves contain, the result has points at common steps only; after it, each curve keeps its own points.
 */
export function alignCurves(
  curves: ReadonlyMap<BackendName, readonly CurvePoint[]>,
): Map<BackendName, readonly CurvePoint[]> {
  const drawn = [...curves.values()].filter((curve) => curve.length > 0);
  const steps = drawn.map((curve) => new Set(curve.map(({ step }) => step)));
  const common = [...(steps[0] ?? [])].filter((step) => steps.every((some) => some.has(step)));
  const last = Math.max(0, ...common);
  const isKept = new Set(common);
  return new Map(
    [...curves].map(([backend, curve]) => [
      backend,
      mergePoints(curve, ({ step }) => step > last || isKept.has(step)),
    ]),
  );
}

/** Merges each point that is not kept into the next kept point. */
function mergePoints(
  curve: readonly CurvePoint[],
  isKept: (point: CurvePoint) => boolean,
): readonly CurvePoint[] {
  const points: CurvePoint[] = [];
  let previous = 0;
  let start = 0;
  let cost = 0;
  let accuracy = 0;
  for (const point of curve) {
    const steps = point.step - previous;
    previous = point.step;
    cost += steps * point.cost;
    accuracy += steps * point.accuracy;
    if (!isKept(point)) continue;
    const all = point.step - start;
    points.push({ ...point, cost: cost / all, accuracy: accuracy / all });
    start = point.step;
    cost = accuracy = 0;
  }
  return points;
}
