/** The cost of a digit, and its place among all test digits. */
import { expect, it } from 'vitest';

import { testDigits } from './oracle.ts';
import { patience, relative } from './reader.ts';
import { chosenDigit, type Scene } from './scene.ts';

export function cost(scene: Scene): void {
  it('by pointer: a digit of the hill', async () => {
    await scene.reader.scrollTo('cost');
    await scene.reader.expectValue('#cost-mean', scene.now.cost);
    await scene.reader.click('#cost .drawing', { x: 0.75 });
    await expectDigit((place) => Math.abs(place - 1500) <= 2);
  });

  it('by keyboard: the most expensive digit', async () => {
    await scene.reader.tabTo('cost', '#cost .drawing');
    await scene.reader.press('End');
    await expectDigit((place) => place === testDigits.sampleCount - 1);
  });

  async function expectDigit(isThere: (place: number) => boolean): Promise<void> {
    await expect
      .poll(async () => {
        const { costs } = scene.now.test;
        const cost = costs[await chosenDigit(scene.reader)]!;
        const cheaper = costs.filter((other) => other < cost).length;
        const shown = await scene.reader.value('#cost-cheaper');
        return (
          isThere(shown) &&
          Math.abs(shown - cheaper) <= 1 &&
          relative(await scene.reader.value('#cost-example'), cost) < 1e-4
        );
      }, patience)
      .toBe(true);
  }
}
