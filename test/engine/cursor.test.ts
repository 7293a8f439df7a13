import { expect, it } from 'vitest';

import { TrainingCursor } from '../../src/engine/cursor.ts';

it('counts the steps over all epochs, and those of the epoch', () => {
  const cursor = new TrainingCursor(3);
  expect(cursor.position).toEqual({ step: 0, epoch: 0, stepOfEpoch: 0 });
  cursor.advance(2);
  expect(cursor.position).toEqual({ step: 2, epoch: 0, stepOfEpoch: 2 });
  expect(cursor.stepsLeft).toBe(1);
  cursor.advance(1);
  // The epoch is complete, and the next has not begun.
  expect(cursor.position).toEqual({ step: 3, epoch: 0, stepOfEpoch: 3 });
  expect(cursor.stepsLeft).toBe(0);
  cursor.nextEpoch();
  expect(cursor.position).toEqual({ step: 3, epoch: 1, stepOfEpoch: 0 });
  expect(cursor.stepsLeft).toBe(3);
});

it('leaves an epoch unfinished, and stays in one of which nothing was made', () => {
  const cursor = new TrainingCursor(5, { step: 12, epoch: 2, stepOfEpoch: 2 });
  cursor.nextEpoch();
  expect(cursor.position).toEqual({ step: 12, epoch: 3, stepOfEpoch: 0 });
  cursor.nextEpoch();
  expect(cursor.position).toEqual({ step: 12, epoch: 3, stepOfEpoch: 0 });
});

it('has no end before a training set is known', () => {
  const cursor = new TrainingCursor(undefined, { step: 7, epoch: 0, stepOfEpoch: 7 });
  expect(cursor.stepsLeft).toBe(Infinity);
  cursor.stepsPerEpoch = 10;
  expect(cursor.stepsLeft).toBe(3);
});

it('is a copy of where it is put, and goes on alone', () => {
  const reported = new TrainingCursor(10);
  reported.advance(4);
  const submitted = new TrainingCursor(10, reported);
  submitted.advance(6);
  expect([reported.step, submitted.step]).toEqual([4, 10]);
});
