import { describe, expect, it } from 'vitest';
import { inverseNormal, philox, Random, streams } from '../../src/network/random.ts';

describe('philox', () => {
  // The known-answer vectors of Random123, the authors' own library (its file kat_vectors).
  it.each([
    {
      counter: [0, 0, 0, 0],
      key: [0, 0],
      expected: [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    },
    {
      counter: [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      key: [0xffffffff, 0xffffffff],
      expected: [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    },
    {
      counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      key: [0xa4093822, 0x299f31d0],
      expected: [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    },
  ] as const)('gives the published words for counter $counter', ({ counter, key, expected }) => {
    const words = new Uint32Array(4);
    philox(counter, key, words);
    expect([...words]).toEqual(expected);
  });
});

describe('Random', () => {
  it('draws word n from block n/4 of the counter (block, index) under the key (seed, stream)', () => {
    const index = 5 * 2 ** 32 + 77;
    const random = new Random(42, streams.digits, index);
    const block = new Uint32Array(4);
    for (let n = 0; n < 12; n++) {
      philox([Math.floor(n / 4), 0, 77, 5], [42, streams.digits], block);
      expect(random.uint32()).toBe(block[n % 4]);
    }
  });

  it('gives the same numbers for the same seed, stream and index, and others for any other', () => {
    const draw = (seed: number, stream: number, index: number): string => {
      const random = new Random(seed, stream, index);
      return [0, 1, 2, 3].map(() => random.uint32()).join();
    };
    const sequences = [
      [1, 1, 0],
      [2, 1, 0],
      [1, 2, 0],
      [1, 1, 1],
      [1, 1, 2 ** 32],
    ] as const;
    expect(draw(1, 1, 0)).toBe(draw(1, 1, 0));
    expect(new Set(sequences.map(([seed, stream, index]) => draw(seed, stream, index))).size).toBe(
      sequences.length,
    );
  });

  it('keeps the uses of one seed apart', () => {
    const used = Object.values(streams);
    expect(new Set(used).size).toBe(used.length);
  });

  it('gives uniform numbers inside (0, 1) whose mean is 1/2 and variance 1/12', () => {
    const random = new Random(3, 1000);
    const count = 100_000;
    let sum = 0;
    let squares = 0;
    for (let n = 0; n < count; n++) {
      const u = random.uniform();
      expect(u > 0 && u < 1).toBe(true);
      sum += u;
      squares += (u - 0.5) ** 2;
    }
    // Five standard deviations of either estimate.
    expect(Math.abs(sum / count - 1 / 2)).toBeLessThan(5 / Math.sqrt(12 * count));
    expect(Math.abs(squares / count - 1 / 12)).toBeLessThan(5 / Math.sqrt(180 * count));
  });

  it('gives every integer below the bound equally often', () => {
    const random = new Random(4, 1000);
    const counts = Array<number>(10).fill(0);
    const count = 100_000;
    for (let n = 0; n < count; n++) counts[random.integer(10)]!++;
    const chiSquare = counts.reduce((sum, c) => sum + (c - count / 10) ** 2 / (count / 10), 0);
    expect(chiSquare).toBeLessThan(27.88); // 99.9 % quantile, 9 degrees of freedom
  });

  it('redraws what would favour small integers', () => {
    // A word modulo 3·2³⁰ would fall below 2³⁰ in half of all draws; without bias it does in a third.
    const random = new Random(5, 1000);
    const count = 30_000;
    let small = 0;
    for (let n = 0; n < count; n++) if (random.integer(3 * 2 ** 30) < 2 ** 30) small++;
    expect(Math.abs(small / count - 1 / 3)).toBeLessThan(5 * Math.sqrt(2 / 9 / count));
  });

  it('accepts the bounds 1 and 2³²', () => {
    const random = new Random(6, 1000);
    expect(random.integer(1)).toBe(0);
    const word = new Random(6, 1000);
    word.uint32();
    expect(random.integer(2 ** 32)).toBe(word.uint32());
  });

  it('gives normal numbers with the moments of a standard normal distribution', () => {
    const random = new Random(7, 1000);
    const count = 100_000;
    const sums = [0, 0, 0, 0];
    for (let n = 0; n < count; n++) {
      const x = random.normal();
      for (let k = 0; k < 4; k++) sums[k]! += x ** (k + 1);
    }
    const [mean, square, cube, fourth] = sums.map((sum) => sum / count);
    // Five standard deviations: the k-th power's variance is E x²ᵏ − (E xᵏ)² = 1, 2, 15, 96.
    expect(Math.abs(mean!)).toBeLessThan(5 * Math.sqrt(1 / count));
    expect(Math.abs(square! - 1)).toBeLessThan(5 * Math.sqrt(2 / count));
    expect(Math.abs(cube!)).toBeLessThan(5 * Math.sqrt(15 / count));
    expect(Math.abs(fourth! - 3)).toBeLessThan(5 * Math.sqrt(96 / count));
  });
});

describe('inverseNormal', () => {
  // Published quantiles; the last three reach into each of the algorithm's branches, as Wichura's own test does.
  it.each([
    [0.5, 0],
    [0.75, 0.6744897501960817],
    [0.9, 1.2815515655446004],
    [0.95, 1.6448536269514722],
    [0.975, 1.959963984540054],
    [0.995, 2.5758293035489004],
    [0.999, 3.090232306167813],
    [0.25, -0.6744897501960817],
    [0.001, -3.090232306167813],
    [1e-20, -9.26234008979841],
  ])('of %d is %d to 2e-7 relative', (p, expected) => {
    expect(Math.abs(inverseNormal(p) - expected)).toBeLessThanOrEqual(2e-7 * Math.abs(expected));
  });

  it('is odd around 1/2, to the bit', () => {
    for (const p of [2 ** -33, 2 ** -20, 0.01, 0.07421875, 0.076171875, 0.25, 0.375]) {
      const q = 1 - p;
      expect(inverseNormal(q)).toBe(-inverseNormal(1 - q));
    }
  });

  it('rises everywhere, across the seams of its branches too', () => {
    let last = -Infinity;
    for (let k = 1; k < 40_000; k++) {
      const value = inverseNormal(k / 40_000);
      expect(value).toBeGreaterThan(last);
      last = value;
    }
  });
});
