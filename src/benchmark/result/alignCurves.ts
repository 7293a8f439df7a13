/** Learning curves of several backends, made comparable. Pure. */
import type { CurvePoint, BackendName } from './schema.ts';

/**
 * Averages the points of each curve over the same stretches of steps. A point is the mean over the steps since the point
 * before it, and backends report at different steps: curves of networks that learn exactly the same would lie apart. Up to the last
 * step that all backends have reported, points stand at steps that all have; beyond it, a backend keeps its own.
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

/** Takes points that are not kept into the next one that is. */
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
