/** One moment of the lesson in a browser, which every figure is driven at. */
import { expect } from 'vitest';

import { firstNetwork, Moment, momentAfter, testDigit, testDigits, type Sample } from './oracle.ts';
import { patience, type Reader } from './reader.ts';

/** The moment: whole epochs from the start. */
export const epochs = 3;
export const step = 140;

export interface Scene {
  readonly reader: Reader;
  /** What the page should show. */
  readonly now: Moment;
  /** The chosen digit. */
  readonly example: Sample;
}

/** Goes to the moment: back to the start of the run, and on by whole epochs. */
export async function setScene(reader: Reader): Promise<Scene> {
  const { page } = reader;
  if (!(await reader.text('.now')).endsWith(`step ${step}`)) {
    await page.focus('.scrub input');
    await reader.press('Home');
    await reader.read('.now', /step 0$/);
    const { accuracy } = new Moment(firstNetwork);
    expect(await reader.text('.now strong')).toBe(`${(100 * accuracy).toFixed(1)} %`);
    await page.$eval('.steps', (details) => ((details as HTMLDetailsElement).open = true));
    for (const end of [20, 60, step]) {
      await reader.click('.steps button', { text: /One epoch/ });
      await reader.read('.now', new RegExp(`step ${end}$`));
    }
    await page.$eval('.steps', (details) => ((details as HTMLDetailsElement).open = false));
  }
  // The first 2.
  const index = testDigits.labels.indexOf(2);
  if ((await chosenDigit(reader)) !== index) {
    await page.$eval(`.picker [aria-label^="Test digit ${index},"]`, (button) =>
      (button as HTMLElement).click(),
    );
    await expect.poll(() => chosenDigit(reader), patience).toBe(index);
  }
  return { reader, now: await momentAfter(epochs), example: testDigit(index) };
}

/** The test digit that the figures explain; NaN for a drawing. */
export const chosenDigit = async (reader: Reader): Promise<number> =>
  Number(/to test digit (\d+)/.exec(await reader.text('#network .prose'))?.[1]);

/** Shows what the example wishes for, if it is still a riddle. */
export async function showAnswer(reader: Reader): Promise<void> {
  await reader.page.waitForSelector('#wishes .predict button');
  await reader.page.$$eval('#wishes .predict button.plain', ([show]) =>
    (show as HTMLElement | undefined)?.click(),
  );
  await reader.read('#wishes .predict', /Hide the answer/);
}

/** The places of values, those of the largest size first. */
export const ranked = (values: ArrayLike<number>): number[] =>
  [...Array(values.length).keys()].sort((a, b) => Math.abs(values[b]!) - Math.abs(values[a]!));

export const largestOf = (values: Float64Array): number => values[ranked(values)[0]!]!;
