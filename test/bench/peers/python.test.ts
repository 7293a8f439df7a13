import { expect, test } from 'vitest';

import { runPython } from '../../../bench/peers/python.ts';

const options = {
  workloads: [],
  dataFolder: '',
  referenceCosts: {},
  repeats: 1,
  seconds: 1,
  onProgress: () => undefined,
};

test('a Python that is absent is a note, and no failure', async () => {
  const { results, notes } = await runPython({ ...options, executable: '/nowhere/python3' });
  expect(results).toEqual([]);
  expect(notes).toEqual([expect.stringMatching(/^Python's libraries were not measured: .*ENOENT/)]);
});

test('a Python that fails is a note with what it said last', async () => {
  const { notes } = await runPython({ ...options, executable: process.execPath });
  expect(notes).toEqual([
    expect.stringMatching(/^Python's libraries were not all measured: .*code 1/),
  ]);
});
