/** What is done in a page, or in Node for Python's libraries: one measurement each. */
import type { Contender, Learner, LearningTask } from '../../../src/benchmark/peers/contender.ts';
import { sliceDataset, type Dataset } from '../../../src/data/dataset.ts';
import { Network } from '../../../src/network/network.ts';
import type { PageJob, PageJobContext } from '../../../src/page/jobs/pageJob.ts';
import type { MatmulMeasurement, TimeToAccuracy, TrainingMeasurement } from '../measurements.ts';
import { householder, randomMatrix } from '../matrices.ts';
import { wholeBatches, type MatmulWorkload, type TrainingWorkload } from '../workloads.ts';
import type { SetName } from './data.ts';
import { countCommands } from './countCommands.ts';
import { timeRun } from './timeRun.ts';

/** Where libraries and data come from. */
export interface Sources {
  readonly load: (name: string) => Promise<Contender>;
  readonly dataset: (name: SetName) => Promise<Dataset>;
}

export interface MeasureArguments<W> {
  readonly contender: string;
  readonly workload: W;
  /** How long to compute, at least. */
  readonly seconds: number;
}

export interface TimeToAccuracyArguments {
  readonly contender: string;
  readonly workload: TrainingWorkload;
  /** Share of the test set that is to be right. */
  readonly accuracy: number;
  readonly stepsBetween: number;
  /** Seconds of training after which it is given up. */
  readonly limitSeconds: number;
}

export function jobsIn(sources: Sources) {
  return {
    measureTraining: (args) => measureTraining(sources, args),
    measureMatmul: (args) => measureMatmul(sources, args),
    timeToAccuracy: (args, context) => timeToAccuracy(sources, args, context),
  } satisfies {
    measureTraining: PageJob<MeasureArguments<TrainingWorkload>>;
    measureMatmul: PageJob<MeasureArguments<MatmulWorkload>>;
    timeToAccuracy: PageJob<TimeToAccuracyArguments>;
  };
}

async function measureTraining(
  sources: Sources,
  { contender, workload, seconds }: MeasureArguments<TrainingWorkload>,
): Promise<TrainingMeasurement> {
  const learner = await createLearner(sources, contender, workload);
  await learner.settle?.();
  // What the reference has computed as well; it also compiles and warms everything up.
  const steps = workload.checkedSteps;
  const counts = await countCommands(() => learner.train(steps));
  const checkedCost = await learner.train(1);
  const timed = await timeRun((times) => learner.train(times), seconds);
  const finalCost = await learner.train(1);
  const form = await learner.form?.();
  await learner.dispose();
  const { dispatches, submits } = counts;
  const commands = { dispatches: dispatches / steps, submits: submits / steps };
  return {
    ...timed,
    ...{ checkedCost, finalCost },
    ...(dispatches > 0 && { commands }),
    ...(form && { form }),
  };
}

async function measureMatmul(
  sources: Sources,
  { contender, workload: { size }, seconds }: MeasureArguments<MatmulWorkload>,
): Promise<MatmulMeasurement> {
  const library = await sources.load(contender);
  if (!library.multiplier) throw new Error(`${contender} has no product of matrices of its own.`);
  const a = randomMatrix(size, 1);

  const checked = await library.multiplier({ size, a, b: randomMatrix(size, 2) });
  const product = await checked.product();
  await checked.dispose();

  // A library that multiplies the last product again, so that no product can be left out, needs a B that keeps its numbers' size.
  const timedOne = await library.multiplier({ size, a, b: householder(size, 3) });
  const timed = await timeRun((times) => timedOne.multiply(times), seconds);
  const form = await timedOne.form?.();
  await timedOne.dispose();
  return { ...timed, product: Float32Array.from(product), ...(form && { form }) };
}

async function timeToAccuracy(
  sources: Sources,
  { contender, workload, accuracy, stepsBetween, limitSeconds }: TimeToAccuracyArguments,
  { emit }: PageJobContext,
): Promise<TimeToAccuracy> {
  // Compiles, with a network that is thrown away.
  const trial = await createLearner(sources, contender, workload, { withTest: true });
  await trial.train(stepsBetween);
  await trial.accuracy?.();
  await trial.dispose();

  const learner = await createLearner(sources, contender, workload, { withTest: true });
  await learner.settle?.();
  if (!learner.accuracy) throw new Error(`${contender} is not evaluated by this benchmark.`);
  const evaluations: TimeToAccuracy['evaluations'][number][] = [];
  let seconds = 0;
  let steps = 0;
  let reached = 0;
  while (reached < accuracy && seconds < limitSeconds) {
    const start = performance.now();
    await learner.train(stepsBetween);
    seconds += (performance.now() - start) / 1000;
    steps += stepsBetween;
    reached = await learner.accuracy();
    evaluations.push({ steps, seconds, accuracy: reached });
    await emit(evaluations.at(-1));
  }
  await learner.dispose();
  return { isReached: reached >= accuracy, evaluations };
}

async function createLearner(
  { load, dataset }: Sources,
  name: string,
  { network, batchSize, learningRate }: TrainingWorkload,
  { withTest = false } = {},
): Promise<Learner> {
  const contender = await load(name);
  const all = await dataset('training');
  const task: LearningTask = {
    network: new Network(network),
    training: sliceDataset(all, 0, wholeBatches(all.sampleCount, batchSize)),
    batchSize,
    learningRate,
    ...(withTest && { test: await dataset('test') }),
  };
  return await contender.learn(task);
}
