import { describe, expect, it } from 'vitest';

import { directionsOf, orderOf } from '../../../src/page/lesson/worker/miniBatches.ts';

const count = 2000;
/** A direction in the plane for each sample, as an angle in degrees. */
const angles = Float64Array.from({ length: count }, (_, n) => ((n * 7919) % 240) - 100);
const order = Uint32Array.from({ length: count }, (_, n) => (n * 37) % count);

function meanOf(samples: Iterable<number>): [number, number] {
  const all = [...samples];
  const sum = (part: (radians: number) => number) =>
    all.reduce((total, n) => total + part((angles[n]! * Math.PI) / 180), 0) / all.length;
  return [sum(Math.cos), sum(Math.sin)];
}

const turn = ([x, y]: readonly [number, number]): number => (Math.atan2(y, x) * 180) / Math.PI;

describe('the directions of mini-batches', () => {
  it('are as far from that of the whole deck as the angles of their mean vectors', async () => {
    const gradientOf = (samples: Uint32Array) =>
      Promise.resolve(Float64Array.from(meanOf(samples)));
    const found = await directionsOf(order, gradientOf);
    expect(found.map(({ size, needles }) => [size, needles.length])).toEqual([
      [1, 60],
      [10, 60],
      [100, 20],
      [1000, 2],
    ]);
    const all = turn(meanOf(order));
    for (const { size, needles, medianAngle } of found) {
      const expected = needles.map(({ batch }) => {
        const own = turn(meanOf(order.subarray(batch * size, (batch + 1) * size)));
        const apart = Math.abs(own - all) % 360;
        return Math.min(apart, 360 - apart);
      });
      needles.forEach(({ angle, cosine }, n) => {
        expect(angle).toBeCloseTo(expected[n]!, 6);
        expect(cosine).toBeCloseTo(Math.cos((expected[n]! * Math.PI) / 180), 9);
      });
      const nearer = expected.filter((angle) => angle <= medianAngle + 1e-9).length;
      const farther = expected.filter((angle) => angle >= medianAngle - 1e-9).length;
      expect(Math.min(nearer, farther)).toBeGreaterThanOrEqual(needles.length / 2);
    }
  });

  it('count a gradient of 0 as at right angles', async () => {
    const isZero = (samples: Uint32Array) => samples.length === 1;
    const [single] = await directionsOf(order, (samples) =>
      Promise.resolve(Float64Array.from(isZero(samples) ? [0, 0] : [1, 0])),
    );
    expect(single).toMatchObject({ medianAngle: 90, medianCosine: 0 });
  });
});

describe('the deck', () => {
  const labels = Uint8Array.from({ length: 500 }, (_, n) => (n * 7) % 10);
  const deck = { labels, sampleCount: 500 };

  it('has every sample once, in any order', () => {
    for (const given of [
      { order: 'shuffled', shuffle: 0 },
      { order: 'shuffled', shuffle: 1 },
      { order: 'sorted', shuffle: 0 },
    ] as const) {
      const sorted = [...orderOf(deck, given, 1)].sort((a, b) => a - b);
      expect(sorted).toEqual([...labels.keys()]);
    }
  });

  it('is sorted by digit, or another with each shuffle', () => {
    const sorted = [...orderOf(deck, { order: 'sorted', shuffle: 3 }, 1)].map((n) => labels[n]!);
    expect(sorted).toEqual([...labels].sort((a, b) => a - b));
    const shuffles = [0, 1].map((shuffle) => orderOf(deck, { order: 'shuffled', shuffle }, 1));
    expect(shuffles[0]).not.toEqual(shuffles[1]);
  });
});
