import { describe, expect, it } from 'vitest';
import { bell, deform, mixForms, penRadius } from '../../../src/data/digits/style.ts';
import { Random, streams } from '../../../src/network/random.ts';

/** Draws the same word always. */
class Constant extends Random {
  readonly #word: number;
  constructor(word: number) {
    super(0, streams.digits);
    this.#word = word;
  }
  override uint32(): number {
    return this.#word;
  }
}

/** The word whose four bytes add up to their mean, so that every deviation is 0. */
const middleWord = 0x7f_7f_80_80;

function expectClose(actual: Float64Array, expected: number[]): void {
  expect(actual).toHaveLength(expected.length);
  expected.forEach((value, i) => {
    expect(actual[i]).toBeCloseTo(value, 9);
  });
}

describe('bell', () => {
  it('has mean 0, standard deviation 1 and the tails of a normal distribution up to ±3.46', () => {
    const random = new Random(3, streams.digits);
    const draws = Array.from({ length: 100_000 }, () => bell(random));
    const mean = draws.reduce((sum, x) => sum + x, 0) / draws.length;
    const variance = draws.reduce((sum, x) => sum + (x - mean) ** 2, 0) / draws.length;
    expect(Math.abs(mean)).toBeLessThan(0.016);
    expect(Math.abs(variance - 1)).toBeLessThan(0.02);
    // A normal distribution has 4.55 % beyond two standard deviations, the sum of four bytes 4.3 %.
    const beyondTwo = draws.filter((x) => Math.abs(x) > 2).length / draws.length;
    expect(beyondTwo).toBeGreaterThan(0.038);
    expect(beyondTwo).toBeLessThan(0.048);
    expect(bell(new Constant(0))).toBeCloseTo(-3.45, 2);
    expect(bell(new Constant(0xffffffff))).toBeCloseTo(3.45, 2);
    expect(bell(new Constant(middleWord))).toBe(0);
  });
});

describe('mixForms', () => {
  it('gives points on the line through two forms, between them or a little beyond', () => {
    const forms = [Float64Array.of(0, 0, 10, 100), Float64Array.of(20, 10, 30, 80)];
    const points = new Float64Array(4);
    const shares = Array.from({ length: 500 }, (_, index) => {
      mixForms(new Random(1, streams.digits, index), forms, points);
      const share = points[0]! / 20;
      expectClose(points, [20 * share, 10 * share, 10 + 20 * share, 100 - 20 * share]);
      return share;
    });
    expect(Math.min(...shares)).toBeLessThan(-0.3);
    expect(Math.min(...shares)).toBeGreaterThanOrEqual(-0.4);
    expect(Math.max(...shares)).toBeGreaterThan(1.3);
    expect(Math.max(...shares)).toBeLessThanOrEqual(1.4);
  });

  it('gives the form itself where there is only one', () => {
    const points = new Float64Array(2);
    mixForms(new Random(1, streams.digits), [Float64Array.of(12, 34)], points);
    expect([...points]).toEqual([12, 34]);
  });
});

describe('deform', () => {
  it('widens and slants and does nothing else when nothing deviates from the mean', () => {
    const points = Float64Array.of(32, 50, 82, 50, 32, 0);
    deform(new Constant(middleWord), points, Uint8Array.of(1, 0, 1));
    expectClose(points, [0, 0, 1.12, 0, 0.12, -1]);
  });

  it('moves the ends of runs more than the points between, and every point otherwise', () => {
    const spread = (isEnd: number): number => {
      let sum = 0;
      for (let index = 0; index < 2000; index++) {
        const points = Float64Array.of(32, 50);
        deform(new Random(1, streams.digits, index), points, Uint8Array.of(isEnd));
        sum += points[1]! ** 2;
      }
      return Math.sqrt(sum / 2000);
    };
    // At the middle of the paper only the displacement of the point itself is left, in half heights.
    expect(spread(0)).toBeGreaterThan(2.5 / 50);
    expect(spread(0)).toBeLessThan(3 / 50);
    expect(spread(1)).toBeGreaterThan(3.7 / 50);
    expect(spread(1)).toBeLessThan(4.5 / 50);
  });
});

describe('penRadius', () => {
  it('draws strokes about as wide as those of MNIST, never thinner than a pixel and a half', () => {
    const radii = Array.from({ length: 5000 }, (_, index) =>
      penRadius(new Random(1, streams.digits, index)),
    );
    radii.sort((a, b) => a - b);
    expect(radii[0]).toBeGreaterThanOrEqual(0.75);
    // MNIST's median stroke, twice its area over its outline, is 2.6 pixels wide.
    expect(2 * radii[2500]!).toBeGreaterThan(2.2);
    expect(2 * radii[2500]!).toBeLessThan(2.8);
    expect(radii[4999]).toBeLessThan(4);
  });
});
