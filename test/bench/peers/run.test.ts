import { describe, expect, it } from 'vitest';

import { contenders as all } from '../../../bench/peers/contenders.ts';
import type { TrainingMeasurement } from '../../../bench/peers/measurements.ts';
import type { CallRequest, PeersBrowser } from '../../../bench/peers/peersBrowser.ts';
import type { ContenderResult, TimeToAccuracyResult } from '../../../bench/peers/results.ts';
import { runTimesToAccuracy, runWorkload, type RunOptions } from '../../../bench/peers/run.ts';
import { workloads, type TrainingWorkload } from '../../../bench/peers/workloads.ts';

const tiny = workloads.find((one): one is TrainingWorkload => one.name === 'tiny')!;
const contenders = all.slice(0, 4);
const referenceCost = 2;

/** A browser whose measurements follow from how often a contender was measured before. */
function fakeBrowser(onCall: (calls: number) => void) {
  const calls: string[] = [];
  const call = ({ job, args }: CallRequest) => {
    const { contender } = args as { contender: string };
    const times = 1 + calls.filter((name) => name === contender).length;
    calls.push(contender);
    onCall(calls.length);
    if (contender === contenders[1]!.name) return Promise.reject(new Error('It crashed.'));
    if (job === 'timeToAccuracy') return Promise.resolve({ isReached: true, evaluations: [] });
    const measurement: TrainingMeasurement = {
      ...{ times, seconds: 0.5, checkedCost: referenceCost, finalCost: 1 },
      // One is wrong from the start.
      ...(contender === contenders[2]!.name && { checkedCost: 3 }),
      form: { description: 'SIMD, 1 thread', shortfall: `${contender} has one thread.` },
    };
    return Promise.resolve(measurement);
  };
  return { calls, browser: { call } as unknown as PeersBrowser };
}

const options = (signal: AbortSignal): RunOptions => ({
  ...{ contenders, repeats: 3, seconds: 0.5, limitSeconds: 1, signal },
  onProgress: () => undefined,
});

/** Measures `tiny` from what is known; `stopAfter` is the measurement during which it is interrupted. */
async function measure(known: readonly ContenderResult[], stopAfter = Infinity) {
  const stop = new AbortController();
  const { calls, browser } = fakeBrowser((count) => {
    if (count === stopAfter) stop.abort(new Error('stopped'));
  });
  let results = known;
  const shortfalls: string[] = [];
  const run = runWorkload(
    browser,
    {
      ...{ workload: tiny, referenceCost, known },
      save: (more) => Promise.resolve(void (results = more)),
      onShortfall: (sentence) => shortfalls.push(sentence),
    },
    options(stop.signal),
  );
  const error = await run.then(
    () => undefined,
    (reason: unknown) => (reason as Error).message,
  );
  return { results, calls, error, shortfalls };
}

describe('a run that is interrupted', () => {
  // Three repeats of the two that are right, and one each of the one that crashes and of the one that is wrong.
  const measurements = 3 + 3 + 1 + 1;

  it('measures everything when it is not', async () => {
    const { results, calls, error, shortfalls } = await measure([]);
    expect([calls.length, error]).toEqual([measurements, undefined]);
    expect(results.map(({ verdict, samples }) => [verdict.kind, samples.length])).toEqual([
      ['right', 3],
      ['failed', 0],
      ['wrong', 1],
      ['right', 3],
    ]);
    expect(results[0]).toMatchObject({ form: 'SIMD, 1 thread' });
    expect(shortfalls).toContain(`${contenders[0]!.name} has one thread.`);
  });

  it('finishes the measurement under way, and later makes those that are missing and no others', async () => {
    const whole = await measure([]);
    for (let stopAfter = 1; stopAfter < measurements; stopAfter++) {
      const first = await measure([], stopAfter);
      expect([first.calls.length, first.error]).toEqual([stopAfter, 'stopped']);
      // As read from the file.
      const known = JSON.parse(JSON.stringify(first.results)) as ContenderResult[];
      const second = await measure(known);
      expect(first.calls.length + second.calls.length).toBe(measurements);
      const shape = ({ contender, verdict, samples }: ContenderResult) => ({
        ...{ contender, verdict, count: samples.length },
      });
      expect(second.results.map(shape)).toEqual(whole.results.map(shape));
      // The earlier samples are still there.
      for (const { contender, samples } of known) {
        const after = second.results.find((one) => one.contender === contender)!;
        expect(after.samples.slice(0, samples.length)).toEqual(samples);
      }
    }
  });

  it('trains up to an accuracy only with contenders that have not done so', async () => {
    const known: TimeToAccuracyResult[] = [
      { contender: contenders[0]!.name, line: '', workload: 'mid', accuracy: 0.97, failure: 'x' },
    ];
    const { calls, browser } = fakeBrowser(() => undefined);
    let results: readonly TimeToAccuracyResult[] = [];
    await runTimesToAccuracy(
      browser,
      tiny,
      { accuracy: 0.97, stepsBetween: 1, limitSeconds: 1 },
      known,
      (more) => Promise.resolve(void (results = more)),
      options(new AbortController().signal),
    );
    expect(calls).toEqual(contenders.slice(1).map(({ name }) => name));
    expect(results[0]).toBe(known[0]);
    expect(results.length).toBe(contenders.length);
  });
});
