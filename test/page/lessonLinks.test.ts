/** A link from a figure shows the numbers that its reader saw, with all their digits. */
import type { Page } from 'puppeteer';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { optionalFirefox } from '../setup/optional.ts';
import { hostPage, waitForText, type PageHost } from './openPage.ts';

let host: PageHost;
/** A link with outputs, digits and the deck's order changed, and what its reader saw. */
let link: string;
let before: Numbers;
let seen: Numbers;

beforeAll(async () => {
  host = await hostPage();
  const page = await host.open('lesson.html#step=40&neuron=2.7');
  before = await numbersOf(page, 100);
  await scrollTo(page, 'sums');
  for (const output of [0, 5, 9]) await press(page, '#sums .sums-toggle', output);
  await scrollTo(page, 'average');
  await press(page, '#average .average-controls button', 0);
  await press(page, '#average .average-wish button', 1);
  await scrollTo(page, 'miniBatches');
  await press(page, '#miniBatches .mini-batch-controls button', 1);
  // Sorted, a hundred digits are of one or two kinds.
  await page.waitForFunction(
    (angle) =>
      Number(document.querySelector<HTMLElement>('#miniBatches .is-main span')?.dataset.value) !==
      angle,
    { timeout: 60_000 },
    before.miniBatches[2],
  );
  seen = await numbersOf(page, 98);
  await press(page, '#miniBatches .provenance button', 0);
  link = await page.evaluate(() => location.hash);
});
afterEach(() => host.closePages());
afterAll(() => host.close());

interface Numbers {
  /** The sum for the selected neuron. */
  readonly sums: readonly number[];
  /** The averages of the rows. */
  readonly average: readonly number[];
  /** The median angle for each size of mini-batches. */
  readonly miniBatches: readonly number[];
}

/** @param averaged digits in the average: the worker may have yet to compute it */
async function numbersOf(page: Page, averaged: number): Promise<Numbers> {
  const values = async (figure: string, selector: string): Promise<number[]> => {
    await scrollTo(page, figure);
    await page.waitForSelector(`#${figure} ${selector}`, { timeout: 60_000 });
    return await page.$$eval(`#${figure} ${selector}`, (all) =>
      all.map((element) => Number((element as HTMLElement).dataset.value)),
    );
  };
  // A page that goes to a moment shows the start of the run first.
  await waitForText(page, '.now', /step 40$/);
  await scrollTo(page, 'sums');
  await waitForText(page, '#sums figcaption', averaged === 100 ? /all ten make/ : /these 7 make/);
  const sums = await values('sums', '[data-nudge="sum 7"]');
  await scrollTo(page, 'average');
  await waitForText(page, '#average figcaption', new RegExp(`Of ${averaged} digits`));
  const average = await values('average', 'td.mean[data-value]');
  return { sums, average, miniBatches: await values('miniBatches', '.dial [data-value]') };
}

async function scrollTo(page: Page, figure: string): Promise<void> {
  // The last figure is there when all are.
  await page.waitForSelector('#mend');
  await page.$eval(`#${figure}`, (element) => element.scrollIntoView({ behavior: 'instant' }));
}

async function press(page: Page, selector: string, index: number): Promise<void> {
  await page.waitForSelector(selector);
  await page.$$eval(selector, (all, n) => (all[n] as HTMLElement).click(), index);
}

const figures = ['sums', 'average', 'miniBatches'] as const;

describe('the link to a moment', () => {
  it('holds what the reader has switched in its figures, and no more', () => {
    const query = new URLSearchParams(link.slice(1));
    expect(query.get('sums.off')).toBe('059');
    expect(query.get('average.of')).toBe('99-1');
    expect(query.get('miniBatches.deck')).toBe('sorted');
    expect([...query.keys()].filter((key) => key.includes('.'))).toHaveLength(3);
    expect(link.length).toBeLessThan(150);
    for (const figure of figures) expect(seen[figure]).not.toEqual(before[figure]);
  });

  it('shows the same numbers when it is opened afresh', async () => {
    const page = await host.open(`lesson.html${link}`);
    expect(await numbersOf(page, 98)).toEqual(seen);
  });

  it('shows them in Firefox, too', async (context) => {
    const firefox = await hostPage(await optionalFirefox(context));
    try {
      const there = await numbersOf(await firefox.open(`lesson.html${link}`), 98);
      for (const figure of figures) {
        expect(there[figure]).toHaveLength(seen[figure].length);
        const largest = Math.max(...seen[figure].map(Math.abs));
        there[figure].forEach((value, n) => {
          // Another engine may round each of the 40 steps in another way.
          expect(Math.abs(value - seen[figure][n]!) / largest).toBeLessThan(1e-3);
        });
      }
      await firefox.closePages();
    } finally {
      await firefox.close();
    }
  });

  it('opens in a page that shows another moment, with the switches of all figures', async () => {
    const page = await host.open('lesson.html#step=3');
    await waitForText(page, '.now', /step 3$/);
    const switches = new URLSearchParams({
      'sensitivity.map': '4',
      ...{ 'wiggle.span': '0.01', 'wiggle.place': '60', 'backwards.stage': '1' },
      ...{ 'onlyOne.digit': '7', 'onlyOne.from': 'start', 'onlyOne.point': '3' },
      ...{ 'descent.by': 'steps', 'mend.noise': '5', 'mend.cell': '4.9' },
    });
    await page.evaluate((hash) => (location.hash = hash), `step=40&${switches}`);
    await waitForText(page, '.now', /step 40$/);
    await scrollTo(page, 'wiggle');
    await waitForText(page, '#wiggle figcaption', /Raise this weight by 0\.01/);
    await scrollTo(page, 'backwards');
    await waitForText(page, '#backwards figcaption', /add up for the second hidden layer/);
    await scrollTo(page, 'onlyOne');
    await waitForText(page, '#onlyOne .trial-legend', /after 3 steps on 7s/);
    await scrollTo(page, 'mend');
    await waitForText(page, '#mend .mend-cell', /a 4 and gets? the answer 9/);
    const pressed = (selector: string) =>
      page.$eval(`${selector} [aria-pressed=true]`, (element) => element.textContent);
    expect(await pressed('#onlyOne .trial-from')).toBe('From the start');
    expect(await pressed('#descent .descent-switch')).toBe('By steps');
    expect(await page.$eval('.map-choice select', ({ value }) => value)).toBe('4');
    // What a reader has not changed stays out of the link, and a question keeps its answer.
    await press(page, '#mend .provenance button', 0);
    const copied = new URLSearchParams((await page.evaluate(() => location.hash)).slice(1));
    for (const [key, value] of switches) expect(copied.get(key)).toBe(value);
    expect([...copied.keys()]).toEqual([
      ...['step', 'example', 'neuron', 'weights'],
      ...switches.keys(),
      'figure',
    ]);
  });
});
