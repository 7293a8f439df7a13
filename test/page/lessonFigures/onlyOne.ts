/** Training on the 2s alone, as a trial and with the network of the page. */
import { expect, it } from 'vitest';

import type { Network } from '../../../src/network/network.ts';
import { firstNetwork, Moment, train, onlyDigit } from './oracle.ts';
import { patience } from './reader.ts';
import { step, type Scene } from './scene.ts';

export function onlyOne(scene: Scene): void {
  it('by pointer: some steps of the trial', async () => {
    await scene.reader.scrollTo('onlyOne');
    await scene.reader.click('#onlyOne .trial-curve input', { x: 0.15 });
    await expectTrial(scene.now.network);
    await scene.reader.click('#onlyOne .trial-from button', { text: /From the start/ });
    await expectTrial(firstNetwork);
    await scene.reader.click('#onlyOne .trial-from button', { text: /From step/ });
    await scene.reader.expectValue('#only-one-before', scene.now.share(2));
    // The ends of both trials, after 200 steps.
    for (const [id, network] of [
      ['after', scene.now.network],
      ['start', firstNetwork],
    ] as const) {
      const end = new Moment(await train(network, onlyDigit(2), 200, { seed: 1 }));
      await expect
        .poll(
          async () => Math.abs((await scene.reader.value(`#only-one-${id}`)) - end.share(2)),
          patience,
        )
        .toBeLessThan(0.002);
    }
  });

  it('by keyboard: some steps of the trial, then the network of the page, and Undo', async () => {
    await scene.reader.tabTo('onlyOne', '#onlyOne .trial-curve input');
    await scene.reader.press('Home', 'ArrowRight');
    await expectTrial(scene.now.network);
    await scene.reader.scrollTo('cost');
    await scene.reader.expectValue('#cost-mean', scene.now.cost);
    const before = await scene.reader.value('#cost-mean');
    await scene.reader.tabTo('onlyOne', '#onlyOne button', /only$/);
    await scene.reader.press('Enter');
    await expect.poll(() => scene.reader.value('#only-one-live'), patience).toBeGreaterThan(0.99);
    await scene.reader.tabTo('onlyOne', '#onlyOne button', /^Undo$/);
    await scene.reader.press('Enter');
    await scene.reader.read('.now', new RegExp(`step ${step}$`));
    await scene.reader.scrollTo('cost');
    await expect.poll(() => scene.reader.value('#cost-mean'), patience).toBe(before);
  });

  /** The share of answers after the steps that the slider says. */
  async function expectTrial(network: Network): Promise<void> {
    const text = await scene.reader.page.$eval(
      '#onlyOne .trial-curve input',
      (one) => one.ariaValueText ?? '',
    );
    const [, steps] = /^(\d+) steps/.exec(text)!;
    expect(Number(steps)).toBeLessThan(20);
    const trained = new Moment(await train(network, onlyDigit(2), Number(steps), { seed: 1 }));
    await expect
      .poll(async () => {
        const [share, right] = (await scene.reader.text('#onlyOne .share-bar'))
          .match(/[\d.]+(?= %)/g)!
          .map(Number);
        return Math.max(
          Math.abs(share! - 100 * trained.share(2)),
          Math.abs(right! - 100 * trained.accuracy),
        );
      }, patience)
      // Rounded to a tenth; one answer near another may be another one in float32.
      .toBeLessThan(0.11);
  }
}
