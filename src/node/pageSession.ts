/**
 * A page in a browser that works for a Node program: it is built and served, and has jobs of src/page/jobs done in it.
 * Whatever goes wrong over there, a crash included, rejects the calls under way with a sentence; nothing hangs, and
 * nothing stays behind after `close()`.
 */
import type { Browser, BrowserContext } from 'puppeteer';

import { NoAdapterError } from '../errors.ts';
import type { BrowserEnvironment } from '../page/jobs/environment.ts';
import { providePage } from './pageFolder.ts';
import { PageLink, type CallOptions } from './pageLink.ts';
import { startServer, type Mount } from './server.ts';

/** A page in a browser. */
export interface BrowserSession {
  /** As the browser says it: 'Chrome/147.0.7727.50'. */
  readonly version: string;
  readonly environment: BrowserEnvironment;
  /** Of the served page. */
  readonly url: string;
  /**
   * Has a job done in the page.
   * @param name of one of src/page/jobs
   * @throws what the job throws, in the class that it was thrown in
   * @throws {BrowserError} when the page or the browser crashes, complains or goes away
   */
  call<Result = unknown, Event = unknown>(
    name: string,
    args?: unknown,
    options?: CallOptions<Event>,
  ): Promise<Result>;
  /** Ends the page and the server, and the browser where it was started for this; calling it twice does no harm. */
  close(): Promise<void>;
}

export interface ServeOptions {
  /** Data files for the page. */
  readonly mounts?: readonly Mount[] | undefined;
  /** As the browser reaches it. @defaultValue 127.0.0.1 */
  readonly host?: string | undefined;
  /** @defaultValue a free one */
  readonly port?: number | undefined;
}

/** The served page, for a browser to open. */
export type PageSite = Awaited<ReturnType<typeof servePage>>;

/**
 * Builds the page and serves it.
 * @throws {BrowserError} when it cannot be built
 * @throws {ConfigurationError} when it cannot be served there
 */
export async function servePage({ mounts = [], host, port }: ServeOptions) {
  const { origin, close } = await startServer({ folder: await providePage(), mounts, host, port });
  const url = `${origin}/headless.html`;
  return {
    url,
    close,
    /**
     * Opens the page.
     * @param closeBrowser called when the session is closed
     * @param context see `PageLink.open`
     * @throws {BrowserError} when it does not load
     */
    async open(
      browser: Browser,
      closeBrowser: () => Promise<void>,
      context?: BrowserContext,
    ): Promise<BrowserSession> {
      const link = await PageLink.open(browser, url, context);
      let closing: Promise<void> | undefined;
      return {
        version: await browser.version(),
        environment: await link.call<BrowserEnvironment, never>('environment', undefined, {}),
        url,
        call: <Result, Event>(name: string, args?: unknown, options: CallOptions<Event> = {}) =>
          link.call<Result, Event>(name, args, options),
        close: () => (closing ??= closeBrowser().then(close)),
      };
    },
  };
}

/**
 * @param name of the browser, with where it is from
 * @throws {NoAdapterError}
 */
export function requireAdapter(
  { hasWebGpu, adapter, refusal }: BrowserEnvironment,
  name: string,
  hardwareOnly: boolean,
): void {
  if (!hasWebGpu) {
    throw new NoAdapterError(
      `${name} has no WebGPU. Update it, name another browser, or choose the backend 'cpu'.`,
    );
  }
  if (adapter === undefined) {
    throw new NoAdapterError(
      `${name} gives no WebGPU adapter${refusal === undefined ? '' : `, and says '${refusal}'`}. ` +
        "Update it, install the driver of this machine's GPU, name another browser, or choose the backend 'cpu'.",
    );
  }
  if (hardwareOnly && adapter.isSoftware) {
    throw new NoAdapterError(
      `${name} gives only a software adapter (${adapter.description}), and hardware was asked for. Install the driver of this machine's GPU, or allow the software adapter.`,
    );
  }
}
