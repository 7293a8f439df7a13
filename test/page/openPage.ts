/** The page that people open, in a browser that tells of everything that no page may do. */
import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Browser, Page } from 'puppeteer';
import { expect } from 'vitest';

import type { BenchmarkResult } from '../../src/benchmark/result/schema.ts';
import { findBrowser, type FoundBrowser } from '../../src/node/browser.ts';
import { launchBrowser } from '../../src/node/launchBrowser.ts';
import { providePage } from '../../src/node/pageFolder.ts';
import { startServer } from '../../src/node/server.ts';
import { TemporaryFolder } from '../../src/node/temporaryFolder.ts';

/** A browser, the server of the built page, and the page that is open. */
export interface PageHost {
  readonly browser: Browser;
  readonly origin: string;
  /**
   * Opens the benchmark and waits until it can be started, or another page of the site and waits until it lives.
   * Click in it with `page.locator(…).click()`, which waits until parts that load later have moved everything to its place.
   * @param address settings of the benchmark, such as '?quick=1', or a page, such as 'lesson.html#step=40'
   * @param before code to run in it before its own
   */
  open(address: string, before?: string): Promise<Page>;
  /** Lets pages complain of this until they are closed. */
  expectComplaint(pattern: RegExp): void;
  /** Closes what is open, and fails where a page complained, or asked anything of another server than its own. */
  closePages(): Promise<void>;
  close(): Promise<void>;
}

/**
 * @param found default: the machine's Chromium
 * @param edit makes other scripts of the page's
 */
export async function hostPage(
  found?: FoundBrowser,
  edit?: (script: string) => string,
): Promise<PageHost> {
  const edited = edit && (await editedPage(edit));
  const server = await startServer({ folder: edited?.path ?? (await providePage()) });
  const { origin } = server;
  const browser = await launchBrowser(found ?? (await findBrowser()), { adapter: 'software' });
  const complaints: string[] = [];
  const pages: Page[] = [];
  let expected: RegExp | undefined;
  // `blob:` is the program of the CPU engine's threads, a picture or a file to save, which the page itself has made.
  const own = [`${origin}/`, `blob:${origin}/`, 'data:'];
  return {
    browser,
    origin,
    async open(address, before = '') {
      const page = await browser.newPage();
      pages.push(page);
      page.on('console', (message) => {
        if (message.type() === 'error') complaints.push(message.text());
      });
      page.on('pageerror', (error) => complaints.push(String(error)));
      page.on('request', (request) => {
        if (!own.some((start) => request.url().startsWith(start))) {
          complaints.push(`request of ${request.url()}`);
        }
      });
      if (before !== '') await page.evaluateOnNewDocument(before);
      const url = new URL(address, `${origin}/benchmark.html`);
      const isBenchmark = url.pathname === '/benchmark.html';
      // Other programs are no reason for a test to wait.
      if (isBenchmark && !url.searchParams.has('wait')) url.searchParams.set('wait', '0');
      await page.goto(url.href);
      await page.waitForSelector(isBenchmark ? '#start:enabled' : '.is-live');
      return page;
    },
    expectComplaint(pattern) {
      expected = pattern;
    },
    async closePages() {
      for (const page of pages.splice(0)) if (!page.isClosed()) await page.close();
      const unexpected = complaints.splice(0).filter((text) => !expected?.test(text));
      expected = undefined;
      expect(unexpected).toEqual([]);
    },
    async close() {
      await browser.close();
      await server.close();
      edited?.dispose();
    },
  };
}

async function editedPage(edit: (script: string) => string): Promise<TemporaryFolder> {
  const folder = await TemporaryFolder.create('nudge-edited-page-');
  await cp(await providePage(), folder.path, { recursive: true });
  const assets = join(folder.path, 'assets');
  for (const name of await readdir(assets)) {
    if (!name.endsWith('.js')) continue;
    const path = join(assets, name);
    await writeFile(path, edit(await readFile(path, 'utf8')));
  }
  return folder;
}

export async function textOf(page: Page, selector: string): Promise<string> {
  const text = await page.$eval(selector, (element) => element.textContent);
  return text.replaceAll(/\s+/g, ' ').trim();
}

/** Waits until the text of an element matches, with every white space as one blank. */
export async function waitForText(page: Page, selector: string, pattern: RegExp): Promise<void> {
  await page.waitForFunction(
    (where, source) => {
      const text = document.querySelector(where)?.textContent ?? '';
      return new RegExp(source).test(text.replaceAll(/\s+/g, ' '));
    },
    { polling: 20, timeout: 60_000 },
    selector,
    pattern.source,
  );
}

/** Waits for the end of the run that is under way, or of the first. */
export async function resultOf(page: Page): Promise<BenchmarkResult> {
  return (await page.evaluate('nudgeBenchmark.done')) as BenchmarkResult;
}

export function isHidden(page: Page, selector: string): Promise<boolean> {
  return page.$eval(selector, (element) => (element as HTMLElement).hidden);
}
