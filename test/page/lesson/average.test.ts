import { describe, expect, it } from 'vitest';

import { digitsRange } from '../../../src/data/digits/digits.ts';
import { sgd } from '../../../src/engine/optimizers.ts';
import { Network } from '../../../src/network/network.ts';
import { parameterLayout } from '../../../src/network/parameters.ts';
import { presets } from '../../../src/network/presets.ts';
import { averageTable, shadesOf } from '../../../src/page/lesson/worker/average.ts';
import { averageNudges, sampleNudges } from '../../../src/reference/nudges.ts';
import { Trainer } from '../../../src/training/trainer.ts';

const training = digitsRange(3, 'training', 0, 40);
const layout = parameterLayout(presets.lecture.network.layers);
const weights = [
  { layer: 0, output: 3, input: 400 },
  { layer: 2, output: 9, input: 15 },
];
const size = 12;

const sample = (index: number): Float64Array =>
  Float64Array.from(training.features.subarray(index * 784, (index + 1) * 784), (b) => b / 255);

async function explained(kept: readonly number[]) {
  const trainer = await Trainer.create(new Network(presets.lecture.network), {
    ...{ batchSize: 10, optimizer: sgd({ learningRate: 3 }), backend: 'cpu', threads: 0 },
  });
  const reports = trainer.fit(training, { steps: 20 });
  while ((await reports.next()).done !== true);
  const batch = await trainer.explainBatch(training, kept);
  const network = await trainer.network();
  await trainer.dispose();
  return { batch, network };
}

describe('the table of wishes', () => {
  it.each([[[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]], [[0, 2, 3, 7]], [[4]]])(
    'has the nudges of float64 and their average: %o',
    async (kept) => {
      const { batch, network } = await explained(kept);
      const table = averageTable(batch, kept, { size, columns: 6, weights });
      const features = kept.flatMap((index) => [...sample(index)]);
      const labels = kept.map((index) => training.labels[index]!);
      const truth = averageNudges(network, features, labels).parameters;
      const scale = Math.max(...truth.map(Math.abs));
      const at = ({ layer, output, input }: (typeof weights)[number]) =>
        layout[layer]!.weightOffset + output * layout[layer]!.inputs + input;

      table.average.forEach((value, i) =>
        expect(Math.abs(value - truth[i]!)).toBeLessThan(1e-5 * scale),
      );
      expect(table.difference).toBeLessThanOrEqual(1);
      expect(table.rows).toHaveLength(new Set([...weights, ...table.ranked].map(at)).size);
      for (const row of table.rows) {
        expect(row.average).toBe(table.average[at(row)]);
        expect(row.gradient).toBe(batch.gradient[at(row)]);
        const isKept = Array.from(row.nudges, (nudge) => !Number.isNaN(nudge));
        expect(isKept).toEqual(Array.from({ length: size }, (_, n) => kept.includes(n)));
      }
      table.all.forEach((column, position) => {
        if (!kept.includes(position)) {
          expect(column).toHaveLength(0);
          return;
        }
        const own = sampleNudges(network, sample(position), training.labels[position]!).parameters;
        const largest = Math.max(...own.map(Math.abs));
        expect(Math.max(...own.map((nudge, i) => Math.abs(nudge - column[i]!)))).toBeLessThan(
          1e-5 * largest,
        );
        for (const row of table.rows) {
          expect(Math.abs(row.nudges[position]! - own[at(row)]!)).toBeLessThan(1e-5 * largest);
        }
      });
    },
  );

  it('ranks by the average, and keeps given ranks', async () => {
    const kept = [0, 1, 2, 3];
    const { batch } = await explained(kept);
    const { ranked, average } = averageTable(batch, kept, { size: 4, columns: 2, weights });
    const isWeight = Uint8Array.from(average, (_, i) =>
      layout.some(({ weightOffset, biasOffset }) => i >= weightOffset && i < biasOffset) ? 1 : 0,
    );
    const largest = Math.max(...average.map((value, i) => (isWeight[i] ? Math.abs(value) : 0)));
    const { layer, output, input } = ranked[0]!;
    const first = layout[layer]!.weightOffset + output * layout[layer]!.inputs + input;
    expect(Math.abs(average[first]!)).toBe(largest);
    const given = averageTable(batch, kept, { size: 4, columns: 2, weights, ranked: weights });
    expect(given.rows).toHaveLength(2);
  });

  it.each(['the mean without 1/n', 'a slope of another weight'])('notices %s', async (error) => {
    const kept = [0, 1, 2, 3, 4];
    const { batch } = await explained(kept);
    const gradient =
      error === 'the mean without 1/n'
        ? batch.gradient.map((value) => 5 * value)
        : batch.gradient.map((_, i, all) => all[(i + 1) % all.length]!);
    const wrong = averageTable({ ...batch, gradient }, kept, { size: 5, columns: 1, weights });
    expect(wrong.difference).toBeGreaterThan(1);
  });

  it('shades nudges by sign and size, with the largest darkest', () => {
    const shades = shadesOf(Float64Array.of(-2e-9, 1e-9, 0, 2e-12, -1e-9));
    expect([...shades].map(Math.sign)).toEqual([-1, 1, 0, 1, -1]);
    expect(shades[0]).toBe(-127);
    expect(shades[1]).toBe(-shades[4]!);
    expect(shades[3]).toBeLessThan(shades[1]!);
    expect([...shadesOf(new Float64Array(2))]).toEqual([0, 0]);
  });
});
