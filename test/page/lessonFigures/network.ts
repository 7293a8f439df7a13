/** The first figure: neurons, test digits and drawings. */
import { expect, it } from 'vitest';

import { isWritten, patience } from './reader.ts';
import { showAnswer, type Scene } from './scene.ts';

export function network(scene: Scene): void {
  it('by pointer: a neuron, and a drawn digit', async () => {
    await scene.reader.click('#network .drawing', { x: 0.66, y: 0.5 });
    await expectNeuron(2);
    await scene.reader.click('#network .drawing', { x: 0.86, y: 0.2 });
    await expectNeuron(3);

    await scene.reader.click('.picker button', { text: /Draw one/ });
    // A 7.
    await scene.reader.drag('.paper', [
      ...[0.2, 0.4, 0.6, 0.8].map((x) => [x, 0.2] as const),
      ...[0.4, 0.6, 0.8].map((y) => [0.9 - y / 2, y] as const),
    ]);
    await scene.reader.read('#network .prose', /to your drawing/);
    await scene.reader.scrollTo('wishes');
    await expectDrawing(Number(await scene.reader.page.$eval('.draw select', (one) => one.value)));
  });

  it('by keyboard: a neuron, and a drawn digit', async () => {
    await scene.reader.tabTo('network', '#network .drawing');
    await scene.reader.press('ArrowLeft', 'ArrowLeft', 'ArrowLeft', 'ArrowDown');
    await expectNeuron(1);

    await scene.reader.tabTo('network', '.picker button', /Draw one/);
    if (!(await scene.reader.page.$('.paper'))) await scene.reader.press('Enter');
    await scene.reader.tabOn('.paper');
    // A 1, in place of what is there.
    await scene.reader.press(
      'Delete',
      ' ',
      ...Array.from({ length: 12 }, () => 'ArrowDown' as const),
    );
    await scene.reader.press(' ');
    await scene.reader.read('#network .prose', /to your drawing/);
    await scene.reader.tabOn('.draw select');
    await scene.reader.press('1');
    await scene.reader.scrollTo('wishes');
    await expectDrawing(1);
  });

  /** The activation of the selected neuron. */
  async function expectNeuron(layer: number): Promise<void> {
    const names = ['first hidden layer', 'second hidden layer', 'output'];
    const text = await scene.reader.page.$eval(
      '#network .drawing',
      (one) => one.ariaValueText ?? '',
    );
    expect(text).toContain(names[layer - 1]!);
    const [, index, activation] = /(\d+)[^,]*, activation (.*)$/.exec(text)!;
    const { a } = scene.now.nudges(scene.example).layers[layer - 1]!;
    expect(isWritten(activation!, a[Number(index)]!)).toBe(true);
  }

  /** What a drawing wishes for, by its pixels on the screen. */
  async function expectDrawing(label: number): Promise<void> {
    await showAnswer(scene.reader);
    await expect
      .poll(async () => {
        const [bytes] = await scene.reader.pixels('#wishes .wish-example canvas');
        const features = Float64Array.from(bytes!, (byte) => byte / 255);
        const { outputs, prediction } = scene.now.nudges({ features, label });
        const found = await scene.reader.values('#wishes .wish-nudge [data-nudge]');
        const [, answer] = /It answers (\d)/.exec(await scene.reader.text('#network .prose'))!;
        expect(Number(answer)).toBe(prediction);
        return Math.max(...outputs.map(({ nudge }, j) => Math.abs(nudge - found[j]!)));
      }, patience)
      .toBeLessThan(1e-4);
  }
}
