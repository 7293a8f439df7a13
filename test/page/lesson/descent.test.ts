/** The walks downhill, and the plane of their map. */
import { describe, expect, it } from 'vitest';

import { digitsRange } from '../../../src/data/digits/digits.ts';
import { firstScript } from '../../../src/page/lesson/moment.ts';
import { contour, valueAt } from '../../../src/page/lesson/runtime/contours.ts';
import { Descent, extent, walkSamples } from '../../../src/page/lesson/worker/descent.ts';
import { firstNetwork } from '../../../src/page/lesson/worker/firstNetwork.ts';
import { placeOn, planeThrough, pointAt } from '../../../src/page/lesson/worker/plane.ts';
import { backpropagate, forwardPass } from '../../../src/reference/backpropagation.ts';
import { featureValues } from '../../../src/reference/features.ts';

describe('the plane of the map', () => {
  const plane = planeThrough(
    Float32Array.of(1, 1, 1),
    Float32Array.of(4, 1, 1),
    Float32Array.of(3, 5, 1),
  );

  it('holds its three points at their distances', () => {
    expect(placeOn(plane, Float32Array.of(1, 1, 1))).toEqual({ x: 0, y: 0, distance: 0 });
    expect(placeOn(plane, Float32Array.of(4, 1, 1))).toEqual({ x: 3, y: 0, distance: 3 });
    expect(placeOn(plane, Float32Array.of(3, 5, 1))).toMatchObject({ x: 2, y: 4 });
  });

  it('puts other points on their foot', () => {
    expect(placeOn(plane, Float32Array.of(2, 3, 7))).toMatchObject({ x: 1, y: 2 });
  });

  it('gives the point at a place', () => {
    expect([...pointAt(plane, 2, -1)]).toEqual([3, 0, 1]);
  });
});

describe('the extent of the map', () => {
  it('holds all points', () => {
    const points = [
      { x: 0, y: 0 },
      { x: 2, y: 9 },
      { x: -1, y: 3 },
    ];
    const { from, to } = extent(points);
    for (const { x, y } of points) {
      expect(x > from.x && x < to.x && y > from.y && y < to.y).toBe(true);
    }
  });
});

describe('a contour', () => {
  const bowl = { columns: 21, rows: 21, values: [] as number[] };
  for (let y = 0; y < 21; y++) {
    for (let x = 0; x < 21; x++) bowl.values.push((x - 10) ** 2 + (y - 10) ** 2);
  }

  it('of a bowl is a circle that closes', () => {
    const segments = contour(bowl, 35.5);
    expect(segments.length).toBeGreaterThan(20);
    const ends = new Map<string, number>();
    for (const [x0, y0, x1, y1] of segments) {
      for (const [x, y] of [
        [x0, y0],
        [x1, y1],
      ] as const) {
        expect(Math.hypot(x - 10, y - 10)).toBeCloseTo(6, 0);
        const key = `${x.toFixed(6)} ${y.toFixed(6)}`;
        ends.set(key, (ends.get(key) ?? 0) + 1);
      }
    }
    expect([...ends.values()].every((count) => count === 2)).toBe(true);
  });

  it('leaves out what is unknown', () => {
    expect(contour({ ...bowl, values: bowl.values.map(() => NaN) }, 36)).toEqual([]);
  });

  it('lies between the corners', () => {
    const slope = { columns: 2, rows: 2, values: [0, 1, 2, 3] };
    expect(valueAt(slope, 0.25, 0.5)).toBeCloseTo(1.25, 12);
  });
});

describe('the walks', () => {
  it('begin at the run’s first network, and the full batch follows the gradient of all digits', async () => {
    const training = digitsRange(firstScript.seed, 'training', 0, walkSamples);
    const walks = new Descent(firstScript, training);
    // Three starts, then a slice of each.
    for (let slice = 0; slice < 4; slice++) await walks.advance();
    const progress = walks.progress();
    await walks.dispose();

    const network = firstNetwork(firstScript);
    const all = Uint32Array.from({ length: walkSamples }, (_, n) => n);
    const measured = all.subarray(0, progress.costCount);
    const costAt = (parameters: Float64Array): number => {
      const { costs } = forwardPass({
        ...{ network, parameters, features: featureValues(training, measured) },
        labels: training.labels.subarray(0, progress.costCount),
      }).output;
      return costs.reduce((sum, cost) => sum + cost, 0) / costs.length;
    };
    const start = Float64Array.from(network.parameters);
    const { gradient } = backpropagate({
      ...{ network, parameters: start, features: featureValues(training, all) },
      labels: training.labels,
    });
    const full = progress.walks.find(({ kind }) => kind === 'full')!;
    expect(full.points.map(({ step }) => step)).toEqual([0, 1]);
    expect(full.points[0]!.cost).toBeCloseTo(costAt(start), 4);
    const after = start.map((value, i) => value - firstScript.rate * gradient[i]!);
    expect(full.points[1]!.cost).toBeCloseTo(costAt(after), 3);
  });
});
