/** The wishes of the outputs for the layer before, added up. */
import { it } from 'vitest';

import type { Scene } from './scene.ts';

export function sums(scene: Scene): void {
  it('by pointer: without one output', async () => {
    await scene.reader.click('#sums button', { text: /All outputs/ });
    await scene.reader.click('#sums .sums-head[aria-label="Neuron 7"]');
    await expectSum(7, () => true);
    await scene.reader.click('#sums .sums-toggle', { text: /output 3/ });
    await expectSum(7, (output) => output !== 3);
  });

  it('by keyboard: the right output alone', async () => {
    await scene.reader.tabTo('sums', '#sums button', /Only the right one/);
    await scene.reader.press('Enter');
    await scene.reader.tabTo('sums', '#sums .sums-head');
    await scene.reader.press('End', 'ArrowLeft');
    await expectSum(14, (output) => output === scene.example.label);
    await scene.reader.tabOn('#sums .sums-toggle', /output 0/);
    await scene.reader.press(' ');
    await expectSum(14, (output) => output === scene.example.label || output === 0);
  });

  async function expectSum(neuron: number, isOn: (output: number) => boolean): Promise<void> {
    const { wishes } = scene.now.nudges(scene.example).layers[2]!;
    const sum = wishes.reduce(
      (total, wish, k) => (k % 16 === neuron && isOn(Math.floor(k / 16)) ? total + wish : total),
      0,
    );
    await scene.reader.expectValue(`#sums [data-nudge="sum ${neuron}"]`, sum);
  }
}
