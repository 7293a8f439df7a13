/** The angles between mini-batches and the whole deck. */
import { expect, it } from 'vitest';

import { deckAngles } from './oracle.ts';
import { epochs, type Scene } from './scene.ts';

export function miniBatches(scene: Scene): void {
  it('by pointer: sorted by digit', async () => {
    await scene.reader.click('#miniBatches button', { text: /Sorted/ });
    await expectAngles('sorted');
  });

  it('by keyboard: shuffled again', async () => {
    await scene.reader.tabTo('miniBatches', '#miniBatches button', /Shuffle again/);
    await scene.reader.press('Enter');
    await expectAngles(1);
  });

  /** Angles between the gradients of mini-batches and that of all 10,000 digits. */
  async function expectAngles(order: 'sorted' | number): Promise<void> {
    const { medians, hundreds } = await deckAngles(epochs, order);
    await scene.reader.expectValues('#miniBatches .dial [data-value]', medians, 1e-3);
    const cards = await scene.reader.page.$$eval('#miniBatches .cards .angle', (all) =>
      all.map(({ textContent }) => textContent),
    );
    expect(cards).toEqual([0, 33, 66, 99].map((batch) => `${hundreds[batch]!.toFixed(0)}°`));
    const [, half] = await scene.reader.read(
      '#miniBatches figcaption',
      /half of the mini-batches of 100 point within (\d+)°/,
    );
    expect(half).toBe(medians[2]!.toFixed(0));
  }
}
