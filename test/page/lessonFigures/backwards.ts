/** The wishes, layer by layer, and the formula of each number. */
import { it } from 'vitest';

import { ranked, largestOf, type Scene } from './scene.ts';

export function backwards(scene: Scene): void {
  it('by pointer: step by step, and a neuron', async () => {
    await scene.reader.scrollTo('backwards');
    // By itself it goes on to the end.
    await scene.reader.read('#backwards .backwards-step', /Again/);
    await scene.reader.click('#backwards .backwards-step');
    await scene.reader.read('#backwards .backwards-step', /Step back/);
    for (const layer of [2, 1]) {
      await scene.reader.click('#backwards .backwards-step');
      await expectLargest(layer);
    }
    await scene.reader.click('#backwards .backwards-step');
    const { weights } = scene.now.nudges(scene.example).layers[0]!;
    await scene.reader.expectValue('#backwards [data-nudge="largest weight"]', largestOf(weights));
    await scene.reader.click('#backwards [data-neuron="2.5"]');
    await expectFormulas(2, 5);
  });

  it('by keyboard: step by step, and a neuron', async () => {
    await scene.reader.tabTo('backwards', '#backwards .backwards-step');
    await scene.reader.read('#backwards .backwards-step', /Again/);
    await scene.reader.press('Enter');
    await scene.reader.read('#backwards .backwards-step', /Step back/);
    await scene.reader.press('Enter');
    await expectLargest(2);
    await scene.reader.press(' ');
    await expectLargest(1);
    await scene.reader.tabOn('#backwards .backwards-network');
    await scene.reader.press('ArrowLeft', 'ArrowLeft', 'ArrowUp', 'ArrowDown');
    const text = await scene.reader.page.$eval(
      '.backwards-network',
      (one) => one.ariaValueText ?? '',
    );
    const [, index] = /^neuron (\d+) of the first hidden layer/.exec(text)!;
    await expectFormulas(1, Number(index));
  });

  /** The largest wish of a layer. */
  async function expectLargest(layer: number): Promise<void> {
    const { previous } = scene.now.nudges(scene.example).layers[layer]!;
    await scene.reader.expectValue(
      `#backwards [data-nudge="largest ${layer}"]`,
      largestOf(previous),
    );
  }

  async function expectFormulas(layer: number, index: number): Promise<void> {
    const { layers } = scene.now.nudges(scene.example);
    const { a, biases, weights, wishes, inputs } = layers[layer - 1]!;
    await scene.reader.expectValue(
      `#backwards [data-nudge="wish ${layer}.${index}"]`,
      layers[layer]!.previous[index]!,
    );
    await scene.reader.expectValue(
      `#backwards [data-nudge="bias ${layer}.${index}"]`,
      biases[index]!,
    );
    await scene.reader.expectValue(
      `#backwards [data-slope="neuron ${layer}.${index}"]`,
      a[index]! * (1 - a[index]!),
    );
    const own = weights.slice(index * inputs, (index + 1) * inputs);
    const input = ranked(own)[0]!;
    await scene.reader.expectValue(
      `#backwards [data-nudge="weight ${layer - 1}.${index}.${input}"]`,
      own[input]!,
    );
    await scene.reader.expectValue(
      `#backwards [data-nudge="back ${layer}.${index}.${input}"]`,
      wishes[index * inputs + input]!,
    );
  }
}
