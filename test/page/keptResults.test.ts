/** The results that the browser keeps: over a reload, to be compared, deleted; and what happens where it cannot. */
import type { Page } from 'puppeteer';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import type { BenchmarkResult } from '../../src/benchmark/result/schema.ts';
import { makeBenchmarkResult } from '../support/benchmarkResult.ts';
import { findProblems } from './accessibility.ts';
import { hostPage, isHidden, resultOf, textOf, waitForText, type PageHost } from './openPage.ts';

let host: PageHost;
beforeAll(async () => {
  host = await hostPage();
});
afterAll(() => host.close());
afterEach(() => host.closePages());

const brief = '?workloads=tiny&backend=cpu&samples=500&repeats=2&blocks=1&seconds=0.01';

const made = (startedAt: string, webgpu = 1): BenchmarkResult => ({
  ...makeBenchmarkResult({ workloads: ['tiny', 'mid'], curvePoints: 3, factors: { webgpu } }),
  startedAt,
});

/** Puts records into the page's database in place of what is there, and opens the page anew. */
async function store(
  page: Page,
  records: readonly { readonly startedAt: string; readonly text: unknown }[],
): Promise<void> {
  // The page makes the database when it looks for results.
  await page.waitForFunction(async () => {
    const databases = await indexedDB.databases();
    return databases.some(({ name, version }) => name === 'nudge' && version === 1);
  });
  await page.evaluate(
    (all) =>
      new Promise<void>((resolve, reject) => {
        const opening = indexedDB.open('nudge');
        opening.onerror = () => reject(new Error('It does not open.'));
        opening.onsuccess = () => {
          const database = opening.result;
          const change = database.transaction('results', 'readwrite');
          const results = change.objectStore('results');
          results.clear();
          for (const record of all) results.put(record);
          change.oncomplete = () => {
            database.close();
            resolve();
          };
        };
      }),
    records,
  );
  await page.reload();
  await page.waitForSelector('#start:enabled');
}

const textOfResult = (result: BenchmarkResult) => ({
  startedAt: result.startedAt,
  text: JSON.stringify(result),
});

/** The list, a text a row. */
function listOf(page: Page): Promise<string[]> {
  return page.$$eval('#kept li', (rows) =>
    rows.map(({ textContent }) => textContent.replaceAll(/\s+/g, ' ')),
  );
}

async function waitForRows(page: Page, count: number): Promise<void> {
  await page.waitForFunction(
    (wanted) => document.querySelectorAll('#kept li').length === wanted,
    { polling: 20 },
    count,
  );
}

async function press(page: Page, name: string): Promise<void> {
  await page.$$eval(
    '#kept button',
    (buttons, wanted) =>
      buttons
        .find(
          (button) =>
            button.textContent === wanted || button.getAttribute('aria-label')?.startsWith(wanted),
        )!
        .click(),
    name,
  );
}

it('a run is kept by date, scores and machine, also over a reload', async () => {
  const page = await host.open(brief);
  expect(await isHidden(page, '#kept')).toBe(true);
  await page.locator('#start').click();
  const { scores, startedAt, environment } = await resultOf(page);
  await waitForRows(page, 1);
  const [row] = await listOf(page);
  const score = Math.round(scores[0]!.middle).toLocaleString('en');
  expect(row).toContain(`CPU ${score}`);
  expect(row).toContain(environment.name);
  const day = new Date(startedAt).getDate();
  expect(row).toMatch(new RegExp(`^${day} \\w+ \\d{4}, \\d\\d:\\d\\d`));
  await page.reload();
  await waitForRows(page, 1);
  expect(await listOf(page)).toEqual([row]);
  await page.waitForSelector('#start:enabled');
  await page.locator('#start').click();
  await waitForRows(page, 2);
  expect((await listOf(page))[1]).toBe(row);
});

it('of the list, one is shown, two are compared, one or all are deleted', async () => {
  const page = await host.open('');
  await store(page, [
    textOfResult(made('2026-11-20T08:00:00.000Z')),
    textOfResult(made('2026-11-22T08:00:00.000Z', 2)),
    textOfResult(made('2026-11-21T08:00:00.000Z')),
  ]);
  await waitForRows(page, 3);
  expect((await listOf(page)).map((row) => row.slice(0, 11))).toEqual([
    '22 Nov 2026',
    '21 Nov 2026',
    '20 Nov 2026',
  ]);
  expect(await findProblems(page)).toEqual([]);

  // By keyboard: the first and the last.
  for (const which of ['first', 'last']) {
    await page.focus(`#kept li:${which}-child input`);
    await page.keyboard.press('Space');
  }
  await page.focus('#kept .buttons button');
  await page.keyboard.press('Enter');
  await page.waitForSelector('[data-verdict]');
  expect(await textOf(page, '#comparison .small')).toMatch(
    /^First: 20 Nov 2026, .*\. Second: 22 Nov 2026, /,
  );
  expect(await textOf(page, '#comparison table')).toMatch(/GPU2\.00×1\.\d\d× to 2\.\d\d×faster/);
  expect(await page.evaluate('document.activeElement.textContent')).toBe('Comparison');
  expect(await findProblems(page)).toEqual([]);

  await press(page, 'Show the result of 21 Nov 2026');
  await page.waitForSelector('[data-part="environment"]');
  expect(await textOf(page, '.tag')).toMatch(/^From your results: 21 Nov 2026/);
  expect(await page.evaluate('document.activeElement.textContent')).toMatch(/^Result: GPU score/);

  const answers = [false, true, true];
  page.on('dialog', (dialog) => void (answers.shift() ? dialog.accept() : dialog.dismiss()));
  await press(page, 'Delete the result of 21 Nov 2026');
  await press(page, 'Delete the result of 21 Nov 2026');
  await waitForRows(page, 2);
  expect((await listOf(page)).join()).not.toContain('21 Nov');
  expect(await page.evaluate('document.activeElement.textContent')).toBe('Your results');
  await press(page, 'Delete all');
  await page.waitForSelector('#kept[hidden]');
  expect(answers).toEqual([]);
  await page.reload();
  await page.waitForSelector('#start:enabled');
  expect(await isHidden(page, '#kept')).toBe(true);
});

it('an edited result is not shown, and can be deleted', async () => {
  const page = await host.open('');
  const good = made('2026-11-20T08:00:00.000Z');
  const [score, ...others] = good.scores;
  const better = { ...good, scores: [{ ...score!, middle: 9e9, high: 9e9 }, ...others] };
  await store(page, [
    textOfResult(good),
    { startedAt: '2026-11-21T08:00:00.000Z', text: JSON.stringify(better) },
    { startedAt: '2026-11-22T08:00:00.000Z', text: '{"format":' },
    { startedAt: '2026-11-23T08:00:00.000Z', text: { an: 'object' } },
    // A good one under another name.
    { startedAt: '<img src=x onerror=alert(1)>', text: JSON.stringify(good) },
  ]);
  await waitForRows(page, 5);
  const rows = await listOf(page);
  expect(rows.filter((row) => row.includes('damaged and cannot be shown'))).toHaveLength(4);
  expect(rows.at(-1)).toContain('GPU');
  expect(rows[0]).toContain('<img src=x onerror=alert(1)>');
  expect(await page.$$('#kept input')).toHaveLength(1);
  page.on('dialog', (dialog) => void dialog.accept());
  await press(page, 'Delete the result of 22 Nov 2026');
  await waitForRows(page, 4);
});

it('no more than 50 are kept: the oldest goes', async () => {
  const page = await host.open(brief);
  const day = (n: number) => new Date(Date.UTC(2020, 0, n + 1)).toISOString();
  const text = (n: number) => ({ startedAt: day(n), text: '{}' });
  await store(
    page,
    Array.from({ length: 50 }, (_, n) => text(n)),
  );
  await page.locator('#start').click();
  await resultOf(page);
  await page.waitForFunction(() => document.querySelector('#kept li input') !== null);
  const rows = await listOf(page);
  expect(rows).toHaveLength(50);
  expect(rows.at(-1)).toContain('2 Jan 2020');
});

describe('a browser that', () => {
  it.each([
    [
      'stores nothing for the page',
      "IDBFactory.prototype.open = () => { throw new DOMException('No.', 'SecurityError'); };",
      /^This browser does not keep results for this page \(SecurityError\)\. Allow/,
    ],
    ['has no IndexedDB', 'delete globalThis.indexedDB;', /does not keep results for this page/],
    [
      'is full',
      "IDBObjectStore.prototype.put = () => { throw new DOMException('Full.', 'QuotaExceededError'); };",
      /no room for another result \(QuotaExceededError\)\. Delete some/,
    ],
  ])('%s says so in a sentence, after the result', async (_, before, sentence) => {
    const page = await host.open(brief, before);
    await page.locator('#start').click();
    expect((await resultOf(page)).scores).toHaveLength(1);
    await waitForText(page, '#kept [role="status"]', sentence);
    expect(await isHidden(page, '#notice')).toBe(true);
  });
});
