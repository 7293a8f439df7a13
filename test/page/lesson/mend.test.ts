/** What the network gets wrong, and what a change did. */
import { afterAll, describe, expect, it } from 'vitest';

import { digitsRange } from '../../../src/data/digits/digits.ts';
import { sgd } from '../../../src/engine/optimizers.ts';
import { effectOf, mostConfused } from '../../../src/page/lesson/figures/mendNumbers.ts';
import { firstScript } from '../../../src/page/lesson/moment.ts';
import type { Course } from '../../../src/page/lesson/worker/course.ts';
import { firstNetwork } from '../../../src/page/lesson/worker/firstNetwork.ts';
import { mendTasks, noiseCount } from '../../../src/page/lesson/worker/mend.ts';
import { forwardPass } from '../../../src/reference/backpropagation.ts';
import { featureValues } from '../../../src/reference/features.ts';
import { Trainer } from '../../../src/training/trainer.ts';

const test = digitsRange(1, 'test', 0, 200);
const network = firstNetwork(firstScript);
const trainer = await Trainer.create(network, {
  ...{ batchSize: 100, optimizer: sgd({ learningRate: 6 }), backend: 'cpu', threads: 0 },
});
const course = {
  ...{ trainer, data: { test } },
  inTurn: <Value>(work: () => Promise<Value>) => work(),
} as unknown as Course;
const tasks = mendTasks(() => Promise.resolve(course));
const context = {
  signal: new AbortController().signal,
  emit: () => undefined,
  port: { postMessage: () => undefined, onmessage: null, onmessageerror: null },
};

afterAll(() => trainer.dispose());

describe('the mistakes', () => {
  it('are the test digits with the largest costs, and those of a cell', async () => {
    const all = Uint32Array.from({ length: 200 }, (_, n) => n);
    const { costs, predictions } = forwardPass({
      ...{ network, parameters: network.parameters, features: featureValues(test, all) },
      labels: test.labels,
    }).output;
    const wrong = [...all].filter((n) => predictions[n] !== test.labels[n]);
    const [first] = wrong;
    const cell = { label: test.labels[first!]!, answer: predictions[first!]! };
    const mistakes = await tasks.mistakes({ cell }, context);
    expect(mistakes).toMatchObject({ count: 200, wrong: wrong.length });
    const expected = wrong.map((n) => costs[n]!).sort((a, b) => b - a);
    mistakes.worst.forEach(({ index, cost, label, answer }, n) => {
      expect(cost).toBeCloseTo(expected[n]!, 4);
      expect([label, answer]).toEqual([test.labels[index], predictions[index]]);
    });
    const inCell = [...all].filter(
      (n) => test.labels[n] === cell.label && predictions[n] === cell.answer,
    );
    expect(mistakes.cellCount).toBe(inCell.length);
    expect(mistakes.cell.map(({ index }) => index)).toEqual(inCell.slice(0, 10));
  });
});

describe('the answers to noise', () => {
  it('are sorted by confidence, and the same for the same seed', async () => {
    const answers = await tasks.noise({ seed: 3 }, context);
    const given = answers.shown.map((answer) => answer.given);
    expect(given).toEqual(given.toSorted((a, b) => b - a));
    expect(answers.count).toBe(noiseCount);
    expect(await tasks.noise({ seed: 3 }, context)).toEqual(answers);
  });
});

describe('a change', () => {
  const point = (step: number, accuracy: number) => ({ step, accuracy, cost: 0 });
  const points = [point(0, 0.1), point(90, 0.8), point(100, 0.9), point(110, 0.2), point(150, 0.7)];

  it('is described by the accuracy before it, the least after it, and now', () => {
    const change = { kind: 'zero', layer: 2, step: 100 } as const;
    expect(effectOf(change, points, point(150, 0.7))).toEqual({
      before: 0.9,
      least: 0.2,
      now: 0.7,
    });
    const twice = [...points.slice(0, 3), point(100, 0.1), ...points.slice(3)];
    expect(effectOf(change, twice, point(150, 0.7))).toEqual({ before: 0.9, least: 0.1, now: 0.7 });
    // The moment of the change itself.
    expect(effectOf(change, points, point(100, 0.1))).toEqual({
      before: 0.9,
      least: 0.1,
      now: 0.1,
    });
  });
});

describe('the most confused digits', () => {
  it('are the largest cell off the diagonal', () => {
    const confusion = [
      [50, 1, 3],
      [4, 60, 0],
      [2, 9, 70],
    ];
    expect(mostConfused(confusion)).toEqual({ label: 2, answer: 1 });
  });
});
