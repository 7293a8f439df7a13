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
  test('default to the whole ladder and the mini-batch sweep with ten repeats', () => {
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

  test('have at most one block for each repeat', () => {
    expect(decideSettings({ repeats: 3 }, 'none').blocks).toBe(3);
    expect(decideSettings({ repeats: 20, blocks: 8 }, 'none').blocks).toBe(8);
  });

  test('leave out the largest workload on software adapters unless it is named', () => {
    expect(names(decideSettings({}, 'software'))).not.toContain('huge');
    expect(names(decideSettings({}, 'none'))).not.toContain('huge');
    expect(names(decideSettings({ workloads: ['huge'] }, 'software'))).toEqual(['huge']);
  });

  test('leave out GPU workloads if webgpu is not requested', () => {
    const alone = decideSettings({ backends: ['cpu-1', 'cpu'] }, 'hardware');
    expect(names(alone)).toEqual(names(decideSettings({}, 'none')));
  });

  test('leave webgpu out without an adapter', () => {
    expect(decideSettings({}, 'none').backends).toEqual(['cpu-1', 'cpu']);
  });

  test('have fewer workloads and shorter repeats in a quick run', () => {
    const settings = decideSettings({ quick: true }, 'hardware');
    expect(names(settings)).toEqual(['tiny', 'mid']);
    expect(settings).toMatchObject({ repeats: 10, repeatSeconds: 0.1, accuracySeconds: 0 });
  });

  test.each([
    [
      { workloads: ['tiny', 'enormous'] },
      "Unknown name 'enormous' in workloads. Known names: tiny,",
    ],
    [{ workloads: [] }, 'workloads must be a non-empty list'],
    [{ workloads: ['tiny', 'tiny'] }, 'without repetition'],
    [{ backends: ['gpu'] }, "Unknown name 'gpu' in backends. Known names: cpu-1, cpu, webgpu."],
    [{ repeats: 1 }, 'repeats must be a number from 2 to 100; got 1.'],
    [{ repeats: 2.5 }, 'repeats must be a whole number; got 2.5.'],
    [{ blocks: 0 }, 'blocks must be a number from 1 to 100; got 0.'],
    [{ blocks: 1.5 }, 'blocks must be a whole number; got 1.5.'],
    [{ blocks: 11 }, '11 blocks need at least one repeat each; got 10 repeats.'],
    [{ repeatSeconds: NaN }, 'repeatSeconds must be a number from 0.01 to 10; got NaN.'],
    [{ seed: -1 }, 'seed'],
    [{ workloads: ['tiny', 'huge'], backends: ['cpu'] }, "Workload 'huge' runs only on a GPU"],
  ])('%j are refused', (settings, sentence) => {
    const run = () => decideSettings(settings as never, 'hardware');
    expect(errorOf(ConfigurationError, run).message).toContain(sentence);
  });
});

describe('the expected time of a run', () => {
  test('is about two minutes on hardware, less for a quick run, more in software', () => {
    const hardware = expectedRunSeconds(decideSettings({}, 'hardware'));
    expect(hardware).toBeGreaterThan(60);
    expect(hardware).toBeLessThan(240);
    expect(expectedRunSeconds(decideSettings({ quick: true }, 'hardware'))).toBeLessThan(40);
    expect(expectedRunSeconds(decideSettings({}, 'software'))).toBeGreaterThan(hardware);
  });

  test('grows with the repeats', () => {
    const few = expectedRunSeconds(decideSettings({ repeats: 10 }, 'hardware'));
    const many = expectedRunSeconds(decideSettings({ repeats: 20 }, 'hardware'));
    // 7 workloads, 3 backends, 10 more repeats of at least 0.3 s.
    expect(many - few).toBeGreaterThan(7 * 3 * 10 * 0.3);
  });
});

test('progress never decreases, and ends near 1', () => {
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

test('the resolution of a clock is its smallest observed step', () => {
  let calls = 0;
  // Steps of 0.1 ms; several calls see the same value.
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
