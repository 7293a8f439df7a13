/** The equation of a neuron, and three ways to change its activation. */
import { expect, it } from 'vitest';

import { parseNumber } from './reader.ts';
import type { Scene } from './scene.ts';

export function avenues(scene: Scene): void {
  it('by pointer: all terms of an output', async () => {
    await scene.reader.click('#wishes .wish', { text: /Output 4/ });
    await scene.reader.click('#avenues .equation button', { text: /more/ });
    await scene.reader.read('#avenues .equation button', /Show fewer/);
    await expectAvenues(3, 4);
    // The terms on the screen, added up.
    const { z } = scene.now.nudges(scene.example).layers[2]!;
    const terms = await scene.reader.page.$$eval('#avenues .term', (all) =>
      all.map(({ textContent }) => textContent),
    );
    expect(terms).toHaveLength(16);
    const bias = /([+−][^+−]+) bias/.exec(
      await scene.reader.text('#avenues .equation-values'),
    )![1]!;
    const sum = terms.reduce((total, term) => {
      const [weight, activation] = term.split('·').map((part) => parseNumber(part.trim()));
      return total + weight! * activation!;
    }, parseNumber(bias));
    expect(Math.abs(sum - z[4]!)).toBeLessThan(0.05);
    await scene.reader.click('#avenues .equation button', { text: /Show fewer/ });
  });

  it('by keyboard: another neuron', async () => {
    await scene.reader.tabTo('avenues', '#avenues .neuron-picker select');
    // The first one of the second hidden layer.
    await scene.reader.press('s');
    await expectAvenues(2, 0);
  });

  async function expectAvenues(layer: number, index: number): Promise<void> {
    const nudges = scene.now.nudges(scene.example);
    const { z, biases, weights, wishes, inputs } = nudges.layers[layer - 1]!;
    await scene.reader.expectValue(`#avenues [data-z="neuron ${layer}.${index}"]`, z[index]!);
    await scene.reader.expectValue(
      `#avenues [data-nudge="bias ${layer}.${index}"]`,
      biases[index]!,
    );
    const wish =
      layer === 3 ? nudges.outputs[index]!.nudge : nudges.layers[layer]!.previous[index]!;
    await scene.reader.expectValue(`#avenues [data-nudge="neuron ${layer}.${index}"]`, wish);
    const into = (values: Float64Array) => values.slice(index * inputs, (index + 1) * inputs);
    await scene.reader.expectValues('#avenues [data-nudge^="weight "]', into(weights));
    await scene.reader.expectValues('#avenues [data-nudge^="behind "]', into(wishes));
  }
}
