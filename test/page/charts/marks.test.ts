import { describe, expect, it } from 'vitest';

import { meets, placeLabels, type Box } from '../../../src/page/charts/marks.ts';
import { Random } from '../../../src/network/random.ts';

const box: Box = { left: 50, top: 10, width: 300, height: 200 };
const [height, gap] = [14, 9];

/** The points' own marks. */
const marksOf = (points: readonly { readonly x: number; readonly y: number }[]) =>
  points.map(({ x, y }): Box => ({ left: x - 4, top: y - 4, width: 8, height: 8 }));

function expectFree(
  points: readonly { readonly x: number; readonly y: number; readonly width: number }[],
  others: readonly Box[] = [],
): readonly Box[] {
  const taken = [...marksOf(points), ...others];
  const places = placeLabels(points, { box, height, gap, taken });
  expect(places).toHaveLength(points.length);
  for (const [n, place] of places.entries()) {
    expect(place).toMatchObject({ width: points[n]!.width, height });
    expect(place.left).toBeGreaterThanOrEqual(box.left);
    expect(place.top).toBeGreaterThanOrEqual(box.top);
    expect(place.left + place.width).toBeLessThanOrEqual(box.left + box.width);
    expect(place.top + place.height).toBeLessThanOrEqual(box.top + box.height);
    for (const other of [...taken, ...places.slice(0, n)]) expect(meets(place, other)).toBe(false);
  }
  return places;
}

describe('labels', () => {
  it('stand right above their points where there is room', () => {
    expect(expectFree([{ x: 200, y: 100, width: 60 }])).toEqual([
      { left: 170, top: 77, width: 60, height },
    ]);
  });

  it('of points that are nearly equal cover neither each other nor the points', () => {
    expectFree(Array.from({ length: 8 }, (_, n) => ({ x: 200 + n, y: 100 + (n % 3), width: 70 })));
  });

  it('stay in the chart at its edges and corners', () => {
    for (const x of [50, 60, 200, 349]) {
      for (const y of [10, 15, 100, 209]) {
        expectFree([
          { x, y, width: 80 },
          { x, y, width: 80 },
        ]);
      }
    }
  });

  it('leave what else is drawn alone', () => {
    expectFree(
      [{ x: 200, y: 100, width: 60 }],
      [
        { left: 199, top: 10, width: 2, height: 200 },
        { left: 50, top: 104, width: 300, height: 2 },
      ],
    );
  });

  it('find their places among points anywhere', () => {
    const random = new Random(1, 1);
    for (let round = 0; round < 50; round++) {
      expectFree(
        Array.from({ length: 6 }, () => ({
          x: box.left + box.width * random.uniform(),
          y: box.top + box.height * random.uniform() ** 3,
          width: 40 + 40 * random.uniform(),
        })),
      );
    }
  });

  it('are still there where the chart has no room at all', () => {
    const full = [{ ...box }];
    const options = { box, height, gap, taken: full };
    expect(placeLabels([{ x: 200, y: 100, width: 60 }], options)).toHaveLength(1);
  });
});
