/**
 * Measures contenders in one browser, in turn within each repeat, so that whatever else the machine does meanwhile
 * hits them alike. A contender that fails or computes something else is left out of a workload's later repeats.
 */
import { setTimeout } from 'node:timers/promises';

import type { ContenderDescription } from './contenders.ts';
import { productError, randomMatrix } from './matrices.ts';
import type { MatmulMeasurement, TimeToAccuracy, TrainingMeasurement } from './measurements.ts';
import type { PeersBrowser } from './peersBrowser.ts';
import type { ContenderResult, FirstStepResult, Sample, TimeToAccuracyResult } from './results.ts';
import { judgeCost, judgeProduct, type Verdict } from './statistics.ts';
import { workOf, type TrainingWorkload, type Workload } from './workloads.ts';

export interface RunOptions {
  readonly contenders: readonly ContenderDescription[];
  readonly repeats: number;
  /** Seconds of each measurement, at least. */
  readonly seconds: number;
  /** Seconds after which a page counts as hanging, its preparation included. */
  readonly limitSeconds: number;
  /** Told what is being done, for who watches. */
  readonly onProgress: (line: string) => void;
}

interface Measured {
  readonly sample: Sample;
  readonly verdict: Verdict;
  readonly commands?: ContenderResult['commands'];
}

interface State {
  readonly contender: ContenderDescription;
  readonly samples: Sample[];
  verdict: Verdict;
  commands?: ContenderResult['commands'];
}

const right: Verdict = { kind: 'right' };

/** @param referenceCost of a training; of no use to a product */
export async function runWorkload(
  browser: PeersBrowser,
  workload: Workload,
  referenceCost: number,
  options: RunOptions,
): Promise<ContenderResult[]> {
  const { contenders, repeats, onProgress } = options;
  const states = contenders.map((contender): State => ({ contender, samples: [], verdict: right }));
  for (let repeat = 1; repeat <= repeats; repeat++) {
    for (const state of states) {
      if (state.verdict.kind !== 'right') continue;
      onProgress(`${workload.name}, repeat ${repeat} of ${repeats}: ${state.contender.title}`);
      try {
        const measured = await measure(browser, state.contender, workload, referenceCost, options);
        state.samples.push(measured.sample);
        state.verdict = measured.verdict;
        if (measured.commands) state.commands ??= measured.commands;
      } catch (error) {
        state.verdict = { kind: 'failed', reason: reasonOf(error) };
      }
    }
  }
  return states.map(({ contender, samples, verdict, commands }) => ({
    contender: contender.name,
    line: contender.line,
    title: contender.title,
    computesOn: contender.computesOn,
    workload: workload.name,
    verdict,
    samples,
    ...(commands && { commands }),
  }));
}

async function measure(
  browser: PeersBrowser,
  { name }: ContenderDescription,
  workload: Workload,
  referenceCost: number,
  { seconds, limitSeconds }: RunOptions,
): Promise<Measured> {
  const args = { contender: name, workload, seconds };
  if (workload.kind === 'training') {
    const { times, checkedCost, finalCost, commands, ...timed } =
      await browser.call<TrainingMeasurement>({ job: 'measureTraining', args, limitSeconds });
    const rate = workOf(workload, times) / timed.seconds;
    return {
      sample: { times, seconds: timed.seconds, rate, cost: checkedCost },
      verdict: judgeCost(checkedCost, referenceCost, finalCost),
      ...(commands && { commands }),
    };
  }
  const { size } = workload;
  const { times, product, ...timed } = await browser.call<MatmulMeasurement>({
    job: 'measureMatmul',
    args,
    limitSeconds,
  });
  const error = productError(size, randomMatrix(size, 1), randomMatrix(size, 2), product);
  const rate = workOf(workload, times) / timed.seconds;
  return {
    sample: { times, seconds: timed.seconds, rate, error },
    verdict: judgeProduct(error),
  };
}

/**
 * Milliseconds between two page loads, in which the browser ends what the page before has left to it: compiling goes on
 * for a second after a page is closed, and would be counted against whoever comes next.
 */
const restMs = 2000;

/** Milliseconds to the first step, over several page loads. */
export async function runFirstSteps(
  browser: PeersBrowser,
  { contenders, repeats, limitSeconds, onProgress }: RunOptions,
): Promise<FirstStepResult[]> {
  const states = contenders.map((contender) => ({
    contender,
    milliseconds: [] as number[],
    failure: undefined as string | undefined,
  }));
  const load = async ({ name }: ContenderDescription): Promise<number> => {
    const milliseconds = await browser.call<number>({
      job: 'firstStep',
      query: `?first=${name}`,
      limitSeconds,
    });
    await setTimeout(restMs);
    return milliseconds;
  };
  // The first page of a browser with a device is slower than any later one, whoever it is for.
  await load(contenders[0]!).catch(() => undefined);
  for (let repeat = 1; repeat <= repeats; repeat++) {
    for (const state of states) {
      if (state.failure !== undefined) continue;
      const { contender } = state;
      onProgress(`first step, page load ${repeat} of ${repeats}: ${contender.title}`);
      try {
        state.milliseconds.push(await load(contender));
      } catch (error) {
        state.failure = reasonOf(error);
      }
    }
  }
  return states.map(({ contender: { name, line }, milliseconds, failure }) => ({
    contender: name,
    line,
    milliseconds,
    ...(failure !== undefined && { failure }),
  }));
}

export interface TimeToAccuracyOptions {
  readonly accuracy: number;
  readonly stepsBetween: number;
  readonly limitSeconds: number;
}

/** Seconds of training until the test set is read that well. */
export async function runTimesToAccuracy(
  browser: PeersBrowser,
  workload: TrainingWorkload,
  { accuracy, stepsBetween, limitSeconds }: TimeToAccuracyOptions,
  { contenders, onProgress }: RunOptions,
): Promise<TimeToAccuracyResult[]> {
  const results: TimeToAccuracyResult[] = [];
  for (const { name, line, title } of contenders) {
    const common = { contender: name, line, workload: workload.name, accuracy };
    onProgress(`time to ${100 * accuracy} %: ${title}`);
    try {
      const result = await browser.call<TimeToAccuracy>({
        job: 'timeToAccuracy',
        args: { contender: name, workload, accuracy, stepsBetween, limitSeconds },
        // Evaluations and preparation come on top of the training.
        limitSeconds: 3 * limitSeconds + 120,
        onEvent: (event) => onProgress(JSON.stringify(event)),
      });
      results.push({ ...common, result });
    } catch (error) {
      results.push({ ...common, failure: reasonOf(error) });
    }
  }
  return results;
}

function reasonOf(error: unknown): string {
  if (error instanceof DOMException && error.name === 'TimeoutError') return 'it took too long';
  return error instanceof Error ? error.message.split('\n')[0]! : String(error);
}
