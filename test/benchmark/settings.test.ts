import { describe, expect, test } from 'vitest';

import { timerResolution } from '../../src/benchmark/adapterReport.ts';
import { expectedRunSeconds } from '../../src/benchmark/expectation.ts';
import { RunProgress } from '../../src/benchmark/progress.ts';
import { decideSettings } from '../../src/benchmark/settings.ts';
import { ConfigurationError } from '../../src/errors.ts';
import { stepFlop } from '../../src/network/stepWork.ts';
import { errorOf } from '../support/failure.ts';

const names = (settings: ReturnType<typeof decideSettings>) =>
  settings.workloads.map(({ name }) => name);

describe('settings', () => {
  test('are by default the whole ladder and the sweep over mini-batches, ten repeats each', () => {
    const settings = decideSettings({}, 'hardware');
    expect(names(settings)).toEqual([
      'tiny',
      'mid',
      'large',
      'xl',
      'huge',
      'batch-1',
      'batch-10',
      'batch-1000',
    ]);
    expect(settings).toMatchObject({
      backends: ['cpu-1', 'cpu', 'webgpu'],
      repeats: 10,
      blocks: 5,
      repeatSeconds: 0.3,
      seed: 1,
    });
  });

  test('have no more blocks than repeats', () => {
    expect(decideSettings({ repeats: 3 }, 'none').blocks).toBe(3);
    expect(decideSettings({ repeats: 20, blocks: 8 }, 'none').blocks).toBe(8);
  });

  test('spare software adapters what takes them minutes, unless it is asked for by name', () => {
    expect(names(decideSettings({}, 'software'))).not.toContain('huge');
    expect(names(decideSettings({}, 'none'))).not.toContain('huge');
    expect(names(decideSettings({ workloads: ['huge'] }, 'software'))).toEqual(['huge']);
  });

  test('leave out what only a GPU runs where none is asked for', () => {
    const alone = decideSettings({ backends: ['cpu-1', 'cpu'] }, 'hardware');
    expect(names(alone)).toEqual(names(decideSettings({}, 'none')));
  });

  test('leave the GPU out where there is none', () => {
    expect(decideSettings({}, 'none').backends).toEqual(['cpu-1', 'cpu']);
  });

  test('are fewer and shorter where it is to be quick', () => {
    const settings = decideSettings({ quick: true }, 'hardware');
    expect(names(settings)).toEqual(['tiny', 'mid']);
    expect(settings).toMatchObject({ repeats: 10, repeatSeconds: 0.1, accuracySeconds: 0 });
  });

  test.each([
    [
      { workloads: ['tiny', 'enormous'] },
      "There is no 'enormous' among workloads. There are: tiny,",
    ],
    [{ workloads: [] }, 'workloads is a list of one or more'],
    [{ workloads: ['tiny', 'tiny'] }, 'without repetition'],
    [{ backends: ['gpu'] }, "There is no 'gpu' among backends. There are: cpu-1, cpu, webgpu."],
    [{ repeats: 1 }, 'repeats is a number from 2 to 100, and 1 was given.'],
    [{ repeats: 2.5 }, 'repeats must be a whole number; got 2.5.'],
    [{ blocks: 0 }, 'blocks is a number from 1 to 100, and 0 was given.'],
    [{ blocks: 1.5 }, 'blocks must be a whole number; got 1.5.'],
    [{ blocks: 11 }, '11 blocks need at least one repeat each; got 10 repeats.'],
    [{ repeatSeconds: NaN }, 'repeatSeconds is a number from 0.01 to 10, and NaN was given.'],
    [{ seed: -1 }, 'seed'],
    [{ workloads: ['tiny', 'huge'], backends: ['cpu'] }, "Workload 'huge' is run on a GPU alone"],
  ])('of %j make no sense', (settings, sentence) => {
    const run = () => decideSettings(settings as never, 'hardware');
    expect(errorOf(ConfigurationError, run).message).toContain(sentence);
  });
});

describe('what is expected of a run', () => {
  test('is about two minutes on hardware, half a minute where it is quick, more in software', () => {
    const hardware = expectedRunSeconds(decideSettings({}, 'hardware'));
    expect(hardware).toBeGreaterThan(60);
    expect(hardware).toBeLessThan(240);
    expect(expectedRunSeconds(decideSettings({ quick: true }, 'hardware'))).toBeLessThan(40);
    expect(expectedRunSeconds(decideSettings({}, 'software'))).toBeGreaterThan(hardware);
  });

  test('grows with the repeats', () => {
    const few = expectedRunSeconds(decideSettings({ repeats: 10 }, 'hardware'));
    const many = expectedRunSeconds(decideSettings({ repeats: 20 }, 'hardware'));
    // 7 workloads on 3 backends, 10 repeats more, 0.3 s each at least.
    expect(many - few).toBeGreaterThan(7 * 3 * 10 * 0.3);
  });
});

test('progress never goes back, and ends near 1', () => {
  const settings = decideSettings({ quick: true }, 'hardware');
  const seen: number[] = [];
  const progress = new RunProgress(settings, (event) => {
    if (event.type === 'phase') seen.push(event.done);
  });
  progress.begin('probe', {});
  for (let block = 0; block < settings.blocks; block++) {
    for (const workload of settings.workloads) {
      for (const share of [0, 0.3, 0.2, 0.9]) progress.at(workload, block, 'measure', share, {});
      progress.finish(workload, block);
    }
  }
  progress.begin('accuracy', {});
  expect(seen[0]).toBe(0);
  expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  expect(seen.at(-1)).toBeGreaterThan(0.9);
  expect(seen.at(-1)).toBeLessThanOrEqual(1);
});

test('the resolution of a clock is the least step that it is seen to take', () => {
  let calls = 0;
  // Ticks of 0.1 ms, each seen by several calls.
  const clock = () => Math.floor(calls++ / 7) * 0.1;
  expect(timerResolution(clock)).toBeCloseTo(1e-4, 9);
  expect(timerResolution()).toBeGreaterThan(0);
  expect(timerResolution()).toBeLessThan(0.02);
});

test('the largest workload is ten thousand times the work of the smallest', () => {
  const [tiny] = decideSettings({ workloads: ['tiny'] }, 'hardware').workloads;
  const [huge] = decideSettings({ workloads: ['huge'] }, 'hardware').workloads;
  const work = (workload: typeof tiny) => stepFlop(workload!.network.layers, workload!.batchSize);
  expect(work(huge) / work(tiny)).toBeGreaterThan(10_000);
});
