/** What the reader sees, hears and can do while a run is under way, and when it ends. */
import type { Page } from 'puppeteer';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { findProblems } from './accessibility.ts';
import { hostPage, isHidden, resultOf, textOf, waitForText, type PageHost } from './openPage.ts';

let host: PageHost;
beforeAll(async () => {
  host = await hostPage();
});
afterAll(() => host.close());
afterEach(() => host.closePages());

const cpu = 'workloads=tiny&backend=cpu&samples=500';
const brief = `?${cpu}&repeats=2&blocks=1&seconds=0.01`;
/** Some seconds: to be looked at, and stopped. */
const lasting = `?${cpu}&repeats=100&seconds=0.1`;

const focused = (page: Page) => page.evaluate(() => document.activeElement?.id);

/** Whether elements are in the window, with all of their height and width. */
function areInView(page: Page, selector: string): Promise<boolean[]> {
  return page.$$eval(selector, (elements) =>
    elements.map((element) => {
      const { top, bottom, left, right, width } = element.getBoundingClientRect();
      return width > 0 && top >= 0 && bottom <= innerHeight && left >= 0 && right <= innerWidth;
    }),
  );
}

/** Hides the page from itself, or shows it again. */
function setVisibility(page: Page, state: 'hidden' | 'visible'): Promise<void> {
  return page.evaluate((to) => {
    Object.defineProperty(document, 'visibilityState', { get: () => to, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  }, state);
}

async function waitForCharts(page: Page): Promise<void> {
  await page.waitForFunction(() => document.querySelectorAll('#live svg').length === 2, {
    polling: 50,
  });
}

describe('a run', () => {
  it('has the button, the progress and the charts in view from the press on, at every width', async () => {
    const page = await host.open(lasting);
    await page.setViewport({ width: 390, height: 844 });
    await page.focus('#start');
    await page.keyboard.press('Enter');
    await waitForText(page, '#start', /Stop/);
    expect(await areInView(page, '#start, #progress')).toEqual([true, true]);
    await waitForCharts(page);
    for (const [width, height] of [
      [360, 740],
      [390, 844],
      [768, 1024],
      [1280, 720],
    ] as const) {
      await page.setViewport({ width, height });
      const seen = await areInView(page, '#start, #progress, #live .chart');
      expect(seen, `${width} × ${height}`).toEqual([true, true, true, true]);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
    }
    // Nothing has taken the focus, and the same key stops it.
    expect(await focused(page)).toBe('start');
    await page.evaluate(() => scrollTo({ top: 300, behavior: 'instant' }));
    expect(await areInView(page, '#start, #progress')).toEqual([true, true]);
    expect(await findProblems(page)).toEqual([]);
    await page.keyboard.press('Enter');
    await waitForText(page, '#status', /^Stopped$/);
    expect(await focused(page)).toBe('start');
  });

  it('ends with the focus on the result’s heading, which says the score', async () => {
    // An interval takes two blocks.
    const page = await host.open(`?${cpu}&repeats=2&seconds=0.01`);
    await page.emulateMediaFeatures([{ name: 'prefers-reduced-motion', value: 'reduce' }]);
    expect(await page.evaluate('getComputedStyle(document.documentElement).scrollBehavior')).toBe(
      'auto',
    );
    await page.locator('#start').click();
    const { scores } = await resultOf(page);
    const [heading, top] = await page.evaluate(() => [
      document.activeElement?.textContent,
      document.activeElement?.getBoundingClientRect().top,
    ]);
    const score = Math.round(scores[0]!.middle).toLocaleString('en');
    expect(heading).toMatch(new RegExp(`^Result: CPU score: ${score}, interval [\\d,]+ to `));
    expect(top).toBeGreaterThanOrEqual(0);
    expect(top).toBeLessThan(120);
    expect(await textOf(page, '#status')).toMatch(/^Done in \d+ s$/);
    await page.waitForSelector('[data-part="environment"]');
    expect(await findProblems(page)).toEqual([]);
  });

  it('leaves a reader who reads something else where they are, and says the score', async () => {
    const page = await host.open(`?${cpu}&repeats=6&blocks=2&seconds=0.15`);
    await page.locator('#start').click();
    await waitForCharts(page);
    await page.locator('#method summary').click();
    const look = () =>
      page.$eval('#method .prose', (text) => [text.getBoundingClientRect().top, scrollY] as const);
    await page.$eval('#method .prose', (text) => text.scrollIntoView({ behavior: 'instant' }));
    // So that a scroll event has come.
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(resolve)));
    const [before, scrolled] = await look();
    expect(scrolled).toBeGreaterThan(0);
    await resultOf(page);
    await page.waitForSelector('[data-part="environment"]');
    const [after] = await look();
    expect(Math.abs(after - before)).toBeLessThanOrEqual(2);
    expect(await page.evaluate('document.activeElement.localName')).toBe('summary');
    expect(await textOf(page, '#status')).toMatch(
      /^Done in .*\. Result: CPU score: [\d,]+, interval/,
    );
  });

  it('that the browser gives neither locks nor a wake lock goes on without', async () => {
    const page = await host.open(
      `${brief}&auto=1`,
      'delete Navigator.prototype.locks; delete Navigator.prototype.wakeLock;',
    );
    expect((await resultOf(page)).scores).toHaveLength(1);
  });

  it('keeps the screen on, again after the page was hidden, and no longer than it takes', async () => {
    const page = await host.open(
      lasting,
      `globalThis.asked = [];
       const request = () => {
         asked.push('on');
         return Promise.resolve({ release: () => (asked.push('off'), Promise.resolve()) });
       };
       Object.defineProperty(Navigator.prototype, 'wakeLock', { get: () => ({ request }) });`,
    );
    await page.locator('#verify').click();
    await page.waitForFunction('asked.length === 1');
    await setVisibility(page, 'hidden');
    await setVisibility(page, 'visible');
    await page.waitForFunction('asked.length === 2');
    await page.locator('#verify').click();
    await waitForText(page, '#verify-status', /^Stopped\.$/);
    expect(await page.evaluate('asked')).toEqual(['on', 'on', 'off']);
    await page.locator('#start').click();
    await page.waitForFunction('asked.length === 4');
    await page.locator('#start').click();
    await waitForText(page, '#status', /^Stopped$/);
    expect(await page.evaluate('asked')).toEqual(['on', 'on', 'off', 'on', 'off']);
  });

  it('asks before the page is left, and only while it runs', async () => {
    const page = await host.open(lasting);
    const asked: string[] = [];
    page.on('dialog', (dialog) => {
      asked.push(dialog.type());
      void dialog.dismiss();
    });
    await page.locator('#start').click();
    await waitForText(page, '#status', /tiny/);
    await page.close({ runBeforeUnload: true });
    await expect.poll(() => asked).toEqual(['beforeunload']);
    await page.locator('#start').click();
    await waitForText(page, '#status', /^Stopped$/);
    await page.close({ runBeforeUnload: true });
    await expect.poll(() => page.isClosed()).toBe(true);
    expect(asked).toHaveLength(1);
  });
});

describe('the network beside the button', () => {
  const caption = '#prelude figcaption';
  const learning = /^After [1-9]\d* steps it reads \d+\.\d % of digits/;
  const stepsOf = async (page: Page) => Number(/\d+/.exec(await textOf(page, caption))?.[0]);
  const topOf = (page: Page, id: string) =>
    page.$eval(id, (element) => element.getBoundingClientRect().top);

  it.each([
    ['a run begins', '#start', '#status', /tiny/],
    ['the checks begin', '#verify', '#verify-status', /^Checking: kernel '/],
  ])('learns until %s, and stands still from then on', async (_, button, status, busy) => {
    const page = await host.open(lasting);
    const below = await topOf(page, '#training-data');
    await waitForText(page, caption, learning);
    const first = await stepsOf(page);
    await expect.poll(() => stepsOf(page)).toBeGreaterThan(first);
    // Its place was kept for it.
    expect(await topOf(page, '#training-data')).toBe(below);
    expect(await findProblems(page)).toEqual([]);
    const [worker, ...others] = page.workers();
    expect(worker).toBeDefined();
    expect(others).toEqual([]);

    // Also with the last frame on its way.
    const seen = await page.$eval(
      button,
      (element, place) => {
        (element as HTMLButtonElement).click();
        return document.querySelector(place)!.textContent;
      },
      caption,
    );
    await waitForText(page, status, busy);
    expect(page.workers().length).toBeGreaterThan(0);
    expect(page.workers()).not.toContain(worker);
    const steps = seen.split('.')[0]!;
    expect(await textOf(page, caption)).toMatch(/It stopped here for the measurement\.$/);
    expect(await textOf(page, caption)).toContain(steps);
    await page.locator(button).click();
    await waitForText(page, status, /^Stopped/);
    expect(await textOf(page, caption)).toContain(steps);
  });

  it('rests while it is out of view', async () => {
    const page = await host.open('');
    await waitForText(page, caption, learning);
    await page.setViewport({ width: 390, height: 300 });
    await waitForText(page, '#prelude button', /^Play$/);
    await page.$eval('#prelude', (place) => place.scrollIntoView({ behavior: 'instant' }));
    await waitForText(page, '#prelude button', /^Pause$/);
  });

  it('stands still for readers who want no motion', async () => {
    const page = await host.open(
      '',
      `const real = matchMedia;
       globalThis.matchMedia = (query) => real(query.includes('reduced-motion') ? 'all' : query);`,
    );
    await waitForText(page, caption, /^After 300 steps/);
    expect(await textOf(page, '#prelude button')).toBe('Play');
  });
});

describe('a page that is hidden', () => {
  it('stops, says why, and goes on with the rest when it is in view again', async () => {
    const page = await host.open(
      `?workloads=tiny,mid&backend=cpu-1&samples=500&repeats=2&blocks=1&seconds=0.1`,
    );
    await page.locator('#start').click();
    await waitForText(page, '#status', /mid/);
    await setVisibility(page, 'hidden');
    const stopped = await resultOf(page);
    expect(stopped.workloads.map(({ name }) => name)).toEqual(['tiny']);
    expect(stopped.scores).toEqual([]);
    expect(stopped.flags.map(({ kind }) => kind)).toContain('hidden');
    expect(await textOf(page, '#problem')).toBe(
      'The run was stopped because the page was hidden, and browsers slow hidden pages down. Resume to continue.',
    );
    expect(await textOf(page, '#start')).toBe('Resume');
    await setVisibility(page, 'visible');
    await page.locator('#start').click();
    await waitForText(page, '#status', /^Done in/);
    const { workloads, scores, flags } = await resultOf(page);
    expect(workloads.map(({ name }) => name)).toEqual(['tiny', 'mid']);
    expect(scores).toHaveLength(1);
    expect(flags.map(({ kind }) => kind)).not.toContain('hidden');
    expect(await isHidden(page, '#notice')).toBe(true);
  });

  it('has nothing to resume where nothing was finished', async () => {
    const page = await host.open(lasting);
    await page.locator('#start').click();
    await waitForText(page, '#status', /tiny/);
    await setVisibility(page, 'hidden');
    await waitForText(page, '#problem', /No workload was finished\. Start again and keep this tab/);
    expect(await textOf(page, '#start')).toBe('Start');
  });

  it('that is to start by itself waits until it is in view', async () => {
    const page = await host.open(
      `${brief}&auto=1`,
      "Object.defineProperty(document, 'visibilityState', { get: () => 'hidden', configurable: true });",
    );
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await textOf(page, '#status')).toBe('Starting');
    await setVisibility(page, 'visible');
    expect((await resultOf(page)).scores).toHaveLength(1);
  });
});

it('two tabs measure one after the other, and the one that waits can be stopped', async () => {
  // As in two windows, both of which are in view.
  const inView = "Object.defineProperty(document, 'visibilityState', { get: () => 'visible' });";
  const first = await host.open(lasting, inView);
  await first.locator('#start').click();
  await waitForText(first, '#status', /tiny/);
  const second = await host.open(brief);
  const waiting = /^Another tab is measuring\. This one starts when that is done\.$/;
  await second.locator('#start').click();
  await waitForText(second, '#status', waiting);
  await second.locator('#start').click();
  await waitForText(second, '#status', /^Stopped$/);
  await second.locator('#verify').click();
  await waitForText(second, '#verify-status', waiting);
  await second.locator('#verify').click();
  await waitForText(second, '#verify-status', /^Stopped\.$/);
  await second.locator('#start').click();
  await waitForText(second, '#status', waiting);
  // The first one was not disturbed.
  expect(await textOf(first, '#status')).toMatch(/tiny/);
  await first.bringToFront();
  await first.locator('#start').click();
  await waitForText(first, '#status', /^Stopped$/);
  await second.bringToFront();
  await waitForText(second, '#status', /^Done in/);
});

describe('an error', () => {
  it('is in view on a phone, and can be put away', async () => {
    host.expectComplaint(/404/);
    const page = await host.open(
      brief,
      "{ const Real = Worker; globalThis.Worker = class extends Real { constructor() { super('/missing.js'); } }; }",
    );
    await page.setViewport({ width: 390, height: 844 });
    // The network that a visitor sees before a run cannot start either, which is no error.
    await page.waitForSelector('#prelude[hidden]');
    expect(await isHidden(page, '#notice')).toBe(true);
    await page.locator('#start').click();
    await waitForText(page, '#problem', /^A worker of the benchmark ended/);
    expect(await areInView(page, '#problem, #start')).toEqual([true, true]);
    expect(await findProblems(page)).toEqual([]);
    await page.locator('#dismiss').click();
    expect(await isHidden(page, '#notice')).toBe(true);
    expect(await focused(page)).toBe('start');
  });

  it('is in view wherever the reader is', async () => {
    const page = await host.open('');
    await page.setViewport({ width: 390, height: 500 });
    await page.evaluate(() => {
      scrollTo({ top: 10_000, behavior: 'instant' });
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File(['{}'], 'bad.json'));
      const init = { dataTransfer, bubbles: true, cancelable: true };
      document.body.dispatchEvent(new DragEvent('drop', init));
    });
    await waitForText(page, '#problem', /^bad\.json: /);
    expect(await page.evaluate('scrollY')).toBeGreaterThan(200);
    expect(await areInView(page, '#problem')).toEqual([true]);
  });
});

it('without a GPU the page advises its reader, and measures the CPU', async () => {
  const page = await host.open(brief, 'delete Navigator.prototype.gpu;');
  expect(await textOf(page, '#webgpu')).toMatch(/no WebGPU.*CPU can be measured without a GPU\.$/);
  expect(await textOf(page, 'body')).not.toMatch(/nudge doctor|createGpu|navigator\.gpu/);
  expect(await findProblems(page)).toEqual([]);
  await page.locator('#start').click();
  expect((await resultOf(page)).scores.map(({ backend }) => backend)).toEqual(['cpu']);
});
