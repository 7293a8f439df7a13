import { expect, it } from 'vitest';

import { roof, rooflinePoints } from '../../../src/page/charts/roofline.ts';
import { makeBenchmarkResult } from '../../support/benchmarkResult.ts';

it('the roof rises with the bandwidth until arithmetic ends it', () => {
  const limits = { flopPerSecond: 1000 };
  expect(roof(1, 100, limits)).toBe(100);
  expect(roof(10, 100, limits)).toBe(1000);
  expect(roof(500, 100, limits)).toBe(1000);
});

it('a workload stands where its arithmetic, its bytes and its speed put it', () => {
  const [workload] = makeBenchmarkResult().workloads;
  const series = workload!.series.map((one) =>
    one.backend === 'webgpu'
      ? {
          ...one,
          estimate: { middle: 5000, low: 4000, high: 6000 },
          limit: { ...one.limit!, flopPerStep: 3e6, bytesPerStep: 1e6 },
        }
      : one,
  );
  // 5000 samples/s in mini-batches of 100 are 50 steps/s.
  expect(rooflinePoints([{ ...workload!, series }])).toMatchObject([
    { name: 'tiny', intensity: 3, flopPerSecond: 1.5e8 },
  ]);
  expect(rooflinePoints([{ ...workload!, series: series.slice(0, 2) }])).toEqual([]);
});
