/** A result on phones, for fingers, in the dark, in the reader's own colours, and as a short link. */
import type { Page } from 'puppeteer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { encodeLink, encodeSummary } from '../../src/benchmark/result/link.ts';
import { backends } from '../../src/benchmark/result/backends.ts';
import { cardColors } from '../../src/benchmark/result/svg.ts';
import { projectAddress } from '../../src/page/share/sharePanel.ts';
import { makeBenchmarkResult } from '../support/benchmarkResult.ts';
import { contrast } from '../support/contrast.ts';
import { resultWith } from '../support/resultWith.ts';
import { findProblems } from './accessibility.ts';
import { hostPage, textOf, waitForText, type PageHost } from './openPage.ts';

const result = makeBenchmarkResult({
  workloads: ['tiny', 'mid', 'large', 'xl', 'batch-1', 'batch-10', 'batch-1000'],
});

let host: PageHost;
let page: Page;
beforeAll(async () => {
  host = await hostPage();
  page = await host.open(
    await encodeLink(result),
    `globalThis.copied = '';
     navigator.clipboard.writeText = (text) => { globalThis.copied = text; return Promise.resolve(); };`,
  );
  await openEverything();
});
afterAll(async () => {
  await host.closePages();
  await host.close();
});

/** Waits until all of the result is there, and opens what can be opened. */
async function openEverything(): Promise<void> {
  await page.waitForSelector('[data-part="environment"]');
  await page.$$eval('details', (all) => all.forEach((details) => (details.open = true)));
}

/** Puppeteer loads the page anew where it becomes a phone. */
async function setViewport(viewport: Parameters<Page['setViewport']>[0]): Promise<void> {
  await page.setViewport(viewport);
  await openEverything();
}

describe('at 360 pixels, for fingers', () => {
  beforeAll(() => setViewport({ width: 360, height: 740, isMobile: true, hasTouch: true }));
  afterAll(() => setViewport({ width: 1280, height: 800 }));

  it('nothing is wider than the window', async () => {
    expect(await page.evaluate('matchMedia("(pointer: coarse)").matches')).toBe(true);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
  });

  it('every button is at least 44 pixels high and wide', async () => {
    const boxes = await page.$$eval('button, a, summary, select, label, .drop', (all) =>
      all.flatMap((element) => {
        const { width, height } = element.getBoundingClientRect();
        const name = `${element.localName} ${element.textContent.trim().slice(0, 40)}`;
        return width === 0 ? [] : [{ name, width, height }];
      }),
    );
    expect(boxes.length).toBeGreaterThan(20);
    expect(boxes.filter(({ width, height }) => width < 44 || height < 44)).toEqual([]);
  });

  it('a wide table scrolls by itself, by keyboard too, and its first column stays', async () => {
    const table = (await page.$('[data-table="workloads"] .scrolls'))!;
    expect(
      await table.evaluate((region) => [
        region.getAttribute('role'),
        region.getAttribute('aria-label'),
        region.scrollWidth > region.clientWidth,
        // The shade at its edges.
        getComputedStyle(region).backgroundImage.split('linear-gradient').length - 1,
      ]),
    ).toEqual(['region', 'Samples trained per second by workload', true, 4]);
    const look = () =>
      table.evaluate((region) => {
        const left = region.getBoundingClientRect().left;
        const [name, ratio] = region.querySelectorAll('tbody tr:first-child > *');
        const placeOf = (cell: Element) => cell.getBoundingClientRect().left - left;
        return [placeOf(name!), placeOf(ratio!), region.scrollLeft] as const;
      });
    const [name, ratio] = await look();
    expect(name).toBe(0);
    // The speed-up is what the reader sees without scrolling.
    expect(ratio).toBeLessThan(250);
    expect(await textOf(page, '[data-table="workloads"] thead th:nth-child(2)')).toBe(
      'GPU over CPU',
    );
    await table.focus();
    await page.keyboard.press('ArrowRight');
    await page.waitForFunction((region) => region.scrollLeft > 20, {}, table);
    const [after] = await look();
    expect(Math.abs(after)).toBeLessThan(1);
  });

  it('is accessible', async () => {
    expect(await findProblems(page)).toEqual([]);
  });
});

/** A colour as it is on the page. */
const colorOf = (name: string) =>
  page.evaluate((property) => {
    const probe = document.createElement('span');
    probe.style.cssText = `color: var(--${property}); forced-color-adjust: none`;
    document.body.append(probe);
    const { color } = getComputedStyle(probe);
    probe.remove();
    return color;
  }, name);

/** The colour of the GPU's dots in a chart. */
const dotColor = () =>
  page.$eval(
    '[data-chart="speed-up"] circle[fill="var(--webgpu)"]',
    (dot) => getComputedStyle(dot).fill,
  );

async function emulate(features: Readonly<Record<string, string>>, on = page): Promise<void> {
  const session = await on.createCDPSession();
  await session.send('Emulation.setEmulatedMedia', {
    features: Object.entries(features).map(([name, value]) => ({ name, value })),
  });
}

describe('colours', () => {
  it.each(['light', 'dark'])('are told apart from what is behind them: %s', async (scheme) => {
    await emulate({ 'prefers-color-scheme': scheme });
    for (const paper of ['paper', 'card']) {
      const behind = await colorOf(paper);
      for (const name of ['ink', 'muted', ...backends]) {
        const ratio = contrast(await colorOf(name), behind);
        expect(ratio, `${name} on ${paper}`).toBeGreaterThanOrEqual(4.5);
      }
    }
    for (const [ink, paper] of [
      ['right', 'right-paper'],
      ['warn-ink', 'warn-paper'],
    ] as const) {
      expect(contrast(await colorOf(ink), await colorOf(paper))).toBeGreaterThanOrEqual(4.5);
    }
    expect(await findProblems(page)).toEqual([]);
    // Before a run, too.
    const idle = await host.open('');
    await emulate({ 'prefers-color-scheme': scheme }, idle);
    expect(await findProblems(idle)).toEqual([]);
    await idle.close();
  });

  it('of the result card are those of the page in light mode', async () => {
    await emulate({ 'prefers-color-scheme': 'light' });
    const hex = (color: string) =>
      `#${color
        .match(/\d+/g)!
        .map((part) => Number(part).toString(16).padStart(2, '0'))
        .join('')}`;
    const found = Object.keys(cardColors).map(
      async (name) => [name, hex(await colorOf(name))] as const,
    );
    expect(Object.fromEntries(await Promise.all(found))).toEqual(cardColors);
  });

  it.each([
    ['dark', { 'prefers-color-scheme': 'dark' }],
    ['the reader’s own', { 'forced-colors': 'active', 'prefers-color-scheme': 'dark' }],
  ])('of charts change with the page’s: %s', async (_, features) => {
    await emulate({ 'prefers-color-scheme': 'light', 'forced-colors': 'none' });
    const before = await colorOf('webgpu');
    expect(await dotColor()).toBe(before);
    await emulate(features);
    const after = await colorOf('webgpu');
    expect(after).not.toBe(before);
    expect(await dotColor()).toBe(after);
    const key = await page.$eval(
      '[data-chart="throughput"] .key.backend-webgpu',
      (one) => getComputedStyle(one).backgroundColor,
    );
    expect(key).toBe(after);
    expect(await findProblems(page)).toEqual([]);
  });
});

describe('a short link', () => {
  it('has less than 1,000 characters, and shows the scores, the medians and the machine', async () => {
    await emulate({ 'prefers-color-scheme': 'light', 'forced-colors': 'none' });
    await page.$$eval('.share button', (buttons) =>
      buttons.find(({ textContent }) => textContent === 'Short link')!.click(),
    );
    await waitForText(
      page,
      '.share [role="status"]',
      /^Copied the short link, \d\d\d characters\./,
    );
    const link = (await page.evaluate('copied')) as string;
    expect(link.length).toBeLessThan(1000);
    const other = await host.open(link.slice(host.origin.length + 1));
    await other.waitForSelector('[data-score="webgpu"]');
    expect(await textOf(other, '.tag')).toMatch(/^Summary only/);
    expect(await textOf(other, '[data-score="webgpu"]')).toBe(
      await textOf(page, '[data-score="webgpu"]'),
    );
    expect(await textOf(other, '.headline')).toContain('ACME Roadrunner 2060');
    expect(await other.$$('[data-table="workloads"] tbody tr')).toHaveLength(7);
    await other.waitForSelector('[data-chart="throughput"] svg');
    expect(await other.$$('[data-chart="throughput"] rect')).toHaveLength(12);
    expect(await textOf(other, '#result')).not.toContain('undefined');
    expect(await findProblems(other)).toEqual([]);
    await other.setViewport({ width: 360, height: 740 });
    expect(await other.evaluate('document.documentElement.scrollWidth')).toBe(360);
  });

  it('that carries nothing is refused in a sentence', async () => {
    const other = await host.open((await encodeSummary(result)).slice(0, 200));
    await waitForText(other, '#problem', /^Cannot read .* this link: /);
  });
});

it('a result without a GPU says so to a reader, and not to a program', async () => {
  const message =
    "There is no WebGPU here (navigator.gpu). Pass { gpu: await createGpu() }, or run 'nudge doctor'.";
  let cpu = resultWith(result, ['environment', 'adapter'], undefined);
  cpu = resultWith(cpu, ['environment', 'noAdapter'], message);
  cpu = resultWith(cpu, ['crossover'], undefined);
  cpu = resultWith(cpu, ['scores', 2], undefined);
  for (const n of result.workloads.keys()) {
    cpu = resultWith(cpu, ['workloads', n, 'series', 2], undefined);
    // Those over the CPU's two backends.
    for (let ratio = 0; ratio < 2; ratio++) {
      cpu = resultWith(cpu, ['workloads', n, 'ratios', 0], undefined);
    }
    cpu = resultWith(cpu, ['workloads', n, 'verification'], undefined);
  }
  const other = await host.open(await encodeLink(cpu));
  await other.waitForSelector('[data-part="environment"]');
  expect(await textOf(other, '[data-crossover]')).toBe('No GPU took part.');
  expect(await textOf(other, 'body')).not.toMatch(/createGpu|nudge doctor|navigator\.gpu/);
});

describe('the address on a result card', () => {
  const at = (url: string) => new URL(url) as unknown as Location;

  it.each([
    ['https://nudge.example/', 'http://localhost:5173/', 'https://nudge.example/'],
    ['', 'https://example.org/nudge/?quick=1#result=x', 'https://example.org/nudge/'],
    ['', 'http://localhost:5173/', ''],
    ['', 'http://127.0.0.1:4000/', ''],
    ['', 'http://[::1]:4000/', ''],
    ['', 'file:///tmp/index.html', ''],
  ])('with the homepage %j, on the page %s, is %j', (homepage, url, address) => {
    expect(projectAddress(homepage, at(url))).toBe(address);
  });
});
