import { afterAll, expect, it } from 'vitest';

import { parameterLayout } from '../../../src/network/parameters.ts';
import { presets } from '../../../src/network/presets.ts';
import { firstScript } from '../../../src/page/lesson/moment.ts';
import { averageTasks } from '../../../src/page/lesson/worker/average.ts';
import { Course } from '../../../src/page/lesson/worker/course.ts';
import { onlyOneTasks } from '../../../src/page/lesson/worker/onlyOne.ts';
import type { TaskContext } from '../../../src/page/worker/messages.ts';

const layout = parameterLayout(presets.lecture.network.layers);
const ignore = () => undefined;
const context = {
  signal: new AbortController().signal,
  emit: ignore,
} as unknown as TaskContext<never>;

const opened = Course.open({ script: firstScript, step: 7 }, ignore, ignore);
afterAll(async () => (await opened).data.dispose());

it('the table has the mini-batch that the next step trains on', async () => {
  const course = await opened;
  const { average } = averageTasks(() => opened);
  const question = { count: 100, without: [], weights: [], columns: 1 };
  const goOn = async () => {
    const before = (await course.network()).parameters;
    const table = await average(question, context);
    expect(table).toMatchObject({ step: course.step, isNext: true });
    expect(table.difference).toBeLessThanOrEqual(1);
    await course.command({ do: 'advance', steps: 1 });
    const after = (await course.network()).parameters;
    // float32 keeps 2⁻²⁴ of a parameter; the step is 6 times the average.
    expect(table.rows.length).toBeGreaterThanOrEqual(10);
    for (const { layer, output, input, average: wish } of table.rows) {
      const place = layout[layer]!.weightOffset + output * layout[layer]!.inputs + input;
      const expected = before[place]! + 6 * wish;
      const size = Math.max(1, Math.abs(expected));
      expect(Math.abs(after[place]! - expected) / size).toBeLessThan(1e-6);
      expect(Math.abs(6 * wish) / size).toBeGreaterThan(1e-4);
    }
    return table;
  };
  const first = await goOn();
  const held = await average(
    { ...question, held: { samples: first.samples, ranked: first.ranked } },
    context,
  );
  expect(held).toMatchObject({ samples: first.samples, isNext: false });
  // Into the second epoch, which has more digits and another order.
  await course.command({ do: 'advance', steps: 14 });
  await goOn();
  // A change begins a new trainer, here in the middle of an epoch.
  await course.command({ do: 'change', change: { kind: 'only', digit: 2 } });
  const twos = await goOn();
  expect(new Set(twos.labels)).toEqual(new Set([2]));
  await course.command({ do: 'change', change: { kind: 'only', digit: 'all' } });
  await goOn();
  await course.command({ do: 'undo' });
  expect(new Set((await goOn()).labels)).toEqual(new Set([2]));
  // Back to before all changes, in the second epoch.
  await course.command({ do: 'go', step: 21 });
  expect(new Set((await goOn()).labels).size).toBe(10);
});

it('a trial on one digit answers it to everything, and leaves the run as it is', async () => {
  const course = await opened;
  const { onlyOne, onlyOneNow } = onlyOneTasks(() => opened);
  const before = (await course.network()).parameters;
  const { now, start, trainingCount } = await onlyOne({ digit: 4 }, context);
  expect((await course.network()).parameters).toEqual(before);
  const { labels } = await course.data.drawn(2000);
  expect(trainingCount).toBe(labels.filter((label) => label === 4).length);
  expect(start.at(-1)!.share).toBe(1);
  expect([...start.at(-1)!.answers]).toEqual(Array<number>(20).fill(4));
  expect(now[0]!.accuracy).toBe((await course.trainer.evaluate(course.data.test)).accuracy);
  expect((await onlyOneNow(null, context)).answers).toEqual(now[0]!.answers);
  const outputs = await course.trainer.predict(course.data.test);
  const fours = course.data.test.labels.filter((_, n) => {
    const row = outputs.subarray(10 * n, 10 * n + 10);
    return row.every((value) => value <= row[4]!);
  }).length;
  expect(now[0]!.share).toBeCloseTo(fours / course.data.test.sampleCount, 12);
});
