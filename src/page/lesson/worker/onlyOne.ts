/** Training on one digit only: what happens to the answers. */
import { createDataset, sliceDataset, type Dataset } from '../../../data/dataset.ts';
import { sgd } from '../../../engine/optimizers.ts';
import { nextTurn } from '../../../engine/timeSlice.ts';
import type { Network } from '../../../network/network.ts';
import { presets } from '../../../network/presets.ts';
import { Trainer } from '../../../training/trainer.ts';
import type { Task, TaskFunctions } from '../../worker/messages.ts';
import { finish } from './changes.ts';
import type { Course } from './course.ts';

const featureCount = 784;
/** Digits of the kind are taken from the first training digits, which are always there. */
const sourceCount = 2000;
/** The steps after which the short run is looked at. */
export const onlyOneSteps = [
  0, 1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 18, 22, 27, 33, 40, 50, 60, 75, 90, 110, 135, 165, 200,
] as const;
/** Test digits whose answers are shown. */
const shownCount = 20;

export interface OnlyOnePoint {
  readonly step: number;
  /** Share of all test digits answered with the digit. */
  readonly share: number;
  /** Share answered correctly. */
  readonly accuracy: number;
  /** The network's answer to each shown test digit. */
  readonly answers: Uint8Array;
}

export interface OnlyOneAnswer {
  /** The step of the lesson's run at which the short run begins. */
  readonly step: number;
  readonly digit: number;
  /** Training digits of the kind. */
  readonly trainingCount: number;
  readonly testCount: number;
  /** From the parameters of that step. */
  readonly now: readonly OnlyOnePoint[];
  /** From the parameters at the start of the lesson's run, which have learned nothing. */
  readonly start: readonly OnlyOnePoint[];
}

export interface OnlyOneTasks {
  /** Short runs from the current parameters and from the first ones. They leave the lesson's run as it is. */
  onlyOne: Task<{ readonly digit: number }, never, OnlyOneAnswer>;
  /** The answers of the lesson's network to the shown test digits. */
  onlyOneNow: Task<null, never, { readonly step: number; readonly answers: Uint8Array }>;
  /** The shown test digits. */
  onlyOneDigits: Task<
    null,
    never,
    { readonly pixels: readonly Uint8Array[]; readonly labels: Uint8Array }
  >;
}

export const onlyOneTasks = (course: () => Promise<Course>): TaskFunctions<OnlyOneTasks> => {
  // The run from the start is the same until the script changes.
  let kept: { readonly key: string; readonly points: readonly OnlyOnePoint[] } | undefined;
  return {
    onlyOne: async ({ digit }, { signal }) => {
      const opened = await course();
      const { network, step } = await opened.inTurn(async () => ({
        network: await opened.network(),
        step: opened.step,
      }));
      const { seed, activation, rate } = opened.script;
      const { test } = opened.data;
      const training = onlyDigit(await opened.data.drawn(sourceCount), digit);
      const run = (from: Network) => trial(from, { training, test, digit, rate, seed, signal });
      const key = `${seed} ${activation} ${rate} ${digit}`;
      if (kept?.key !== key) kept = { key, points: await run(opened.firstNetwork()) };
      const counts = { trainingCount: training.sampleCount, testCount: test.sampleCount };
      return { step, digit, ...counts, now: await run(network), start: kept.points };
    },
    onlyOneNow: async () => {
      const opened = await course();
      return await opened.inTurn(async () => ({
        step: opened.step,
        answers: await answersOf(opened.trainer, shown(opened.data.test)),
      }));
    },
    onlyOneDigits: async () => {
      const { features, labels } = shown((await course()).data.test);
      const pixels = Array.from(labels, (_, n) =>
        features.slice(n * featureCount, (n + 1) * featureCount),
      );
      return { pixels, labels: labels.slice() };
    },
  };
};

/** Trains a network on one digit, and looks at it on the way. */
async function trial(
  network: Network,
  options: {
    readonly training: Dataset;
    readonly test: Dataset;
    readonly digit: number;
    readonly rate: number;
    readonly seed: number;
    readonly signal: AbortSignal;
  },
): Promise<OnlyOnePoint[]> {
  const { training, test, digit, rate, seed, signal } = options;
  const trainer = await Trainer.create(network, {
    batchSize: presets.lecture.batchSize,
    optimizer: sgd({ learningRate: rate }),
    ...{ backend: 'cpu', threads: 0, seed },
  });
  try {
    const points: OnlyOnePoint[] = [];
    for (const at of onlyOneSteps) {
      const steps = at - trainer.step;
      if (steps > 0) await finish(trainer.fit(training, { steps }));
      points.push(await lookAt(trainer, test, digit));
      // The lesson's run goes on between two looks.
      await nextTurn();
      signal.throwIfAborted();
    }
    return points;
  } finally {
    await trainer.dispose();
  }
}

const shown = (test: Dataset): Dataset => sliceDataset(test, 0, shownCount);

async function lookAt(trainer: Trainer, test: Dataset, digit: number): Promise<OnlyOnePoint> {
  const { confusion, accuracy } = await trainer.evaluate(test);
  return {
    step: trainer.step,
    share: shareAnswered(confusion, digit),
    accuracy,
    answers: await answersOf(trainer, shown(test)),
  };
}

/** @param confusion [label][prediction] sample counts */
export function shareAnswered(confusion: readonly (readonly number[])[], digit: number): number {
  const all = confusion.flat().reduce((sum, count) => sum + count, 0);
  return confusion.reduce((sum, row) => sum + row[digit]!, 0) / all;
}

async function answersOf(trainer: Trainer, dataset: Dataset): Promise<Uint8Array> {
  const outputs = await trainer.predict(dataset);
  return Uint8Array.from({ length: dataset.sampleCount }, (_, n) => {
    const row = outputs.subarray(n * 10, (n + 1) * 10);
    return row.indexOf(Math.max(...row));
  });
}

/** The samples with this label. */
export function onlyDigit({ features, labels, ...rest }: Dataset, digit: number): Dataset {
  const chosen = [...labels.keys()].filter((index) => labels[index] === digit);
  const taken = new Uint8Array(chosen.length * featureCount);
  chosen.forEach((index, n) => {
    const from = index * featureCount;
    taken.set(features.subarray(from, from + featureCount), n * featureCount);
  });
  return createDataset({
    ...{ name: `training digits ${digit}`, featureCount, classCount: rest.classCount },
    features: taken,
    labels: new Uint8Array(chosen.length).fill(digit),
  });
}
