/**
 * A page in a browser that works for a Node program. The page is built and served, and runs the jobs of src/page/jobs.
 * Every failure there, including a crash, rejects the running calls with a sentence. Nothing hangs, and nothing is left
 * after `close()`.
 */
import type { Browser, BrowserContext } from 'puppeteer';

import { NoAdapterError } from '../errors.ts';
import type { BrowserEnvironment } from '../page/jobs/environment.ts';
import { providePage } from './pageFolder.ts';
import { PageLink, type CallOptions } from './pageLink.ts';
import { startServer, type Mount } from './server.ts';

/** A page in a browser. */
export interface BrowserSession {
  /** The browser's own version string, such as 'Chrome/147.0.7727.50'. */
  readonly version: string;
  readonly environment: BrowserEnvironment;
  /** Address of the served page. */
  readonly url: string;
  /**
   * Runs a job in the page.
   * @param name name of a job of src/page/jobs
   * @throws the job's own error, in its class
   * @throws {BrowserError} when the page or the browser crashes, reports an error or closes
   */
  call<Result = unknown, Event = unknown>(
    name: string,
    args?: unknown,
    options?: CallOptions<Event>,
  ): Promise<Result>;
  /** Ends the page, the server, and the browser if it was started for this session. A second call does nothing. */
  close(): Promise<void>;
}

export interface ServeOptions {
  /** Data files for the page. */
  readonly mounts?: readonly Mount[] | undefined;
  /** Host name or address at which the browser reaches this machine. @defaultValue 127.0.0.1 */
  readonly host?: string | undefined;
  /** @defaultValue a free port */
  readonly port?: number | undefined;
}

/** The served page, for a browser to open. */
export type PageSite = Awaited<ReturnType<typeof servePage>>;

/**
 * Builds the page and serves it.
 * @throws {BrowserError} when the page cannot be built
 * @throws {ConfigurationError} when the host or the port is not available
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
     * @throws {BrowserError} when the page does not load
     */
    async open(
      browser: Browser,
      closeBrowser: () => Promise<void>,
      context?: BrowserContext,
    ): Promise<BrowserSession> {
      const link = await PageLink.open(browser, url, { context });
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
 * Checks that a browser has an adapter.
 * @param name name and origin of the browser, for errors
 * @throws {NoAdapterError} when it has none, or only software and `hardwareOnly` is true
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
      `${name} has no WebGPU adapter${refusal === undefined ? '' : ` and reports '${refusal}'`}. ` +
        "Update it, install the driver of this machine's GPU, name another browser, or choose the backend 'cpu'.",
    );
  }
  if (hardwareOnly && adapter.isSoftware) {
    throw new NoAdapterError(
      `${name} has only a software adapter (${adapter.description}), but the call asks for hardware. Install the driver of this machine's GPU, or allow the software adapter.`,
    );
  }
}
