/** The page of bench/page in a browser. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Browser } from 'puppeteer';
import { build } from 'vite';

import { digits } from '../src/data/digits/digits.ts';
import { findBrowser } from '../src/node/browser.ts';
import { mayHaveGpu } from '../src/node/gpuDevice.ts';
import { closeBrowser, launchBrowser } from '../src/node/launchBrowser.ts';
import { PageLink } from '../src/node/pageLink.ts';
import { startServer } from '../src/node/server.ts';
import { TemporaryFolder } from '../src/node/temporaryFolder.ts';

/** The other libraries compile WebAssembly and start workers from text. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self' 'unsafe-eval' blob:",
  'img-src data:',
  "connect-src 'self' data: blob:",
  "worker-src 'self' blob:",
].join('; ');

/** A page that does not answer for so long is given up. */
const limitMs = 120_000;

export interface BenchPage {
  /** 'Chrome/156.0' */
  readonly version: string;
  /**
   * Loads the page, has a job done in it and closes it.
   * @param args of the job
   * @param query of the page's address, which the page reads when it loads
   * @throws what the job throws; a `BrowserError` when the page fails; a `TimeoutError` after two minutes
   */
  run<Result>(job: string, args?: unknown, query?: string): Promise<Result>;
  close(): Promise<void>;
}

/** Builds the page and serves it. */
export async function serveBenchPage() {
  const folder = await TemporaryFolder.create('nudge-bench-page-');
  folder.removeAtExit();
  await buildPage(folder.path);
  const server = await startServer({ folder: folder.path, contentSecurityPolicy });
  return {
    url: `${server.origin}/index.html`,
    async close() {
      await server.close();
      folder.dispose();
    },
  };
}

/**
 * Builds the page, serves it and starts a browser.
 * @param wanted 'chromium', 'firefox', or the path of a browser
 * @throws {BrowserError} when there is no such browser or it does not start
 */
export async function openPage(wanted: string): Promise<BenchPage> {
  const found = await findBrowser(wanted);
  const site = await serveBenchPage();
  const launch = () =>
    launchBrowser(found, { adapter: mayHaveGpu() ? 'hardware' : 'software', handleSignals: false });
  let browser = await launch();
  return {
    version: await browser.version(),
    async run<Result>(job: string, args?: unknown, query = '') {
      try {
        const link = await PageLink.open(browser, `${site.url}${query}`);
        const signal = AbortSignal.timeout(limitMs);
        const result = await link.call<Result, never>(job, args, { signal });
        await closePages(browser);
        return result;
      } catch (error) {
        // The browser may have crashed or hang.
        await closeBrowser(browser);
        browser = await launch();
        throw error;
      }
    },
    async close() {
      await closeBrowser(browser);
      await site.close();
    },
  };
}

async function buildPage(outDir: string): Promise<void> {
  await build({
    configFile: false,
    root: join(import.meta.dirname, 'page'),
    base: './',
    logLevel: 'silent',
    build: {
      outDir,
      emptyOutDir: false,
      target: 'es2022',
      // TensorFlow.js fetches its WebAssembly, so it must stay a file.
      assetsInlineLimit: 0,
      rolldownOptions: {
        output: {
          // No compression: TensorFlow.js hands its workers the text of a function that tests the type of an undeclared
          // variable, and a compressor removes the test.
          minify: { compress: false, mangle: true, codegen: { removeWhitespace: true } },
        },
      },
    },
  });
  const { training } = digits({ trainingCount: 1000, testCount: 1 });
  await writeFile(join(outDir, 'features'), training.features);
  await writeFile(join(outDir, 'labels'), training.labels);
}

/** Closes all pages but one, without which some browsers would end. */
async function closePages(browser: Browser): Promise<void> {
  const [keep, ...others] = await browser.pages();
  for (const page of others) await page.close();
  if (keep !== undefined && keep.url() !== 'about:blank') await keep.goto('about:blank');
}
