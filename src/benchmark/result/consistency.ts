/**
 * What a result must keep to beyond its shape: its figures follow from each other, so that one that was edited by hand
 * is found out unless all were.
 */
import { scoreOf } from '../score.ts';
import {
  blockMedians,
  blockSizes,
  estimate as estimateBlocks,
  estimatePairedRatio,
} from '../statistics.ts';
import type {
  BenchmarkResult,
  Estimate,
  Score,
  Series,
  Verification,
  WorkloadResult,
} from './schema.ts';
import { plainText } from './words.ts';

/** Links round to five digits. A smaller difference is of no use to a forger. */
const tolerance = 5e-4;

/** The first contradiction, as the part of a sentence; undefined where there is none. */
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
  yield* repetitions('the workloads of settings', settings.workloads);
  yield* repetitions('the backends of settings', settings.backends);
  yield* repetitions(
    'the workloads',
    workloads.map(({ name }) => name),
  );
  for (const workload of workloads) {
    const where = `workload ${quote(workload.name)}`;
    if (!settings.workloads.includes(workload.name)) {
      yield `${where} is not among the workloads of settings`;
    }
    yield* workloadContradictions(workload, settings, where);
  }
  for (const { workload, backend, target, accuracy, seconds } of timesToAccuracy) {
    const where = `the time to ${target} on workload ${quote(workload)}`;
    if (!settings.workloads.includes(workload) || !settings.backends.includes(backend)) {
      yield `${where} by backend '${backend}' is of what settings do not have`;
    }
    if (seconds !== undefined && accuracy < target * (1 - tolerance)) {
      yield `${where} is ${seconds} s, and the best accuracy was ${accuracy}`;
    }
  }
  for (const { kind, workload } of flags) {
    if (workload !== undefined && !settings.workloads.includes(workload)) {
      yield `a flag '${kind}' is for workload ${quote(workload)}, which settings do not have`;
    }
  }
  if (crossover && (crossover.kind === 'between') !== (crossover.parameters !== undefined)) {
    yield `the crossover is '${crossover.kind}' ${crossover.parameters === undefined ? 'without' : 'with'} a number of parameters`;
  }
  yield* repetitions(
    'the backends of scores',
    scores.map(({ backend }) => backend),
  );
  for (const score of scores) yield* scoreContradictions(score, result);
}

function* workloadContradictions(
  workload: WorkloadResult,
  settings: BenchmarkResult['settings'],
  where: string,
): Generator<string> {
  const { layers, parameterCount, series, ratios, verification } = workload;
  const parameters = layers
    .slice(1)
    .reduce((sum, size, previous) => sum + size * (layers[previous]! + 1), 0);
  if (parameterCount !== parameters) {
    yield `${where} has ${parameterCount} parameters, and layers ${layers.join('-')} have ${parameters}`;
  }
  yield* repetitions(
    `the backends of ${where}`,
    series.map(({ backend }) => backend),
  );
  for (const one of series) yield* seriesContradictions(one, settings, where);
  for (const ratio of ratios) {
    const what = `the ratio of '${ratio.of}' to '${ratio.over}' of ${where}`;
    yield* disorder(what, ratio);
    const [of, over] = [ratio.of, ratio.over].map((backend) => findSeries(workload, backend));
    if (!of || !over) yield `${what} is of a backend that did not run`;
    // Where rounds are missing on a backend, which belong together is not told.
    else if ([of, over].every(({ length }) => length === settings.repeats)) {
      const [above, below] = [of, over].map((rates) => blockMedians(rates, sizesOf(settings)));
      const { middle } = estimatePairedRatio(above!, below!);
      yield* difference(what, ratio.middle, 'the median over its blocks', middle);
    }
  }
  if (verification) yield* verificationContradictions(verification, where);
}

function* seriesContradictions(
  { backend, samplesPerSecond, estimate }: Series,
  settings: BenchmarkResult['settings'],
  where: string,
): Generator<string> {
  const what = `backend '${backend}' of ${where}`;
  const { length } = samplesPerSecond;
  if (!settings.backends.includes(backend)) yield `${what} is not among the backends of settings`;
  if (length < 1 || length > settings.repeats) {
    yield `${what} has ${length} repeats, and settings have ${settings.repeats}`;
    return;
  }
  yield* disorder(`the estimate of ${what}`, estimate);
  const { middle } = estimateBlocks(blockMedians(samplesPerSecond, sizesOf(settings)));
  yield* difference(`the estimate of ${what}`, estimate.middle, 'the median of its blocks', middle);
}

function* verificationContradictions(
  { isVerified, tensors, worst, costDrift, maxDrift }: Verification,
  where: string,
): Generator<string> {
  const largest = tensors.reduce((max, tensor) => Math.max(max, tensor.worst), 0);
  if (tensors.length > 0) {
    yield* difference(`the worst error of ${where}`, worst, 'the worst of its tensors', largest);
  }
  if (isVerified && (worst > 1 || costDrift > maxDrift)) {
    yield `${where} is verified with an error of ${worst} of its bound and a drift of ${costDrift} of at most ${maxDrift}`;
  }
}

function* scoreContradictions(score: Score, result: BenchmarkResult): Generator<string> {
  const { backend } = score;
  const what = `the score of backend '${backend}'`;
  yield* disorder(what, score);
  const isSoftware = result.environment.adapter?.isSoftware === true;
  const found = scoreOf(backend, result.workloads, isSoftware, sizesOf(result.settings));
  if (!found) {
    yield `${what} is of a backend that ran no workload that counts`;
    return;
  }
  const [said, counted] = [score, found].map(({ workloads }) => workloads.join(', '));
  if (said !== counted) yield `${what} is over ${quote(said!)}, and ${quote(counted!)} ran`;
  if (score.isComplete !== found.isComplete || score.class !== found.class) {
    yield `${what} is ${describeKind(score)}, and ${describeKind(found)} was measured`;
  }
  yield* difference(what, score.middle, 'what follows from its repeats', found.middle);
  if (backend === 'webgpu') {
    for (const { name, verification } of result.workloads) {
      if (found.workloads.includes(name) && verification?.isVerified !== true) {
        yield `${what} counts workload ${quote(name)}, which is not verified`;
      }
    }
  }
  const voiding = result.flags.find(
    (flag) => flag.isVoid && (flag.backend === undefined || flag.backend === backend),
  );
  if (voiding) yield `${what} is there, and a flag '${voiding.kind}' voids it`;
}

function describeKind({ class: kind, isComplete }: Score): string {
  return `${isComplete ? 'a whole' : 'a part of a'} run's of class '${kind}'`;
}

/** Repeats of each block. */
function sizesOf({ repeats, blocks }: BenchmarkResult['settings']): readonly number[] {
  return blockSizes(repeats, blocks);
}

function findSeries({ series }: WorkloadResult, backend: string): readonly number[] | undefined {
  return series.find((one) => one.backend === backend)?.samplesPerSecond;
}

function* repetitions(what: string, names: readonly string[]): Generator<string> {
  const repeated = names.find((name, n) => names.indexOf(name) !== n);
  if (repeated !== undefined) yield `${what} have ${quote(repeated)} twice`;
}

function* disorder(what: string, { middle, low, high }: Estimate): Generator<string> {
  if (!(low <= middle && middle <= high)) {
    yield `${what} is ${middle}, outside of its own interval from ${low} to ${high}`;
  }
}

function* difference(what: string, said: number, from: string, found: number): Generator<string> {
  if (Math.abs(said - found) > tolerance * found)
    yield `${what} is ${said}, and ${from} is ${found}`;
}

function quote(name: string): string {
  return `'${plainText(name, 40)}'`;
}
