/**
 * A browser in which one contender after the other is measured, each in a page of its own. What a contender does to
 * its page stays there; after one that crashed or hung, the browser is started anew.
 */
import type { Browser } from 'puppeteer';

import type { AdapterChoice } from '../../src/node/dawn.ts';
import { findBrowser, type FoundBrowser } from '../../src/node/browser.ts';
import { mayHaveGpu } from '../../src/node/gpuDevice.ts';
import { closeBrowser, launchBrowser } from '../../src/node/launchBrowser.ts';
import { PageLink } from '../../src/node/pageLink.ts';
import { startServer, type Mount, type StaticServer } from '../../src/node/server.ts';
import type { BrowserEnvironment } from '../../src/page/jobs/environment.ts';
import { buildPage } from './buildPage.ts';

/** Peers compile WebAssembly, and start workers from text; everything still comes from this machine. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self' 'unsafe-eval' blob:",
  'img-src data:',
  "connect-src 'self' data: blob:",
  "worker-src 'self' blob:",
].join('; ');

export interface CallRequest {
  readonly job: string;
  readonly args?: unknown;
  /** The address's query, which the page reads when it loads. */
  readonly query?: string;
  /** Seconds after which it counts as hanging. */
  readonly limitSeconds: number;
  readonly onEvent?: (event: unknown) => void;
}

/** Where contenders are measured. */
export interface MeasuringPlace {
  readonly name: string;
  /**
   * Has a job done for one contender.
   * @throws what the job throws; the signal's reason when it takes too long
   */
  call<Result>(request: CallRequest): Promise<Result>;
}

export class PeersBrowser implements MeasuringPlace {
  readonly #found: FoundBrowser;
  readonly #adapter: 'hardware' | 'software';
  readonly #server: StaticServer;
  readonly #release: () => void;
  #browser: Browser | undefined;

  private constructor(
    found: FoundBrowser,
    adapter: 'hardware' | 'software',
    server: StaticServer,
    release: () => void,
  ) {
    this.#found = found;
    this.#adapter = adapter;
    this.#server = server;
    this.#release = release;
  }

  /**
   * @param wanted 'chromium', 'firefox', or the path of a browser
   * @param adapter `auto` is hardware where the machine may have a GPU
   * @throws {BrowserError} when there is no such browser
   */
  static async open(wanted: string, adapter: AdapterChoice, mount: Mount): Promise<PeersBrowser> {
    const found = await findBrowser(wanted);
    const page = await buildPage();
    const server = await startServer({ folder: page.path, mounts: [mount], contentSecurityPolicy });
    const software = adapter === 'auto' ? !mayHaveGpu() : adapter === 'software';
    return new PeersBrowser(found, software ? 'software' : 'hardware', server, () =>
      page.dispose(),
    );
  }

  get name(): string {
    return this.#found.name;
  }

  get kind(): FoundBrowser['kind'] {
    return this.#found.kind;
  }

  /** As the browser says it. */
  async version(): Promise<string> {
    return await (await this.#running()).version();
  }

  environment(): Promise<BrowserEnvironment> {
    return this.call({ job: 'environment', limitSeconds: 60 });
  }

  /**
   * Has a job done in a page made for it.
   * @throws what the job throws; a `BrowserError` when the page is lost; the signal's reason when it takes too long
   */
  async call<Result>(request: CallRequest): Promise<Result> {
    const browser = await this.#running();
    try {
      const url = `${this.#server.origin}/index.html${request.query ?? ''}`;
      const link = await PageLink.open(browser, url);
      const result = await link.call<Result, unknown>(request.job, request.args, {
        signal: AbortSignal.timeout(request.limitSeconds * 1000),
        ...(request.onEvent && { onEvent: request.onEvent }),
      });
      await closePages(browser);
      return result;
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.stop();
    await this.#server.close();
    this.#release();
  }

  async #running(): Promise<Browser> {
    this.#browser ??= await launchBrowser(this.#found, {
      adapter: this.#adapter,
      // The program stops by itself, after the measurement under way.
      handleSignals: false,
    });
    return this.#browser;
  }

  /** Ends the browser; the next call starts it anew. */
  async stop(): Promise<void> {
    const browser = this.#browser;
    this.#browser = undefined;
    if (browser) await closeBrowser(browser);
  }
}

/** Closes all pages but one, without which some browsers would end. */
async function closePages(browser: Browser): Promise<void> {
  const [keep, ...others] = await browser.pages();
  for (const page of others) await page.close();
  // The first one is the browser's own empty page, unless that has been closed.
  if (keep !== undefined && keep.url() !== 'about:blank') await keep.goto('about:blank');
}
