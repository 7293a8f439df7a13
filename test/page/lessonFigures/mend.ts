/** The mistakes, noise, and weights set to zero. */
import { expect, it } from 'vitest';

import { patience, relative } from './reader.ts';
import { chosenDigit, step, type Scene } from './scene.ts';

export function mend(scene: Scene): void {
  it('by pointer: the worst one, noise, and a cell of the matrix', async () => {
    await scene.reader.scrollTo('mend');
    const [worst] = scene.now.mistakes();
    await scene.reader.click(`#mend [data-index="${worst}"] .digit-button`);
    await expect.poll(() => chosenDigit(scene.reader), patience).toBe(worst);
    const costs = await scene.reader.page.$$eval('#mend [data-index][data-cost]', (all) =>
      all.map((one) => {
        const { index, cost } = (one as HTMLElement).dataset;
        return [Number(index), Number(cost)] as const;
      }),
    );
    for (const [index, cost] of costs) {
      expect(relative(cost, scene.now.test.costs[index]!)).toBeLessThan(1e-4);
    }

    await scene.reader.click('#mend .mend-other');
    await expect.poll(noiseError, patience).toBeLessThan(1e-4);

    await scene.reader.click('#mend .confusion tr:nth-child(5) td:nth-of-type(10) button');
    await expectCell(4, 9);
  });

  it('by keyboard: a cell beside, weights set to zero, and Undo', async () => {
    await scene.reader.tabTo('mend', '#mend .confusion button');
    await scene.reader.press(...Array.from({ length: 9 }, () => 'ArrowLeft' as const));
    await scene.reader.press(...Array.from({ length: 9 }, () => 'ArrowUp' as const));
    await scene.reader.press('ArrowRight', 'ArrowRight', 'ArrowDown');
    await expectCell(1, 2);

    await scene.reader.scrollTo('cost');
    await scene.reader.expectValue('#cost-mean', scene.now.cost);
    const before = await scene.reader.value('#cost-mean');
    await scene.reader.tabTo('mend', '[data-break=zero]');
    await scene.reader.press('Enter');
    await scene.reader.read('#mend figcaption', /the last weights became 0/);
    await scene.reader.read('.play', /Pause/);
    await scene.reader.page.focus('.play');
    await scene.reader.press('Enter');
    await scene.reader.read('.play', /Play/);
    await scene.reader.tabTo('mend', '.mend-undo');
    await scene.reader.press('Enter');
    await scene.reader.read('.now', new RegExp(`step ${step}$`));
    await scene.reader.scrollTo('cost');
    await expect.poll(() => scene.reader.value('#cost-mean'), patience).toBe(before);
  });

  /** The largest error of the answers to the images of noise on the screen. */
  async function noiseError(): Promise<number> {
    const given = await scene.reader.page.$$eval('#mend [data-given]', (all) =>
      all.map((one) => Number((one as HTMLElement).dataset.given)),
    );
    const images = await scene.reader.pixels('#mend [data-given] canvas');
    const errors = given.map((value, n) => {
      const features = Float64Array.from(images[n]!, (byte) => byte / 255);
      const { outputs, prediction } = scene.now.nudges({ features, label: 0 });
      return relative(value, outputs[prediction]!.given);
    });
    return Math.max(...errors);
  }

  async function expectCell(label: number, answer: number): Promise<void> {
    const pattern = new RegExp(
      `^(\\d+) digits? (is|are) a ${label} and gets? the answer ${answer}`,
    );
    const [, count] = await scene.reader.read('#mend .mend-cell p', pattern);
    expect(Math.abs(Number(count) - scene.now.count(label, answer))).toBeLessThanOrEqual(1);
  }
}
