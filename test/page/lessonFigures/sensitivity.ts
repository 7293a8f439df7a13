/** “The cost is n times more sensitive to this weight than to that one.” */
import { expect, it } from 'vitest';

import { placeOf } from './oracle.ts';
import { patience } from './reader.ts';
import { largestOf, type Scene } from './scene.ts';

export function sensitivity(scene: Scene): void {
  it('by pointer: weights of the curve, and one of the map', async () => {
    await scene.reader.scrollTo('sensitivity');
    await scene.reader.page.waitForSelector('#sensitivity-nudge-1');
    const before = await chosenWeights();
    // The curve; the network is the drawing above it.
    await scene.reader.click('#sensitivity .drawing:has(+ .weight-pickers)', { x: 0.3 });
    await expectRatio();
    await scene.reader.click('#sensitivity .drawing:has(+ .weight-pickers)', { x: 0.6 });
    await expectRatio();
    const after = await chosenWeights();
    expect(after[0]).not.toEqual(before[0]);
    expect(after[1]).not.toEqual(before[1]);
    await scene.reader.click('#sensitivity .drawing', { x: 0.15 });
    await expect.poll(async () => (await chosenWeights())[0]!.layer, patience).toBe(0);
    await expectNudges();
  });

  it('by keyboard: two weights', async () => {
    await scene.reader.tabTo('sensitivity', '#sensitivity-to-0');
    await scene.reader.press('End');
    await scene.reader.tabOn('#sensitivity .weight-picker button', /Most sensitive/);
    await scene.reader.press('Enter');
    await scene.reader.tabOn('#sensitivity-to-1');
    await scene.reader.tabOn('#sensitivity .weight-picker button', /From the middle/);
    await scene.reader.press('Enter');
    await expectRatio();
    const { layers } = scene.now.nudges(scene.example);
    const largest = Math.max(...layers.map(({ weights }) => Math.abs(largestOf(weights))));
    expect(Math.abs(await scene.reader.value('#sensitivity-nudge-0'))).toBeCloseTo(largest, 6);
  });

  const chosenWeights = () =>
    scene.reader.page.evaluate(() =>
      [0, 1].map((slot) => {
        const of = (end: string) =>
          document.querySelector<HTMLSelectElement>(`#sensitivity-${end}-${slot}`)!.value;
        const [layer, output] = of('to').split('.').map(Number);
        return { layer: layer!, output: output!, input: Number(of('from')) };
      }),
    );

  const expectNudges = async (): Promise<void> => {
    await expect
      .poll(async () => {
        const { parameters } = scene.now.nudges(scene.example);
        const weights = await chosenWeights();
        const errors = weights.map(async (weight, slot) =>
          Math.abs(
            (await scene.reader.value(`#sensitivity-nudge-${slot}`)) - parameters[placeOf(weight)]!,
          ),
        );
        return Math.max(...(await Promise.all(errors)));
      }, patience)
      .toBeLessThan(1e-6);
  };

  /** The cost is n times as sensitive to one weight as to the other. */
  const expectRatio = async (): Promise<void> => {
    await expectNudges();
    const { parameters } = scene.now.nudges(scene.example);
    const [a, b] = (await chosenWeights()).map((weight) => parameters[placeOf(weight)]!);
    await scene.reader.expectValue(
      '#sensitivity-times',
      Math.max(Math.abs(a! / b!), Math.abs(b! / a!)),
      1e-3,
    );
  };
}
