/** What the network answers to noise, and what it gets wrong. */
import { createDataset } from '../../../data/dataset.ts';
import { Random, streams } from '../../../network/random.ts';
import type { Task, TaskFunctions } from '../../worker/messages.ts';
import type { Course } from './course.ts';

const featureCount = 784;
const classCount = 10;

/** An image with the network's answer. */
export interface Answer {
  readonly pixels: Uint8Array;
  readonly answer: number;
  /** The activation of that output. */
  readonly given: number;
}

export interface TestAnswer extends Answer {
  /** In the test samples. */
  readonly index: number;
  readonly label: number;
  readonly cost: number;
}

export interface MendTasks {
  /** The network's answers to images of noise, the most confident first. */
  noise: Task<{ readonly seed: number }, never, NoiseAnswers>;
  /** The test digits with the largest costs, and some of those of a cell of the confusion matrix. */
  mistakes: Task<{ readonly cell: Cell }, never, Mistakes>;
}

/** A cell of the confusion matrix. */
export interface Cell {
  readonly label: number;
  readonly answer: number;
}

export interface NoiseAnswers {
  /** Images asked about. */
  readonly count: number;
  /** Images with an output above one half. */
  readonly confident: number;
  readonly shown: readonly Answer[];
}

export interface Mistakes {
  readonly count: number;
  readonly wrong: number;
  readonly worst: readonly TestAnswer[];
  /** The first ones of the cell. */
  readonly cell: readonly TestAnswer[];
  /** All of the cell. */
  readonly cellCount: number;
}

export const noiseCount = 100;
const shownCount = 10;

export const mendTasks = (course: () => Promise<Course>): TaskFunctions<MendTasks> => {
  let noise: { readonly seed: number; readonly features: Uint8Array } | undefined;
  return {
    noise: async ({ seed }) => {
      if (noise?.seed !== seed) noise = { seed, features: noiseImages(seed) };
      const { features } = noise;
      const images = createDataset({
        ...{ name: 'images of noise', featureCount, classCount, features },
        labels: new Uint8Array(noiseCount),
      });
      const opened = await course();
      const outputs = await opened.inTurn(() => opened.trainer.predict(images));
      const answers = Array.from({ length: noiseCount }, (_, n) => answerOf(outputs, n)).map(
        (answer, n) => ({ ...answer, pixels: imageOf(features, n) }),
      );
      return {
        count: noiseCount,
        confident: answers.filter(({ given }) => given > 0.5).length,
        shown: answers.toSorted((a, b) => b.given - a.given).slice(0, shownCount),
      };
    },
    mistakes: async ({ cell }) => {
      const opened = await course();
      const { test } = opened.data;
      const outputs = await opened.inTurn(() => opened.trainer.predict(test));
      const costs = Float64Array.from(test.labels, (label, n) => costOf(outputs, n, label));
      const describe = (index: number): TestAnswer => ({
        ...answerOf(outputs, index),
        ...{ index, label: test.labels[index]!, cost: costs[index]! },
        pixels: imageOf(test.features, index),
      });
      const all = [...test.labels.keys()];
      const wrong = all.filter((n) => answerOf(outputs, n).answer !== test.labels[n]);
      const inCell = all.filter(
        (n) => test.labels[n] === cell.label && answerOf(outputs, n).answer === cell.answer,
      );
      return {
        count: test.sampleCount,
        wrong: wrong.length,
        worst: wrong
          .toSorted((a, b) => costs[b]! - costs[a]!)
          .slice(0, shownCount)
          .map(describe),
        cell: inCell.slice(0, shownCount).map(describe),
        cellCount: inCell.length,
      };
    },
  };
};

/** Squares of random brightness: 1, 2 or 4 pixels wide in turn. No digit looks like that. */
function noiseImages(seed: number): Uint8Array {
  const random = new Random(seed, streams.lesson, 2 ** 21);
  const features = new Uint8Array(noiseCount * featureCount);
  for (let n = 0; n < noiseCount; n++) {
    const size = [1, 2, 4][n % 3]!;
    const perRow = 28 / size;
    const squares = Array.from({ length: perRow ** 2 }, () => random.integer(256));
    for (let i = 0; i < featureCount; i++) {
      const [row, column] = [Math.floor(i / 28 / size), Math.floor((i % 28) / size)];
      features[n * featureCount + i] = squares[row * perRow + column]!;
    }
  }
  return features;
}

const imageOf = (features: Uint8Array, n: number): Uint8Array =>
  features.slice(n * featureCount, (n + 1) * featureCount);

/** The largest output of a sample. */
function answerOf(outputs: Float32Array, n: number): { answer: number; given: number } {
  let answer = 0;
  for (let j = 1; j < classCount; j++) {
    if (outputs[n * classCount + j]! > outputs[n * classCount + answer]!) answer = j;
  }
  return { answer, given: outputs[n * classCount + answer]! };
}

/** The squared error of a sample's outputs. */
function costOf(outputs: Float32Array, n: number, label: number): number {
  let cost = 0;
  for (let j = 0; j < classCount; j++) {
    cost += (outputs[n * classCount + j]! - (j === label ? 1 : 0)) ** 2;
  }
  return cost;
}
