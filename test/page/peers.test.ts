/** The harness that measures nudge beside other libraries, with nudge alone: the others are other people's. */
import { afterAll, beforeAll, expect, it } from 'vitest';

import { productError, randomMatrix } from '../../bench/peers/matrices.ts';
import type { MatmulMeasurement, TrainingMeasurement } from '../../bench/peers/measurements.ts';
import { PeersBrowser } from '../../bench/peers/peersBrowser.ts';
import { referenceCost } from '../../bench/peers/reference.ts';
import { writeData, type DataFolder } from '../../bench/peers/serveData.ts';
import { judgeCost, judgeProduct } from '../../bench/peers/statistics.ts';
import { workloads, type TrainingWorkload } from '../../bench/peers/workloads.ts';
import { digits } from '../../src/data/digits/digits.ts';

const data = digits({ trainingCount: 1000, testCount: 100 });
const tiny: TrainingWorkload = {
  ...workloads.find((workload): workload is TrainingWorkload => workload.name === 'tiny')!,
  checkedSteps: 5,
};

let folder: DataFolder;
let browser: PeersBrowser;
beforeAll(async () => {
  folder = await writeData(data);
  browser = await PeersBrowser.open('chromium', 'software', folder.mount);
});
afterAll(async () => {
  await browser.close();
  folder.dispose();
});

it.each(['nudge-webgpu', 'nudge-cpu'])('%s trains in it, and is right', async (contender) => {
  const { times, checkedCost, finalCost } = await browser.call<TrainingMeasurement>({
    job: 'measureTraining',
    args: { contender, workload: tiny, seconds: 0.05 },
    limitSeconds: 60,
  });
  expect(times).toBeGreaterThan(0);
  const reference = await referenceCost(tiny, data.training);
  expect(judgeCost(checkedCost, reference, finalCost)).toEqual({ kind: 'right' });
});

it('nudge multiplies in it, and is right', async () => {
  const size = 64;
  const { product } = await browser.call<MatmulMeasurement>({
    job: 'measureMatmul',
    args: { contender: 'nudge-webgpu', workload: { size }, seconds: 0.05 },
    limitSeconds: 60,
  });
  const error = productError(size, randomMatrix(size, 1), randomMatrix(size, 2), product);
  expect(judgeProduct(error)).toEqual({ kind: 'right' });
});

it('a first step is timed from the load of the page', async () => {
  const query = '?first=nudge-webgpu';
  const milliseconds = await browser.call<number>({ job: 'firstStep', query, limitSeconds: 60 });
  expect(milliseconds).toBeGreaterThan(0);
});

it('a contender that fails is told of, and the next one is measured all the same', async () => {
  const call = browser.call({ job: 'firstStep', query: '?first=nobody', limitSeconds: 60 });
  await expect(call).rejects.toThrow();
  expect((await browser.environment()).isIsolated).toBe(true);
});
