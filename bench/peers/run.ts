/**
 * Measures contenders in one place, in turn within each repeat, so that whatever else the machine does meanwhile
 * hits them alike. A contender that fails or computes something else is left out of a workload's later repeats. What was
 * measured before is not measured again, and all that is known is handed over after each measurement.
 */
import { setTimeout } from 'node:timers/promises';

import type { Form } from '../../src/benchmark/peers/contender.ts';
import type { ContenderDescription } from './contenders.ts';
import { productError, randomMatrix } from './matrices.ts';
import type { MatmulMeasurement, TimeToAccuracy, TrainingMeasurement } from './measurements.ts';
import type { MeasuringPlace } from './peersBrowser.ts';
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
  /** Ends it before the next measurement, with the signal's reason. */
  readonly signal: AbortSignal;
  /** Told what is being done, for the log. */
  readonly onProgress: (line: string) => void;
}

/** Takes all results so far, after each measurement. */
type Save<Result> = (results: readonly Result[]) => Promise<void>;

interface Measured {
  readonly sample: Sample;
  readonly verdict: Verdict;
  readonly commands?: ContenderResult['commands'] | undefined;
  readonly form?: Form | undefined;
}

interface State {
  readonly contender: ContenderDescription;
  readonly samples: Sample[];
  verdict: Verdict;
  commands?: ContenderResult['commands'] | undefined;
  form?: string | undefined;
}

const right: Verdict = { kind: 'right' };

export interface WorkloadRun {
  readonly workload: Workload;
  /** Of a training; a product has none. */
  readonly referenceCost: number;
  /** Results of earlier measurements, of this workload and others. */
  readonly known: readonly ContenderResult[];
  readonly save: Save<ContenderResult>;
  /** Told of each contender, once, that runs in less than its best form. */
  readonly onShortfall: (sentence: string) => void;
}

export async function runWorkload(
  place: MeasuringPlace,
  { workload, referenceCost, known, save, onShortfall }: WorkloadRun,
  options: RunOptions,
): Promise<void> {
  const { contenders, repeats, signal, onProgress } = options;
  const states = contenders.map((contender): State => {
    const before = known.find(
      (one) => one.contender === contender.name && one.workload === workload.name,
    );
    return { verdict: right, ...before, contender, samples: [...(before?.samples ?? [])] };
  });
  for (let repeat = 1; repeat <= repeats; repeat++) {
    for (const state of states) {
      if (state.verdict.kind !== 'right' || state.samples.length >= repeat) continue;
      signal.throwIfAborted();
      onProgress(`${workload.name}, repeat ${repeat} of ${repeats}: ${state.contender.title}`);
      try {
        const measured = await measure(place, state.contender, workload, referenceCost, options);
        state.samples.push(measured.sample);
        state.verdict = measured.verdict;
        state.commands ??= measured.commands;
        state.form ??= measured.form?.description;
        if (measured.form?.shortfall !== undefined) onShortfall(measured.form.shortfall);
      } catch (error) {
        state.verdict = { kind: 'failed', reason: reasonOf(error) };
      }
      await save(states.filter(isTried).map((one) => toResult(one, workload)));
    }
  }
}

/** Whether anything is known of it: a contender that has not had its turn yet has no result. */
function isTried({ samples, verdict }: State): boolean {
  return samples.length > 0 || verdict.kind !== 'right';
}

function toResult(
  { contender, samples, verdict, commands, form }: State,
  workload: Workload,
): ContenderResult {
  const { name, line, title, computesOn } = contender;
  return {
    ...{ contender: name, line, title, computesOn, workload: workload.name },
    verdict,
    samples: [...samples],
    ...(commands && { commands }),
    ...(form !== undefined && { form }),
  };
}

async function measure(
  place: MeasuringPlace,
  { name }: ContenderDescription,
  workload: Workload,
  referenceCost: number,
  { seconds, limitSeconds }: RunOptions,
): Promise<Measured> {
  const args = { contender: name, workload, seconds };
  if (workload.kind === 'training') {
    const { times, checkedCost, finalCost, commands, form, ...timed } =
      await place.call<TrainingMeasurement>({ job: 'measureTraining', args, limitSeconds });
    const rate = workOf(workload, times) / timed.seconds;
    return {
      sample: { times, seconds: timed.seconds, rate, cost: checkedCost },
      verdict: judgeCost(checkedCost, referenceCost, finalCost),
      ...{ commands, form },
    };
  }
  const { size } = workload;
  const { times, product, form, ...timed } = await place.call<MatmulMeasurement>({
    job: 'measureMatmul',
    args,
    limitSeconds,
  });
  const error = productError(size, randomMatrix(size, 1), randomMatrix(size, 2), product);
  const rate = workOf(workload, times) / timed.seconds;
  return {
    sample: { times, seconds: timed.seconds, rate, error },
    verdict: judgeProduct(error),
    form,
  };
}

/**
 * Milliseconds between two page loads. The browser goes on compiling for a second after a page is closed, which would
 * slow the first step of the next page.
 */
const restMs = 2000;

/** Milliseconds to the first step, over several page loads. */
export async function runFirstSteps(
  place: MeasuringPlace,
  known: readonly FirstStepResult[],
  save: Save<FirstStepResult>,
  { contenders, repeats, limitSeconds, signal, onProgress }: RunOptions,
): Promise<void> {
  const states = contenders.map((contender) => {
    const before = known.find((one) => one.contender === contender.name);
    const milliseconds = [...(before?.milliseconds ?? [])];
    return { contender, milliseconds, failure: before?.failure };
  });
  const isLeft = ({ milliseconds, failure }: (typeof states)[number]) =>
    failure === undefined && milliseconds.length < repeats;
  if (!states.some(isLeft)) return;
  const load = async ({ name }: ContenderDescription): Promise<number> => {
    const milliseconds = await place.call<number>({
      job: 'firstStep',
      query: `?first=${name}`,
      limitSeconds,
    });
    await setTimeout(restMs);
    return milliseconds;
  };
  signal.throwIfAborted();
  // The first page of a browser with a device is slower than any later one, for any library.
  await load(contenders[0]!).catch(() => undefined);
  for (let repeat = 1; repeat <= repeats; repeat++) {
    for (const state of states) {
      if (!isLeft(state) || state.milliseconds.length >= repeat) continue;
      signal.throwIfAborted();
      const { contender } = state;
      onProgress(`first step, page load ${repeat} of ${repeats}: ${contender.title}`);
      try {
        state.milliseconds.push(await load(contender));
      } catch (error) {
        state.failure = reasonOf(error);
      }
      const tried = states.filter(
        (one) => one.milliseconds.length > 0 || one.failure !== undefined,
      );
      await save(
        tried.map(({ contender: { name, line }, milliseconds, failure }) => ({
          ...{ contender: name, line, milliseconds: [...milliseconds] },
          ...(failure !== undefined && { failure }),
        })),
      );
    }
  }
}

export interface TimeToAccuracyOptions {
  readonly accuracy: number;
  readonly stepsBetween: number;
  readonly limitSeconds: number;
}

/** Seconds of training until the test set is read that well. */
export async function runTimesToAccuracy(
  place: MeasuringPlace,
  workload: TrainingWorkload,
  { accuracy, stepsBetween, limitSeconds }: TimeToAccuracyOptions,
  known: readonly TimeToAccuracyResult[],
  save: Save<TimeToAccuracyResult>,
  { contenders, signal, onProgress }: RunOptions,
): Promise<void> {
  const results = [...known];
  for (const { name, line, title } of contenders) {
    if (results.some(({ contender }) => contender === name)) continue;
    signal.throwIfAborted();
    const common = { contender: name, line, workload: workload.name, accuracy };
    onProgress(`time to ${100 * accuracy} %: ${title}`);
    try {
      const result = await place.call<TimeToAccuracy>({
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
    await save([...results]);
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof DOMException && error.name === 'TimeoutError') return 'it took too long';
  return error instanceof Error ? error.message.split('\n')[0]! : String(error);
}
