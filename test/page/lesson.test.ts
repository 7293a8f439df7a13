/**
 * The lesson as a reader uses it: by scrolling, by pointer and by keyboard. The oracle is a course in Node, whose
 * numbers are held to float64 in test/page/lesson/.
 */
import type { Page } from 'puppeteer';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { timesMoreSensitive } from '../../src/reference/nudges.ts';
import type { Frame } from '../../src/page/lesson/frame.ts';
import { firstScript, type Script } from '../../src/page/lesson/moment.ts';
import { Course } from '../../src/page/lesson/worker/course.ts';
import { optionalFirefox } from '../setup/optional.ts';
import { findProblems } from './accessibility.ts';
import { hostPage, textOf, waitForText, type PageHost } from './openPage.ts';

let host: PageHost;
beforeAll(async () => {
  host = await hostPage();
});
afterEach(() => host.closePages());
afterAll(() => host.close());

/** The frame of a moment, computed here. */
async function frameAt(step: number, script: Script = firstScript): Promise<Frame> {
  let last: Frame | undefined;
  const course = await Course.open(
    { script, step },
    (frame) => (last = frame),
    () => undefined,
  );
  await course.dispose();
  return last!;
}

/** Scrolls to a figure, as a reader does, and waits until it is there. */
async function scrollTo(page: Page, figure: string): Promise<void> {
  // The last figure is there when all are.
  await page.waitForSelector('#mend');
  await page.$eval(`#${figure}`, (element) => element.scrollIntoView({ behavior: 'instant' }));
}

/** A number that a figure shows, with all its digits. */
async function valueOf(page: Page, selector: string): Promise<number> {
  await page.waitForSelector(selector);
  return await page.$eval(selector, (element) => {
    const { dataset } = element as HTMLElement;
    return Number(dataset.value ?? (element as HTMLDataElement).value);
  });
}

/** Waits for a number that the worker has yet to compute, and compares it. */
async function expectValue(
  page: Page,
  selector: string,
  expected: number,
  tolerance: number,
): Promise<void> {
  await expect
    .poll(async () => relative(await valueOf(page, selector), expected), patience)
    .toBeLessThan(tolerance);
}

const patience = { timeout: 20_000 };

const relative = (found: number, expected: number): number =>
  Math.abs(found - expected) / Math.max(Math.abs(expected), 1e-9);

describe('by scrolling alone', () => {
  it('a network learns, and every figure says its point with numbers', async () => {
    await scrollThrough(host);
  });

  it('so it is in Firefox', async (context) => {
    const firefox = await hostPage(await optionalFirefox(context));
    try {
      await scrollThrough(firefox);
      await firefox.closePages();
    } finally {
      await firefox.close();
    }
  });

  it('the network stands still, trained, for readers who want no motion', async () => {
    const home = await host.open('index.html', reducedMotion);
    await waitForText(home, '.live figcaption', /After 1,500 steps it reads \d+\.\d %/);
    expect(await textOf(home, '.live button')).toBe('Play');
  });
});

/** Reads the lesson from top to bottom without touching anything. */
async function scrollThrough(reader: PageHost): Promise<void> {
  const page = await reader.open('lesson.html');
  await waitForText(page, '.now', /(9\d|8[5-9])\.\d %/);
  await page.waitForSelector('#mend');
  const figures = await page.$$eval('section.figure', (all) => all.map(({ id }) => id));
  expect(figures).toEqual([
    ...['network', 'cost', 'sensitivity', 'wiggle', 'wishes', 'avenues', 'sums', 'backwards'],
    ...['average', 'onlyOne', 'miniBatches', 'descent', 'data', 'code', 'mend'],
  ]);
  for (const figure of figures) {
    await scrollTo(page, figure);
    await waitForText(page, `#${figure} figcaption`, /\d/);
    await waitForText(page, `#${figure} .badge`, /✓ Read from the .* at step [\d,]+/);
  }
}

/** Makes a page believe that its reader wants no motion, before it asks. */
const reducedMotion = `
  const real = matchMedia;
  globalThis.matchMedia = (query) => real(query.includes('reduced-motion') ? 'all' : query);`;

describe('the numbers on the page', () => {
  const step = 40;

  it('are those of the same moment computed elsewhere', async () => {
    const { nudges, test } = await frameAt(step);
    const page = await host.open(`lesson.html#step=${step}`);
    await waitForText(page, '.now', /step 40/);
    expect(await textOf(page, '.now strong')).toBe(`${(100 * test.accuracy).toFixed(1)} %`);
    await scrollTo(page, 'cost');
    await expectValue(page, '#cost-example', nudges.cost, 1e-4);
    await expectValue(page, '#cost-mean', test.cost, 1e-4);
    await scrollTo(page, 'wishes');
    for (const [output, { nudge }] of nudges.outputs.entries()) {
      await expectValue(page, `#wishes [data-nudge="neuron 3.${output}"]`, nudge, 1e-3);
    }
    await scrollTo(page, 'sums');
    const sums = nudges.layers[2]!.previous;
    for (const neuron of [0, 7, 15]) {
      await page.waitForSelector('#sums .sums-head[role=radio]');
      const heads = await page.$$('#sums .sums-head[role=radio]');
      await heads[neuron]!.click();
      await clickText(page, '#sums button', /All outputs/);
      await expectValue(page, `#sums [data-nudge="sum ${neuron}"]`, sums[neuron]!, 1e-3);
    }
  });

  it('“n times more sensitive” is the ratio of the two sensitivities', async () => {
    const { nudges } = await frameAt(step);
    const page = await host.open(`lesson.html#step=${step}&weights=2.3.0-1.5.4`);
    await scrollTo(page, 'sensitivity');
    const network = { layers: [784, 16, 16, 10] };
    const ratio = timesMoreSensitive(
      network,
      nudges.parameters,
      { layer: 2, output: 3, input: 0 },
      { layer: 1, output: 5, input: 4 },
    );
    await expectValue(page, '#sensitivity-times', Math.max(ratio, 1 / ratio), 1e-2);
  });

  it('a wiggled weight changes the cost by its slope, within the second-order term', async () => {
    const page = await host.open(`lesson.html#step=${step}`);
    await scrollTo(page, 'wiggle');
    await page.waitForSelector('#wiggle-real');
    await page.click('input[name=wiggle-span][value="0.01"]');
    await page.$eval('#wiggle-change', (element) => {
      const slider = element as HTMLInputElement;
      slider.value = slider.max;
      slider.dispatchEvent(new Event('input', { bubbles: true }));
    });
    await waitForText(page, '#wiggle figcaption', /0\.01/);
    const slope = await valueOf(page, '#wiggle-slope');
    const [predicted, real, bend] = [
      await valueOf(page, '#wiggle-predicted'),
      await valueOf(page, '#wiggle-real'),
      await valueOf(page, '#wiggle-bend'),
    ];
    expect(relative(predicted, slope * 0.01)).toBeLessThan(1e-6);
    // The third-order term is a hundredth of the second here; float32 adds 1e-7.
    expect(Math.abs(real - predicted)).toBeLessThan(2 * Math.abs(bend) + 1e-6);
  });

  it('the average of the table is the negative gradient', async () => {
    const page = await host.open(`lesson.html#step=${step}`);
    await scrollTo(page, 'average');
    await page.waitForSelector('#average tr[data-weight]');
    const rows = await page.$$eval('#average tr[data-weight]', (all) =>
      all.map((row) => ({
        average: Number(row.querySelector('td.mean')?.getAttribute('data-value')),
        gradient: Number(row.querySelector('td.slope')?.getAttribute('data-value')),
      })),
    );
    expect(rows.length).toBeGreaterThanOrEqual(10);
    for (const { average, gradient } of rows) {
      expect(relative(-average, gradient)).toBeLessThan(1e-3);
    }
    expect(await valueOf(page, '#average-difference')).toBeLessThanOrEqual(1);
  });
});

describe('a reader', () => {
  it('goes back to a step, and sees its numbers again', async () => {
    const page = await host.open('lesson.html#step=60');
    await waitForText(page, '.now', /step 60/);
    await scrollTo(page, 'cost');
    const before = await valueOf(page, '#cost-example');
    await moveScrub(page, 20);
    await waitForText(page, '.now', /step 20/);
    await page.waitForFunction(
      (cost) => Number(document.querySelector('#cost-example')?.getAttribute('value')) !== cost,
      {},
      before,
    );
    await moveScrub(page, 60);
    await waitForText(page, '.now', /step 60/);
    await page.waitForFunction(
      (cost) => Number(document.querySelector('#cost-example')?.getAttribute('value')) === cost,
      {},
      before,
    );
  });

  it('trains on the 2s alone, and takes it back', async () => {
    const page = await host.open('lesson.html#step=40');
    await waitForText(page, '.now', /step 40/);
    await scrollTo(page, 'onlyOne');
    const before = await textOf(page, '.now strong');
    await page.waitForSelector('#only-one-start');
    await clickText(page, '#onlyOne button', /only/);
    await page.waitForFunction(
      () => Number(document.querySelector('#only-one-live')?.getAttribute('data-value')) > 0.99,
      { timeout: 60_000 },
    );
    await clickText(page, '#onlyOne button', /Undo/);
    await expect.poll(() => textOf(page, '.now'), patience).toBe(`${before}step 40`);
  });

  it('draws a digit by keyboard, and says which it is', async () => {
    const page = await host.open('lesson.html#step=600');
    await clickText(page, '.picker button', /Draw one/);
    await page.$eval('.paper', (element) => (element as SVGElement).focus());
    // A vertical line, which is a 1.
    await page.keyboard.press(' ');
    for (let n = 0; n < 12; n++) await page.keyboard.press('ArrowDown');
    await page.keyboard.press(' ');
    await page.select('.draw select', '1');
    await waitForText(page, '#network .prose', /to your drawing, which is right/);
    // The link holds the drawing.
    await clickText(page, '#network .provenance button', /Copy link/);
    const address = await page.evaluate(() => location.hash);
    expect(address).toMatch(/drawn=1\./);
    const other = await host.open(`lesson.html${address}`);
    await waitForText(other, '#network .prose', /to your drawing, which is right/);
  });

  it('selects a neuron by keyboard, and all figures show it', async () => {
    const page = await host.open('lesson.html#step=40');
    await page.focus('#network .drawing');
    for (const key of ['ArrowLeft', 'ArrowDown'] as const) await page.keyboard.press(key);
    const selected = await page.$eval('#network .drawing', (element) => element.ariaValueText);
    expect(selected).toMatch(/^neuron 3 of the second hidden layer, activation \d/);
    await scrollTo(page, 'avenues');
    await waitForText(page, '#avenues figcaption', /Neuron 3 of the second hidden layer/i);
  });

  it('leaves the page, which pauses, and comes back, and it goes on', async () => {
    const page = await host.open('lesson.html');
    await waitForText(page, '.play', /Pause/);
    const hide = (isHidden: boolean) =>
      page.evaluate((value) => {
        Object.defineProperty(document, 'hidden', { value, configurable: true });
        document.dispatchEvent(new Event('visibilitychange'));
      }, isHidden);
    await hide(true);
    await waitForText(page, '.play', /Play/);
    await hide(false);
    await waitForText(page, '.play', /Pause/);
  });

  it('breaks the network and mends it with Undo', async () => {
    const page = await host.open('lesson.html#step=300');
    await waitForText(page, '.now', /step 300/);
    const before = await textOf(page, '.now strong');
    await scrollTo(page, 'mend');
    await press(page, '[data-break=zero]');
    await page.waitForFunction(
      (share) => document.querySelector('.now strong')?.textContent !== share,
      {},
      before,
    );
    // Undo lets a run that was playing play on.
    await press(page, '.play');
    await waitForText(page, '.play', /Play/);
    await press(page, '.mend-undo:enabled');
    await expect.poll(() => textOf(page, '.now'), patience).toBe(`${before}step 300`);
  });

  it('opens a link of another browser at the same moment', async (context) => {
    const firefox = await hostPage(await optionalFirefox(context));
    try {
      const page = await host.open('lesson.html#step=50&changes=30.noise.1~0.5');
      await scrollTo(page, 'cost');
      await clickText(page, '#cost .provenance button', /Copy link/);
      const address = await page.evaluate(() => location.hash);
      const other = await firefox.open(`lesson.html${address}`);
      await waitForText(other, '.now', /step 50/);
      await scrollTo(other, 'cost');
      const [here, there] = [
        await valueOf(page, '#cost-example'),
        await valueOf(other, '#cost-example'),
      ];
      // Another engine may round each of the 50 steps in another way.
      expect(relative(there, here)).toBeLessThan(1e-3);
      await firefox.closePages();
    } finally {
      await firefox.close();
    }
  });
});

describe.each([
  ['light', 1280],
  ['dark', 360],
] as const)('the %s page at %i px', (theme, width) => {
  it('has no problem that axe-core finds, and does not scroll sideways', async () => {
    const page = await host.open('lesson.html#step=40');
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: theme }]);
    await page.setViewport({ width, height: 800 });
    await page.waitForSelector('#mend');
    for (const figure of ['wishes', 'average', 'descent', 'code', 'mend']) {
      await scrollTo(page, figure);
      await waitForText(page, `#${figure} figcaption`, /\d/);
    }
    expect(await findProblems(page)).toEqual([]);
    const [scrolled, inner] = await page.evaluate(() => [
      document.documentElement.scrollWidth,
      innerWidth,
    ]);
    expect(scrolled).toBeLessThanOrEqual(inner!);
  });
});

it('an error in the engine turns the badge', async () => {
  const right = 'return a * (1.0 - a)';
  let edits = 0;
  const broken = await hostPage(undefined, (script) => {
    edits += script.split(right).length - 1;
    return script.replaceAll(right, 'return a * (1.01 - a)');
  });
  try {
    expect(edits).toBeGreaterThan(0);
    const page = await broken.open('lesson.html#step=40');
    await waitForText(page, '#network .badge', /✓/);
    await page.waitForSelector('.engine select');
    await page.select('.engine select', 'webgpu');
    await waitForText(page, '#network .badge', /✗ Read from the GPU .* times the tolerance/);
    await broken.closePages();
  } finally {
    await broken.close();
  }
});

it('without the mean’s 1/n, the table’s average is not the gradient', async () => {
  const right = 'applyGradient(at, sum * scale, rate)';
  let edits = 0;
  const broken = await hostPage(undefined, (script) => {
    edits += script.split(right).length - 1;
    return script.replaceAll(right, 'applyGradient(at, sum, rate)');
  });
  try {
    expect(edits).toBeGreaterThan(0);
    const page = await broken.open('lesson.html#step=40');
    await page.waitForSelector('.engine select');
    await page.select('.engine select', 'webgpu');
    await scrollTo(page, 'average');
    await page.waitForFunction(
      () => Number(document.querySelector('#average-difference')?.getAttribute('data-value')) > 1,
      { timeout: 60_000 },
    );
    await broken.closePages();
  } finally {
    await broken.close();
  }
});

async function moveScrub(page: Page, step: number): Promise<void> {
  await page.$eval(
    '.scrub input',
    (element, to) => {
      const slider = element;
      slider.value = String(to);
      slider.dispatchEvent(new Event('input', { bubbles: true }));
    },
    step,
  );
}

/** Presses a button, also one that moves while the figures above it get their numbers. */
async function press(page: Page, selector: string): Promise<void> {
  await page.waitForSelector(selector);
  await page.$eval(selector, (element) => (element as HTMLElement).click());
}

async function clickText(page: Page, selector: string, text: RegExp): Promise<void> {
  await page.waitForSelector(selector);
  for (const element of await page.$$(selector)) {
    const content = await element.evaluate((one) => one.textContent);
    if (!text.test(content)) continue;
    // Not at a place on the screen, where the bar at the bottom may lie above it.
    await element.evaluate((one) => (one as HTMLElement).click());
    return;
  }
  throw new Error(`No ${selector} has the text ${text.source}.`);
}
