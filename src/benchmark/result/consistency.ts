/**
 * Checks that the figures of a result agree with each other: estimates, ratios and scores must follow from the repeats.
 * This detects results that were edited by hand.
 */
import { scoreOf } from '../score.ts';
import {
  blockMedians,
  blockSizes,
  estimate as estimateBlocks,
  estimatePairedRatio,
} from '../statistics.ts';
import type { BenchmarkResult, Estimate, Score, Verification, WorkloadResult } from './schema.ts';
import { plainText } from './words.ts';

/** Results and links round to five digits. */
const tolerance = 5e-4;

/** The first contradiction, as a clause; undefined if there is none. */
export function findContradiction(result: BenchmarkResult): string | undefined {
  for (const contradiction of contradictions(result)) return contradiction;
  return undefined;
}

function* contradictions(result: BenchmarkResult): Generator<string> {
  const { settings, workloads, timesToAccuracy, flags, crossover, scores } = result;
  if (!(settings.blocks >= 1 && settings.blocks <= settings.repeats)) {
    yield `settings have ${settings.blocks} blocks for ${settings.repeats} repeats`;
    return;
  }
  yield* repetitions('settings.workloads', settings.workloads);
  yield* repetitions('settings.backends', settings.backends);
  yield* repetitions('workloads', names(workloads));
  yield* repetitions('scores', backendsOf(scores));
  for (const workload of workloads) yield* workloadContradictions(workload, settings);
  for (const { workload, backend, target, accuracy, seconds } of timesToAccuracy) {
    const where = `the time to ${target} of ${quote(workload)} on '${backend}'`;
    if (!settings.workloads.includes(workload) || !settings.backends.includes(backend)) {
      yield `${where} is not part of the settings`;
    }
    if (seconds !== undefined && accuracy < target * (1 - tolerance)) {
      yield `${where} is ${seconds} s; the best accuracy was ${accuracy}`;
    }
  }
  for (const { kind, workload } of flags) {
    if (workload !== undefined && !settings.workloads.includes(workload)) {
      yield `a flag '${kind}' names workload ${quote(workload)}, which is not in the settings`;
    }
  }
  if (crossover && (crossover.kind === 'between') !== (crossover.parameters !== undefined)) {
    yield `the crossover is '${crossover.kind}' ${crossover.parameters === undefined ? 'without' : 'with'} a parameter count`;
  }
  for (const score of scores) yield* scoreContradictions(score, result);
}

function* workloadContradictions(
  { name, layers, parameterCount, series, ratios, verification }: WorkloadResult,
  settings: BenchmarkResult['settings'],
): Generator<string> {
  const where = `workload ${quote(name)}`;
  const sizes = blockSizes(settings.repeats, settings.blocks);
  if (!settings.workloads.includes(name)) yield `${where} is not in the settings`;
  const parameters = layers
    .slice(1)
    .reduce((sum, size, previous) => sum + size * (layers[previous]! + 1), 0);
  if (parameterCount !== parameters) {
    yield `${where} has ${parameterCount} parameters; layers ${layers.join('-')} have ${parameters}`;
  }
  yield* repetitions(`the backends of ${where}`, backendsOf(series));
  for (const { backend, samplesPerSecond, estimate } of series) {
    const what = `backend '${backend}' of ${where}`;
    const { length } = samplesPerSecond;
    if (!settings.backends.includes(backend)) yield `${what} is not in the settings`;
    if (length < 1 || length > settings.repeats) {
      yield `${what} has ${length} repeats; the settings have ${settings.repeats}`;
      return;
    }
    yield* disorder(what, estimate);
    const { middle } = estimateBlocks(blockMedians(samplesPerSecond, sizes));
    yield* difference(what, estimate.middle, 'the median of its blocks', middle);
  }
  for (const ratio of ratios) {
    const what = `the ratio of '${ratio.of}' to '${ratio.over}' of ${where}`;
    yield* disorder(what, ratio);
    const [of, over] = [ratio.of, ratio.over].map(
      (backend) => series.find((one) => one.backend === backend)?.samplesPerSecond,
    );
    if (!of || !over) yield `${what} names a backend that did not run`;
    // If a backend lacks rounds, the result does not say which rounds belong together.
    else if ([of, over].every(({ length }) => length === settings.repeats)) {
      const { middle } = estimatePairedRatio(blockMedians(of, sizes), blockMedians(over, sizes));
      yield* difference(what, ratio.middle, 'the median over its blocks', middle);
    }
  }
  if (verification) yield* verificationContradictions(verification, where);
}

function* verificationContradictions(
  { isVerified, tensors, worst, costDrift, maxDrift }: Verification,
  where: string,
): Generator<string> {
  const largest = Math.max(0, ...tensors.map((tensor) => tensor.worst));
  if (tensors.length > 0) {
    yield* difference(`the worst error of ${where}`, worst, 'the worst of its tensors', largest);
  }
  if (isVerified && (worst > 1 || costDrift > maxDrift)) {
    yield `${where} is verified with an error of ${worst} of the tolerance and a cost drift of ${costDrift} (maximum ${maxDrift})`;
  }
}

function* scoreContradictions(score: Score, result: BenchmarkResult): Generator<string> {
  const { backend } = score;
  const { settings, environment, workloads, flags } = result;
  const what = `the score of '${backend}'`;
  yield* disorder(what, score);
  const isSoftware = environment.adapter?.isSoftware === true;
  const sizes = blockSizes(settings.repeats, settings.blocks);
  const found = scoreOf(backend, workloads, isSoftware, sizes);
  if (!found) {
    yield `${what} is of a backend that ran no scored workload`;
    return;
  }
  const [said, measured] = [score, found].map(
    (one) =>
      `${one.class}, ${one.isComplete ? 'complete' : 'partial'}, over ${one.workloads.join(', ')}`,
  );
  if (said !== measured) {
    yield `${what} is '${plainText(said!, 100)}'; the run measured '${plainText(measured!, 100)}'`;
  }
  yield* difference(what, score.middle, 'the value computed from its repeats', found.middle);
  for (const { name, verification } of workloads) {
    const isCounted = backend === 'webgpu' && found.workloads.includes(name);
    if (isCounted && verification?.isVerified !== true) {
      yield `${what} counts workload ${quote(name)}, which is not verified`;
    }
  }
  yield* voided(what, backend, flags);
}

/** A score that a flag voids must not be there. */
export function* voided(
  what: string,
  backend: string,
  flags: readonly Pick<BenchmarkResult['flags'][number], 'kind' | 'isVoid' | 'backend'>[],
): Generator<string> {
  const flag = flags.find((one) => one.isVoid && (one.backend ?? backend) === backend);
  if (flag) yield `${what} is present although a flag '${flag.kind}' voids it`;
}

export function* repetitions(what: string, all: readonly string[]): Generator<string> {
  const repeated = all.find((name, n) => all.indexOf(name) !== n);
  if (repeated !== undefined) yield `${what} contain ${quote(repeated)} twice`;
}

export function* disorder(what: string, { middle, low, high }: Estimate): Generator<string> {
  if (!(low <= middle && middle <= high)) {
    yield `${what} is ${middle}, outside its own interval ${low} to ${high}`;
  }
}

function* difference(what: string, said: number, from: string, found: number): Generator<string> {
  if (Math.abs(said - found) > tolerance * found)
    yield `${what} is ${said}, but ${from} is ${found}`;
}

export function names(all: readonly { readonly name: string }[]): string[] {
  return all.map(({ name }) => name);
}

export function backendsOf(all: readonly { readonly backend: string }[]): string[] {
  return all.map(({ backend }) => backend);
}

function quote(name: string): string {
  return `'${plainText(name, 40)}'`;
}
