/** The lesson's run: the same script gives the same bits, however the reader came there. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, describe, expect, it, vi } from 'vitest';

import { digits } from '../../../src/data/digits/digits.ts';
import { sliceDataset } from '../../../src/data/dataset.ts';
import { sgd } from '../../../src/engine/optimizers.ts';
import { Network } from '../../../src/network/network.ts';
import { presets } from '../../../src/network/presets.ts';
import { findMnistFolder } from '../../../src/node/mnist.ts';
import { firstScript, type Example, type Script } from '../../../src/page/lesson/moment.ts';
import type { Frame } from '../../../src/page/lesson/frame.ts';
import { finish } from '../../../src/page/lesson/worker/changes.ts';
import { Course } from '../../../src/page/lesson/worker/course.ts';
import { paces, type PaceName } from '../../../src/page/lesson/worker/pace.ts';
import { Trainer } from '../../../src/training/trainer.ts';
import { makeIdx } from '../../support/idxFiles.ts';

const courses: Course[] = [];

afterEach(async () => {
  await Promise.all(courses.splice(0).map((course) => course.dispose()));
});

/** A course that is paused at a step, and the last frame that it emitted. */
async function openAt(
  step: number,
  script: Script = firstScript,
  more: { readonly example?: Example; readonly pace?: PaceName } = {},
) {
  const frames: Frame[] = [];
  const course = await Course.open(
    { script, step, ...more },
    (frame) => frames.push(frame),
    () => undefined,
  );
  courses.push(course);
  return { course, last: () => frames.at(-1)! };
}

const bits = ({ nudges }: Frame): Float32Array => Float32Array.from(nudges.usedParameters);

describe('the run of the lesson', () => {
  it('is that of a trainer with the lecture’s preset: one epoch on 2,000 digits, then one on 4,000', async () => {
    const { last } = await openAt(45);
    const { training } = digits({ seed: 1, trainingCount: 4000, testCount: 1 });
    const { network, batchSize, learningRate } = presets.lecture;
    const trainer = await Trainer.create(new Network({ ...network, seed: 1 }), {
      batchSize,
      optimizer: sgd({ learningRate }),
      backend: 'cpu',
      threads: 0,
      seed: 1,
    });
    await finish(trainer.fit(sliceDataset(training, 0, 2000)));
    await finish(trainer.fit(training, { steps: 25 }));
    expect(bits(last())).toEqual((await trainer.network()).parameters);
    await trainer.dispose();
  });

  it('shows the bits of a step again when the reader goes back to it, or on from there', async () => {
    const { course, last } = await openAt(70);
    const at70 = bits(last());
    await course.command({ do: 'go', step: 33 });
    const at33 = bits(last());
    expect(last().step).toBe(33);
    await course.command({ do: 'go', step: 70 });
    expect(bits(last())).toEqual(at70);
    expect(bits((await openAt(33)).last())).toEqual(at33);
  });

  it('has the same bits at a sparing pace, which draws digits when they are needed', async () => {
    const { last } = await openAt(70, firstScript, { pace: 'sparing' });
    expect(bits(last())).toEqual(bits((await openAt(70)).last()));
  });

  it('makes the changes of a script at their steps, as the reader made them', async () => {
    const { course, last } = await openAt(30);
    await course.command({ do: 'change', change: { kind: 'noise', layer: 1, size: 0.5 } });
    await course.command({ do: 'advance', steps: 10 });
    await course.command({ do: 'change', change: { kind: 'only', digit: 2 } });
    await course.command({ do: 'change', change: { kind: 'rate', rate: 1 } });
    await course.command({ do: 'advance', steps: 5 });
    await course.command({ do: 'one' });
    const made = last();
    expect(made.step).toBe(45);
    expect(made.script.changes.map(({ kind, step }) => `${step} ${kind}`)).toEqual([
      '30 noise',
      '40 only',
      '40 rate',
      '45 one',
    ]);
    const again = await openAt(45, made.script);
    expect(bits(again.last())).toEqual(bits(made));
  });

  it('takes changes back one by one, to the bits before each', async () => {
    const { course, last } = await openAt(30);
    const before = bits(last());
    await course.command({ do: 'change', change: { kind: 'zero', layer: 0 } });
    await course.command({ do: 'advance', steps: 3 });
    const zeroed = bits(last());
    await course.command({ do: 'change', change: { kind: 'labels', labels: 'shuffled' } });
    await course.command({ do: 'advance', steps: 4 });
    await course.command({ do: 'undo' });
    expect(last().step).toBe(33);
    expect(bits(last())).toEqual(zeroed);
    await course.command({ do: 'undo' });
    expect(last().step).toBe(30);
    expect(bits(last())).toEqual(before);
    expect(last().script.changes).toEqual([]);
  });

  it('forgets later changes when training goes on from an earlier step', async () => {
    const { course, last } = await openAt(20);
    await course.command({ do: 'change', change: { kind: 'zero', layer: 2 } });
    await course.command({ do: 'advance', steps: 5 });
    await course.command({ do: 'go', step: 10 });
    await course.command({ do: 'advance', steps: 15 });
    expect(last().script.changes).toEqual([]);
    expect(bits(last())).toEqual(bits((await openAt(25)).last()));
  });

  it('learns from the digits: 90 % of unseen ones within 1,600 steps', async () => {
    const { last } = await openAt(1600);
    expect(last().test.accuracy).toBeGreaterThan(0.9);
  });

  it('answers a network trained on the 2s alone with 2', async () => {
    const { course, last } = await openAt(300);
    await course.command({ do: 'change', change: { kind: 'only', digit: 2 } });
    await course.command({ do: 'advance', steps: 200 });
    const twos = last().test.confusion.reduce((sum, row) => sum + row[2]!, 0);
    expect(twos / last().test.count).toBeGreaterThan(0.98);
  });

  it('shows numbers that match float64', async () => {
    const { last } = await openAt(25);
    expect(last().error).toBeLessThanOrEqual(1);
    // An error of 0 would mean that float32 was compared with itself.
    expect(last().error).toBeGreaterThan(0);
  });

  it('pauses by itself after the steps of its pace', async () => {
    const { playedSteps } = paces.full;
    // 20,000 steps take a quarter of a minute.
    Object.assign(paces.full, { playedSteps: 200 });
    try {
      const { course, last } = await openAt(0);
      await course.command({ do: 'go', step: 7 });
      await course.command({ do: 'play' });
      await vi.waitFor(() => expect(last().step).toBe(207), { timeout: 20_000 });
      expect(last().isPlaying).toBe(false);
      expect(last().notice).toMatch(/^Paused at step 207, so that your processor rests/);
    } finally {
      Object.assign(paces.full, { playedSteps });
    }
  });

  it('reads 93 % of MNIST’s test set after twenty epochs of the reader’s files', async (context) => {
    const folder = await findMnistFolder();
    if (folder === undefined)
      return context.skip('MNIST is neither in MNIST_DIR nor in data/mnist');
    const { course, last } = await openAt(0);
    const names = (await readdir(folder)).filter((name) => name.includes('ubyte'));
    const files = await Promise.all(
      names.map(async (name) => new File([await readFile(join(folder, name))], name)),
    );
    await course.command({ do: 'useFiles', files });
    await course.command({ do: 'pause' });
    await course.command({ do: 'advance', steps: 12_000 - last().step });
    expect(last().notice).toBeUndefined();
    expect(last().script.data).toBe('mnist');
    expect(last().test.count).toBe(10_000);
    expect(last().test.accuracy).toBeGreaterThan(0.93);
  });

  it('says what is wrong with files that are not MNIST, and goes on with its digits', async () => {
    const { course, last } = await openAt(5);
    const before = bits(last());
    await course.command({ do: 'useFiles', files: [new File(['no digits'], 'notes.txt')] });
    expect(last().notice).toMatch(/notes\.txt/);
    expect(last().script.data).toBe('digits');
    expect(bits(last())).toEqual(before);
  });

  it('asks for the files of a moment that was made with MNIST', async () => {
    const { last } = await openAt(3, { ...firstScript, data: 'mnist' });
    expect(last().notice).toMatch(/Choose its four files/);
  });

  it('shows that moment once it has the files', async () => {
    const { training, test } = digits({ seed: 9, trainingCount: 300, testCount: 60 });
    const files = [
      ['train-images-idx3-ubyte', makeIdx([300, 28, 28], training.features)],
      ['train-labels-idx1-ubyte', makeIdx([300], training.labels)],
      ['t10k-images-idx3-ubyte', makeIdx([60, 28, 28], test.features)],
      ['t10k-labels-idx1-ubyte', makeIdx([60], test.labels)],
    ].map(([name, bytes]) => new File([bytes as Uint8Array<ArrayBuffer>], name as string));
    const { course, last } = await openAt(0);
    await course.command({ do: 'useFiles', files });
    await course.command({ do: 'go', step: 4 });
    await course.command({ do: 'change', change: { kind: 'noise', layer: 1, size: 0.5 } });
    await course.command({ do: 'choose', example: { kind: 'test', index: 33 } });
    await course.command({ do: 'advance', steps: 3 });
    const made = last();
    expect(made.script.data).toBe('mnist');

    const link = await openAt(made.step, made.script, { example: { kind: 'test', index: 33 } });
    await link.course.command({ do: 'useFiles', files });
    const { step, script, isPlaying, example } = link.last();
    expect({ step, script, isPlaying }).toEqual({
      ...{ step: made.step, script: made.script, isPlaying: false },
    });
    expect(example).toEqual(made.example);
    expect(bits(link.last())).toEqual(bits(made));
  });

  it('stops before numbers that overflow, and says so', async () => {
    const { course, last } = await openAt(20, { ...firstScript, activation: 'relu', rate: 1000 });
    await course.command({ do: 'advance', steps: 400 });
    expect(last().nudges.usedParameters.every(Number.isFinite)).toBe(true);
  });
});
