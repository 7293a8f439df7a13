/** Drawings are normalised as MNIST's digits are. */
import { describe, expect, it } from 'vitest';

import { normalizeDrawing, type Stroke } from '../../../src/page/lesson/drawing.ts';

const seven: Stroke[] = [
  [
    { x: 10, y: 12 },
    { x: 60, y: 10 },
    { x: 30, y: 88 },
  ],
];

const inkOf = (image: Uint8Array) =>
  [...image.entries()]
    .filter(([, ink]) => ink > 0)
    .map(([i, ink]) => ({ x: (i % 28) + 0.5, y: Math.floor(i / 28) + 0.5, ink }));

function centreOf(image: Uint8Array) {
  const pixels = inkOf(image);
  const mass = pixels.reduce((sum, { ink }) => sum + ink, 0);
  const mean = (of: 'x' | 'y') =>
    pixels.reduce((sum, pixel) => sum + pixel[of] * pixel.ink, 0) / mass;
  return { x: mean('x'), y: mean('y') };
}

describe('a drawing', () => {
  it('has its centre of mass in the middle of 28 × 28 pixels', () => {
    const { x, y } = centreOf(normalizeDrawing(seven, 100));
    expect(Math.abs(x - 14)).toBeLessThan(0.1);
    expect(Math.abs(y - 14)).toBeLessThan(0.1);
  });

  it('is 20 pixels high, and keeps its proportions', () => {
    const pixels = inkOf(normalizeDrawing(seven, 100)).filter(({ ink }) => ink > 127);
    const span = (of: 'x' | 'y') =>
      Math.max(...pixels.map((pixel) => pixel[of])) -
      Math.min(...pixels.map((pixel) => pixel[of])) +
      1;
    expect(span('y')).toBeGreaterThanOrEqual(19);
    expect(span('y')).toBeLessThanOrEqual(21);
    // 50 wide and 78 high on the paper, with a pen of the same width.
    expect(span('x') / span('y')).toBeCloseTo((50 / 78) * 0.885 + 0.115, 1);
  });

  it('is the same wherever and however large it was drawn', () => {
    const moved = seven.map((stroke) =>
      stroke.map(({ x, y }) => ({ x: 40 + x / 2, y: 5 + y / 2 })),
    );
    expect(normalizeDrawing(moved, 100)).toEqual(normalizeDrawing(seven, 100));
  });

  it('of one dot is a dot, and of nothing is empty', () => {
    const dot = inkOf(normalizeDrawing([[{ x: 3, y: 3 }]], 100));
    expect(dot.length).toBeLessThan(30);
    expect(dot.length).toBeGreaterThan(0);
    expect(normalizeDrawing([], 100)).toEqual(new Uint8Array(784));
  });
});
