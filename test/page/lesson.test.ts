/** The lesson's page as a whole: motion, accessibility, and its badges when an engine is wrong. */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';

import { findProblems } from './accessibility.ts';
import { Reader } from './lessonFigures/reader.ts';
import { hostPage, textOf, waitForText, type PageHost } from './openPage.ts';

let host: PageHost;
beforeAll(async () => {
  host = await hostPage();
});
afterEach(() => host.closePages());
afterAll(() => host.close());

it('the network stands still, trained, for readers who want no motion', async () => {
  const home = await host.open('index.html', reducedMotion);
  await waitForText(home, '.live figcaption', /After 1,500 steps it reads \d+\.\d %/);
  expect(await textOf(home, '.live button')).toBe('Play');
});

/** Makes a page believe that its reader wants no motion, before it asks. */
const reducedMotion = `
  const real = matchMedia;
  globalThis.matchMedia = (query) => real(query.includes('reduced-motion') ? 'all' : query);`;

it('a page that is left pauses, and goes on when its reader comes back', async () => {
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

it('a page that is loaded again offers the moment that it had, and goes back there', async () => {
  const page = await host.open('lesson.html');
  await page.waitForFunction(() => sessionStorage.length > 0, { timeout: 60_000 });
  await page.reload();
  await waitForText(page, '.earlier', /was at step [\d,]+ before/);
  const [, step] = /step ([\d,]+)/.exec(await textOf(page, '.earlier'))!;
  await page.locator('.earlier a').click();
  await waitForText(page, '.now', new RegExp(`step ${step!}$`));
  expect(await page.$('.earlier')).toBeNull();
});

it('has no problem that axe-core finds, and does not scroll sideways: light and wide, dark and narrow', async () => {
  const page = await host.open('lesson.html#step=40');
  const reader = new Reader(page);
  for (const figure of ['wishes', 'average', 'descent', 'code', 'mend']) {
    await reader.scrollTo(figure);
    await waitForText(page, `#${figure} figcaption`, /\d/);
  }
  for (const [theme, width] of [
    ['light', 1280],
    ['dark', 360],
  ] as const) {
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: theme }]);
    await page.setViewport({ width, height: 800 });
    expect(await findProblems(page)).toEqual([]);
    const [scrolled, inner] = await page.evaluate(() => [
      document.documentElement.scrollWidth,
      innerWidth,
    ]);
    expect(scrolled).toBeLessThanOrEqual(inner!);
  }
});

/** Errors of the GPU engine, as [right, wrong] code. */
const planted = [
  // Its explanations differ from float64.
  ['return a * (1.0 - a)', 'return a * (1.01 - a)'],
  // Those of one sample do not, since its share of the mean is 1.
  ['applyGradient(at, sum * scale, rate)', 'applyGradient(at, sum, rate)'],
] as const;

it('a wrong slope turns the badge; without the mean’s 1/n, the table’s average is not the gradient', async () => {
  const found = new Set<string>();
  const broken = await hostPage(undefined, (script) =>
    planted.reduce((text, [right, wrong]) => {
      if (text.includes(right)) found.add(right);
      return text.replaceAll(right, wrong);
    }, script),
  );
  try {
    expect(found.size).toBe(planted.length);
    const page = await broken.open('lesson.html#step=40');
    await waitForText(page, '#network .badge', /✓/);
    await page.waitForSelector('.engine select');
    await page.select('.engine select', 'webgpu');
    await waitForText(page, '#network .badge', /✗ Read from the GPU .* times the tolerance/);
    await new Reader(page).scrollTo('average');
    await page.waitForFunction(
      () => Number(document.querySelector('#average-difference')?.getAttribute('data-value')) > 1,
      { timeout: 60_000 },
    );
    await broken.closePages();
  } finally {
    await broken.close();
  }
});
