/**
 * Connects to a browser that somebody else has started, on another machine say, by Chromium's protocol (CDP) or by
 * WebDriver BiDi. It gets a context of its own, as private windows are, and nothing else in it is looked at.
 */
import { setTimeout as wait } from 'node:timers/promises';

import type { Browser, BrowserContext, ConnectOptions, Target } from 'puppeteer';

import { BrowserError, ConfigurationError } from '../errors.ts';
import { importPuppeteer } from './browser.ts';

export interface ConnectedBrowser {
  readonly browser: Browser;
  /** Where pages of ours are opened. */
  readonly context: BrowserContext;
  /** Closes the context with its pages, and leaves the browser running. Doing it twice does no harm. */
  readonly disconnect: () => Promise<void>;
}

/** How long a browser may take to answer. */
const limitMs = 30_000;

/**
 * @param endpoint 'http://127.0.0.1:9222', the `ws://…/devtools/browser/…` that Chromium prints, or the
 *   `ws://…/session` of Firefox
 * @throws {ConfigurationError} for anything else
 * @throws {BrowserError} when no browser answers there within 30 s
 */
export async function connectBrowser(endpoint: string): Promise<ConnectedBrowser> {
  const where = connectOptions(endpoint);
  const { default: puppeteer } = await importPuppeteer();
  let context: BrowserContext | undefined;
  // Those of the browser itself, and then ours alone.
  const isOurs = (target: Target) => {
    const type: string = target.type();
    return type === 'browser' || target.browserContext() === context;
  };
  const connecting = puppeteer.connect({
    ...where,
    // A job runs as long as it runs; the session watches over it by other means.
    protocolTimeout: 0,
    // No window of the browser changes its size.
    defaultViewport: null,
    ...(where.protocol === 'cdp' && { targetFilter: isOurs }),
  });
  const browser = await answered(endpoint, connecting);
  try {
    context = await browser.createBrowserContext();
  } catch (error) {
    await browser.disconnect();
    throw new BrowserError(
      `The browser at ${endpoint} opens no window for nudge: ${(error as Error).message}`,
      { cause: error },
    );
  }
  const own = context;
  let leaving: Promise<void> | undefined;
  return {
    browser,
    context,
    disconnect: () =>
      (leaving ??= (async () => {
        // A browser that has gone away has closed it already.
        const late = wait(5_000, undefined, { ref: false });
        await Promise.race([own.close().catch(() => undefined), late]);
        await browser.disconnect().catch(() => undefined);
      })()),
  };
}

/**
 * What Puppeteer has to know of an address.
 * @throws {ConfigurationError} when a browser cannot have it
 */
export function connectOptions(
  endpoint: string,
): Pick<ConnectOptions, 'browserURL' | 'browserWSEndpoint' | 'protocol'> {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (url && /^https?:$/.test(url.protocol)) return { browserURL: endpoint, protocol: 'cdp' };
  if (url && /^wss?:$/.test(url.protocol)) {
    // Firefox serves BiDi at this path; Chromium's own has the browser's number in it.
    const isBiDi = /\/session\/?$/.test(url.pathname);
    return { browserWSEndpoint: endpoint, protocol: isBiDi ? 'webDriverBiDi' : 'cdp' };
  }
  throw new ConfigurationError(
    `'${endpoint}' is no address of a browser. Start one with --remote-debugging-port=9222, and connect to ` +
      'http://127.0.0.1:9222 (Chromium) or ws://127.0.0.1:9222/session (Firefox).',
  );
}

/** @throws {BrowserError} */
async function answered(endpoint: string, connecting: Promise<Browser>): Promise<Browser> {
  const silence = new AbortController();
  try {
    const silent = wait(limitMs, undefined, { signal: silence.signal }).then(() => {
      throw new Error(`it has not answered for ${limitMs / 1000} s.`);
    });
    return await Promise.race([connecting, silent]);
  } catch (error) {
    // It may still answer; then the connection is closed.
    connecting.then(
      (browser) => browser.disconnect(),
      () => undefined,
    );
    throw new BrowserError(
      `No browser is to be had at ${endpoint}: ${messageOf(error)} Start one there with --remote-debugging-port and ` +
        'a --user-data-dir (Chromium) or --profile (Firefox) of its own, and let this machine reach the port.',
      { cause: error },
    );
  } finally {
    silence.abort();
  }
}

/** WebSockets fail with events, which have the error in them, and some errors have their reason in a cause. */
function messageOf(thrown: unknown): string {
  const { message = '', cause } = thrown as Partial<Error>;
  const reason =
    cause instanceof Error && cause.message !== '' ? `${message} (${cause.message})` : message;
  return `${(reason || String(thrown)).trim().replace(/\.$/, '')}.`;
}
