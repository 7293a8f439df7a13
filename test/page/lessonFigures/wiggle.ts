/** A weight wiggled by ε changes the cost by ε·∂C/∂w, within the second-order term. */
import { expect, it } from 'vitest';

import type { WeightAddress } from '../../../src/reference/nudges.ts';
import { placeOf } from './oracle.ts';
import type { Scene } from './scene.ts';

export function wiggle(scene: Scene): void {
  it('by pointer: pushed to the end', async () => {
    await scene.reader.scrollTo('wiggle');
    await scene.reader.page.waitForSelector('#wiggle-change:enabled');
    await scene.reader.click('#wiggle .spans label', { text: /±0\.1$/ });
    await scene.reader.drag('#wiggle-change', [
      [0.75, 0.5],
      [0.9, 0.5],
      [0.999, 0.5],
    ]);
    await expectChange(0.1);
  });

  it('by keyboard: turned down', async () => {
    await scene.reader.tabTo('wiggle', '#wiggle-change');
    await scene.reader.press('Home', 'ArrowRight', 'ArrowRight', 'ArrowRight');
    await scene.reader.tabOn('input[name=wiggle-span]');
    await scene.reader.press('ArrowDown');
    const span = await scene.reader.page.$eval('input[name=wiggle-span]:checked', (one) =>
      Number(one.value),
    );
    await expectChange(-0.9 * span);
  });

  /** The change of the cost is slope × change within the second-order term. */
  async function expectChange(change: number): Promise<void> {
    const weight = await wiggledWeight();
    const place = placeOf(weight);
    await scene.reader.expectValue('#wiggle-weight', scene.now.parameters[place]! + change, 1e-5);
    const slope = -scene.now.nudges(scene.example).parameters[place]!;
    const at = (size: number) => scene.now.costWith(scene.example, place, size);
    await scene.reader.expectValue('#wiggle-slope', slope);
    await scene.reader.expectValue('#wiggle-predicted', slope * change);
    const real = at(change) - at(0);
    await scene.reader.expectValue('#wiggle-real', real, 1e-3);
    const h = 1e-3;
    const bend = ((at(h) + at(-h) - 2 * at(0)) / h ** 2 / 2) * change ** 2;
    await scene.reader.expectValue('#wiggle-bend', bend, 1e-2);
    const missing =
      (await scene.reader.value('#wiggle-real')) - (await scene.reader.value('#wiggle-predicted'));
    if (Math.abs(change) <= 0.1) {
      expect(Math.abs(missing)).toBeLessThan(1.2 * Math.abs(bend) + 1e-7);
    }
  }

  const wiggledWeight = (): Promise<WeightAddress> =>
    scene.reader.page.evaluate(() => {
      const of = (end: string) =>
        document.querySelector<HTMLSelectElement>(`#wiggle-${end}-0`)!.value;
      const [layer, output] = of('to').split('.').map(Number);
      return { layer: layer!, output: output!, input: Number(of('from')) };
    });
}
