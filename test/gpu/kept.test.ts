import { expect, it } from 'vitest';

import { Kept } from '../../src/gpu/kept.ts';
import { randomDataset, testRandom } from '../support/networks.ts';

const [one, other] = [1, 2].map((seed) => randomDataset(testRandom(seed), 4, 3, 2));

it('keeps what was made for the last dataset, and disposes of it before another is made', async () => {
  const log: string[] = [];
  const kept = new Kept();
  const use = (name: string, dataset: typeof one) =>
    kept.of(dataset!, () => {
      log.push(`make ${name}`);
      return Promise.resolve({ dataset: dataset!, dispose: () => void log.push(`free ${name}`) });
    });
  const first = await use('one', one);
  expect(await use('one', one)).toBe(first);
  await use('other', other);
  kept.dispose();
  kept.dispose();
  await use('one again', one);
  expect(log).toEqual(['make one', 'free one', 'make other', 'free other', 'make one again']);
});

it('has nothing after making something failed', async () => {
  const kept = new Kept();
  let isDisposed = false;
  await kept.of(one!, () =>
    Promise.resolve({ dataset: one!, dispose: () => void (isDisposed = true) }),
  );
  const failure = new Error('no room');
  await expect(kept.of(other!, () => Promise.reject(failure))).rejects.toBe(failure);
  expect(isDisposed).toBe(true);
  const made = { dataset: one!, dispose: () => undefined };
  expect(await kept.of(one!, () => Promise.resolve(made))).toBe(made);
});
