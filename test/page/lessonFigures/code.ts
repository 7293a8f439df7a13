/** What each line computes. */
import { it } from 'vitest';

import { ranked, type Scene } from './scene.ts';

export function code(scene: Scene): void {
  it('by pointer: another neuron, and the line in both languages', async () => {
    await scene.reader.click('#wishes .wish', { text: /Output 6/ });
    await scene.reader.scrollTo('code');
    await expectLines(3, 6);
    await scene.reader.hover('#code .code-line', /let sum = biases/);
    await scene.reader.page.waitForSelector('#code .is-shader .code-line.is-marked');
  });

  it('by keyboard: why a line is there', async () => {
    await scene.reader.tabTo('code', '#code .code-value a');
    await scene.reader.press('Enter');
    await scene.reader.expectFocus('#avenues-title');
    await scene.reader.tabOn('#avenues .neuron-picker select');
    // The first one of the first hidden layer.
    await scene.reader.press('f');
    // Another layer changes the height of that figure, which would move this one out of view.
    await scene.reader.page.waitForSelector('#avenues [data-z="neuron 1.0"]');
    await scene.reader.scrollTo('code');
    await expectLines(1, 0);
  });

  /** What the lines compute for a neuron. */
  async function expectLines(layer: number, index: number): Promise<void> {
    const nudges = scene.now.nudges(scene.example);
    const { features, layers, outputs, cost, prediction } = nudges;
    const { z, a, biases, weights, usedBiases, usedWeights, inputs } = layers[layer - 1]!;
    const behind = layers[layer - 2]?.a ?? features;
    const own = usedWeights.slice(index * inputs, (index + 1) * inputs);
    const input = ranked(own.map((weight, i) => weight * behind[i]!))[0]!;
    const weight = own[input]!;
    const gradient = -weights[index * inputs + input]!;
    const output = layer === 3 ? index : scene.example.label;
    const { given, wanted, nudge } = outputs[output]!;
    // A neuron of a hidden layer: the one with the largest wish, if an output is selected.
    const [hidden, place] = layer === 3 ? [1, ranked(layers[2]!.previous)[0]!] : [layer - 1, index];
    const expected = {
      'forward 0': usedBiases[index]!,
      'forward 1': weight * behind[input]!,
      'forward 2': z[index]!,
      'forward 3': layer === 3 ? z[index]! : a[index]!,
      'outputDelta 0': given,
      'outputDelta 1': cost,
      'outputDelta 2': prediction,
      'outputDelta 3': wanted,
      'outputDelta 4': -nudge,
      'outputDelta 5': -layers[2]!.biases[output]!,
      'hiddenDelta 1': -layers[hidden]!.biases[place]!,
      'weightGradient 1': -biases[index]!,
      'weightGradient 2': gradient,
      'update 0': weight - 6 * gradient,
    };
    for (const [line, value] of Object.entries(expected)) {
      await scene.reader.expectValue(`#code [data-line="${line}"]`, value);
    }
  }
}
