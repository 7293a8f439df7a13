import { expect, test } from 'vitest';

import { alignCurves } from '../../../src/benchmark/result/alignCurves.ts';
import type { CurvePoint, BackendName } from '../../../src/benchmark/result/schema.ts';

/** The cost of each step; a point is the mean over the steps between two reports. */
const costOf = (step: number) => 3 / (1 + step);

function curve(steps: readonly number[]): CurvePoint[] {
  let previous = 0;
  return steps.map((step) => {
    let sum = 0;
    for (let n = previous + 1; n <= step; n++) sum += costOf(n);
    const cost = sum / (step - previous);
    previous = step;
    return { step, seconds: step / 10, cost, accuracy: 1 - cost / 3 };
  });
}

test('identical learning gives identical points, whatever steps are reported', () => {
  const curves = new Map<BackendName, CurvePoint[]>([
    ['cpu', curve([1, 2, 4, 8, 16, 32, 64, 128])],
    ['webgpu', curve([1, 4, 6, 8, 10, 12, 16, 24, 32, 40])],
  ]);
  const aligned = alignCurves(curves);
  const points = (backend: BackendName, last: number) =>
    aligned.get(backend)!.filter(({ step }) => step <= last);
  expect(points('cpu', 32).map(({ step }) => step)).toEqual([1, 4, 8, 16, 32]);
  for (const [n, { step, cost, accuracy }] of points('webgpu', 32).entries()) {
    const other = points('cpu', 32)[n]!;
    expect(step).toBe(other.step);
    expect(cost).toBeCloseTo(other.cost, 12);
    expect(accuracy).toBeCloseTo(other.accuracy, 12);
  }
  // After the last common step, each keeps its own points.
  expect(aligned.get('cpu')!.map(({ step }) => step)).toEqual([1, 4, 8, 16, 32, 64, 128]);
  expect(aligned.get('webgpu')!.at(-1)).toEqual(curves.get('webgpu')!.at(-1));
});

test('a single curve keeps its points, and an empty one changes nothing', () => {
  const one = curve([1, 2, 4]);
  const aligned = alignCurves(
    new Map<BackendName, CurvePoint[]>([
      ['cpu', one],
      ['webgpu', []],
    ]),
  );
  expect(aligned.get('cpu')).toEqual(one);
  expect(aligned.get('webgpu')).toEqual([]);
});
