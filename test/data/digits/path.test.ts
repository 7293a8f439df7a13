import { describe, expect, it } from 'vitest';
import { flatten, parsePath, segmentCount } from '../../../src/data/digits/path.ts';

/** The ends of the segments of a path, as [x, y] pairs in drawing order. */
function polyline(text: string): { starts: number[][]; ends: number[][] } {
  const { points, runs } = parsePath(text);
  const segments = new Float64Array(4 * segmentCount(runs));
  flatten(points, runs, segments);
  const pairs = Array.from({ length: segments.length / 2 }, (_, i) => [
    ...segments.subarray(2 * i, 2 * i + 2),
  ]);
  return { starts: pairs.filter((_, i) => i % 2 === 0), ends: pairs.filter((_, i) => i % 2 === 1) };
}

describe('parsePath', () => {
  it('reads points, corners and lifts of the pen', () => {
    const { points, runs } = parsePath('0,1 10,-20 30,4! 5,6 / 7,8 9,10');
    expect([...points]).toEqual([0, 1, 10, -20, 30, 4, 5, 6, 7, 8, 9, 10]);
    expect([...runs]).toEqual([0, 2, 2, 3, 4, 5]);
  });
});

describe('flatten', () => {
  it('makes as many segments as segmentCount says, of finite numbers', () => {
    const { starts, ends } = polyline('0,0 10,20! 30,5 8,8 / 40,40 60,90');
    expect(starts).toHaveLength(ends.length);
    expect([...starts, ...ends].flat().every(Number.isFinite)).toBe(true);
  });

  it('joins each segment to the next, except where the pen is lifted', () => {
    const { starts, ends } = polyline('0,0 10,20! 30,5 8,8 / 40,40 60,90 70,10');
    const gaps = starts.slice(1).filter((start, i) => start.join() !== ends[i]!.join());
    expect(gaps).toEqual([[40, 40]]);
  });

  it('passes through every point', () => {
    const { starts, ends } = polyline('3,5 20,60 -7,33! 80,12 41,9 2,77');
    expect(starts[0]).toEqual([3, 5]);
    for (const point of [
      [20, 60],
      [-7, 33],
      [80, 12],
      [41, 9],
      [2, 77],
    ]) {
      const nearest = Math.min(
        ...ends.map(([x, y]) => Math.abs(x! - point[0]!) + Math.abs(y! - point[1]!)),
      );
      expect(nearest).toBeLessThan(1e-12);
    }
  });

  it('draws two points as a straight line and three as the parabola through them', () => {
    for (const [x, y] of polyline('0,0 30,90').ends) expect(y).toBeCloseTo(3 * x!, 10);
    // y = x²/10 at x = 0, 10, 20.
    for (const [x, y] of polyline('0,0 10,10 20,40').ends)
      expect(y).toBeCloseTo((x! * x!) / 10, 10);
  });

  it('turns sharply at a corner and smoothly elsewhere', () => {
    const sharpest = (text: string): number => {
      const { starts, ends } = polyline(text);
      const directions = ends.map(([x, y], i) =>
        Math.atan2(y! - starts[i]![1]!, x! - starts[i]![0]!),
      );
      return Math.max(
        ...directions.slice(1).map((direction, i) => Math.abs(direction - directions[i]!)),
      );
    };
    const right = Math.PI / 2;
    expect(sharpest('0,0 10,0 20,0! 20,10 20,20')).toBeCloseTo(right, 10);
    expect(sharpest('0,0 10,0 20,0 20,10 20,20')).toBeLessThan(0.75 * right);
  });
});
