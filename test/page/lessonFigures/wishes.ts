/** What the outputs want, after a guess. */
import { expect, it } from 'vitest';

import { showAnswer, ranked, type Scene } from './scene.ts';

export function wishes(scene: Scene): void {
  it('by pointer: a right guess', async () => {
    await scene.reader.scrollTo('wishes');
    await showAnswer(scene.reader);
    await scene.reader.click('#wishes .predict button', { text: /Hide the answer/ });
    const { outputs, prediction } = scene.now.nudges(scene.example);
    const isMore = outputs[prediction]!.nudge > 0;
    await scene.reader.click('#wishes .predict button', { text: isMore ? /More/ : /Less/ });
    const largest = ranked(outputs.map(({ nudge }) => nudge))[0]!;
    await scene.reader.click(`#wishes .predict button[aria-label="Output ${largest}"]`);
    await scene.reader.read('#wishes .predict-verdict', /^Right: .* And yes, the largest nudge/);
    await expectWishes();
  });

  it('by keyboard: a wrong guess', async () => {
    await scene.reader.scrollTo('wishes');
    await showAnswer(scene.reader);
    await scene.reader.tabTo('wishes', '#wishes .predict button', /Hide the answer/);
    await scene.reader.press('Enter');
    await scene.reader.expectFocus('#wishes .predict');
    const { outputs, prediction } = scene.now.nudges(scene.example);
    const isMore = outputs[prediction]!.nudge > 0;
    await scene.reader.tabOn('#wishes .predict button', isMore ? /Less/ : /More/);
    await scene.reader.press('Enter');
    await scene.reader.expectFocus('#wishes .predict');
    const order = ranked(outputs.map(({ nudge }) => nudge));
    await scene.reader.tabOn(`#wishes .predict button[aria-label="Output ${order.at(-1)!}"]`);
    await scene.reader.press(' ');
    const [, largest] = await scene.reader.read(
      '#wishes .predict-verdict',
      /^The other way round: .* largest nudge goes to output (\d)/,
    );
    expect(Number(largest)).toBe(order[0]);
    await scene.reader.expectFocus('#wishes .predict');
    await expectWishes();
  });

  async function expectWishes(): Promise<void> {
    const { outputs } = scene.now.nudges(scene.example);
    await scene.reader.expectValues(
      '#wishes .wish-nudge [data-nudge]',
      outputs.map(({ given }, j) => 2 * (Number(j === scene.example.label) - given)),
    );
  }
}
