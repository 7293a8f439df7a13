/** The average of a row of the table is the negative gradient. */
import { expect, it } from 'vitest';

import { placeOf, firstBatch } from './oracle.ts';
import { patience } from './reader.ts';
import { epochs, type Scene } from './scene.ts';

export function average(scene: Scene): void {
  it('by pointer: without a digit', async () => {
    await scene.reader.scrollTo('average');
    await scene.reader.page.waitForSelector('#average tr[data-weight]');
    await scene.reader.click('#average .average-controls button', { text: /All 100/ });
    await expectAverages(firstBatch(epochs));
    await scene.reader.click('#average th:nth-child(4) .digit-button');
    await expectAverages(firstBatch(epochs).filter((_, n) => n !== 2));
  });

  it('by keyboard: ten digits, then nine', async () => {
    await scene.reader.tabTo('average', '#average .average-controls button', /^10$/);
    await scene.reader.press('Enter');
    await expectAverages(firstBatch(epochs).slice(0, 10));
    await scene.reader.tabTo('average', '#average .average-controls button', /Remove one/);
    await scene.reader.press(' ');
    await expectAverages(firstBatch(epochs).slice(0, 9));
  });

  /** The average of the wishes is the negative gradient, for each row. */
  async function expectAverages(samples: Uint32Array): Promise<void> {
    const truth = scene.now.averageNudges(samples);
    const largest = Math.max(...truth.map(Math.abs));
    await expect
      .poll(async () => {
        const rows = await scene.reader.page.$$eval('#average tr[data-weight]', (all) =>
          all.map((row) => ({
            weight: (row as HTMLElement).dataset.weight!,
            average: Number(row.querySelector('td.mean')?.getAttribute('data-value')),
            gradient: Number(row.querySelector('td.slope')?.getAttribute('data-value')),
          })),
        );
        if (rows.length < 10) return Infinity;
        const errors = rows.flatMap(({ weight, average, gradient }) => {
          const [layer, output, input] = weight.split('.').map(Number);
          const expected = truth[placeOf({ layer: layer!, output: output!, input: input! })]!;
          return [Math.abs(average - expected), Math.abs(gradient + expected)];
        });
        return Math.max(...errors) / largest;
      }, patience)
      .toBeLessThan(1e-4);
    expect(await scene.reader.value('#average-difference')).toBeLessThanOrEqual(1);
  }
}
