/** Accuracy after training on a hundred digits. */
import { expect, it } from 'vitest';

import { sliceDataset } from '../../../src/data/dataset.ts';
import { firstNetwork, trainingDigits, Moment, accuracyOf, train } from './oracle.ts';
import { parseNumber, patience } from './reader.ts';
import type { Scene } from './scene.ts';

export function data(scene: Scene): void {
  it('by pointer: stopped', async () => {
    await scene.reader.scrollTo('data');
    await stepsOfRuns();
    await scene.reader.click('#data .data-controls button', { text: /Stop/ });
    await scene.reader.read('#data .data-controls button', /Go on/);
    await expectRuns();
  });

  it('by keyboard: on, and stopped again', async () => {
    await scene.reader.scrollTo('data');
    const before = await stepsOfRuns();
    await scene.reader.tabTo('data', '#data .data-controls button');
    await scene.reader.press('Enter');
    await expect.poll(stepsOfRuns, patience).toBeGreaterThan(before);
    await scene.reader.press('Enter');
    await scene.reader.read('#data .data-controls button', /Go on/);
    await expectRuns();
  });

  const stepsOfRuns = async (): Promise<number> =>
    parseNumber((await scene.reader.read('#data figcaption', /After (\S+) of/))[1]!);

  /** The accuracy after training on 100 digits. */
  async function expectRuns(): Promise<void> {
    const steps = await stepsOfRuns();
    const count = 100;
    const own = sliceDataset(trainingDigits, 0, count);
    const trained = new Moment(await train(firstNetwork, own, steps, { seed: 1 }));
    const run = `#data [data-count="${count}"]`;
    const shown = await scene.reader.page.$eval(`${run} [data-own]`, (one) =>
      Number((one as HTMLElement).dataset.own),
    );
    // One answer near another may be another one in float32.
    expect(Math.abs(shown - accuracyOf(trained.answers(own), own))).toBeLessThan(0.011);
    const unseen = await scene.reader.value(`${run} .data-test`);
    expect(Math.abs(unseen - trained.accuracy)).toBeLessThan(0.002);
  }
}
