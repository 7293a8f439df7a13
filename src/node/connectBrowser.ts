/**
 * Connects to a running browser, for example on another machine, by Chromium's protocol (CDP) or WebDriver BiDi. nudge
 * opens a context of its own there, like a private window, and looks at nothing else.
 */
import { setTimeout as wait } from 'node:timers/promises';

import type { Browser, BrowserContext, ConnectOptions, Target } from 'puppeteer';

import { BrowserError, ConfigurationError } from '../errors.ts';
import { importPuppeteer } from './browser.ts';

export interface ConnectedBrowser {
  readonly browser: Browser;
  /** The context for nudge's pages. */
  readonly context: BrowserContext;
  /** Closes the context with its pages, and leaves the browser running. A second call does nothing. */
  readonly disconnect: () => Promise<void>;
}

/** Time that a browser may take to answer. */
const limitMs = 30_000;

/**
 * Connects to a running browser and opens a context in it.
 * @param endpoint 'http://127.0.0.1:9222', the `ws://…/devtools/browser/…` that Chromium prints, or the
 *   `ws://…/session` of Firefox
 * @throws {ConfigurationError} for any other endpoint
 * @throws {BrowserError} when no browser answers there within 30 s
 */
export async function connectBrowser(endpoint: string): Promise<ConnectedBrowser> {
  const where = connectOptions(endpoint);
  const { default: puppeteer } = await importPuppeteer();
  let context: BrowserContext | undefined;
  // The browser's own target, and later those of our context only.
  const isOurs = (target: Target) => {
    const type: string = target.type();
    return type === 'browser' || target.browserContext() === context;
  };
  const connecting = puppeteer.connect({
    ...where,
    // A job may run for any time. The session detects failures in other ways.
    protocolTimeout: 0,
    // Do not resize the browser's windows.
    defaultViewport: null,
    ...(where.protocol === 'cdp' && { targetFilter: isOurs }),
  });
  const browser = await answered(endpoint, connecting);
  try {
    context = await browser.createBrowserContext();
  } catch (error) {
    await browser.disconnect();
    throw new BrowserError(
      `The browser at ${endpoint} does not open a window for nudge: ${(error as Error).message}`,
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
        // If the browser is gone, the context is closed already.
        const late = wait(5_000, undefined, { ref: false });
        await Promise.race([own.close().catch(() => undefined), late]);
        await browser.disconnect().catch(() => undefined);
      })()),
  };
}

/**
 * Puppeteer's options for an endpoint.
 * @throws {ConfigurationError} when the endpoint is not the address of a browser
 */
export function connectOptions(
  endpoint: string,
): Pick<ConnectOptions, 'browserURL' | 'browserWSEndpoint' | 'protocol'> {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (url && /^https?:$/.test(url.protocol)) return { browserURL: endpoint, protocol: 'cdp' };
  if (url && /^wss?:$/.test(url.protocol)) {
    // Firefox serves BiDi at this path. Chromium's path ends with the browser's id.
    const isBiDi = /\/session\/?$/.test(url.pathname);
    return { browserWSEndpoint: endpoint, protocol: isBiDi ? 'webDriverBiDi' : 'cdp' };
  }
  throw new ConfigurationError(
    `'${endpoint}' is not the address of a browser. Start one with --remote-debugging-port=9222, and connect to ` +
      'http://127.0.0.1:9222 (Chromium) or ws://127.0.0.1:9222/session (Firefox).',
  );
}

/** Waits for the connection. @throws {BrowserError} when it fails or takes too long */
async function answered(endpoint: string, connecting: Promise<Browser>): Promise<Browser> {
  const silence = new AbortController();
  try {
    const silent = wait(limitMs, undefined, { signal: silence.signal }).then(() => {
      throw new Error(`it has not answered for ${limitMs / 1000} s.`);
    });
    return await Promise.race([connecting, silent]);
  } catch (error) {
    // The browser may still answer later. Then close the connection.
    connecting.then(
      (browser) => browser.disconnect(),
      () => undefined,
    );
    throw new BrowserError(
      `No browser could be reached at ${endpoint}: ${messageOf(error)} Start one there with --remote-debugging-port and ` +
        'a --user-data-dir (Chromium) or --profile (Firefox) of its own, and let this machine reach the port.',
      { cause: error },
    );
  } finally {
    silence.abort();
  }
}

/** The message of a failure. WebSockets fail with events that contain the error, and some errors keep the reason in `cause`. */
function messageOf(thrown: unknown): string {
  const { message = '', cause } = thrown as Partial<Error>;
  const reason =
    cause instanceof Error && cause.message !== '' ? `${message} (${cause.message})` : message;
  return `${(reason || String(thrown)).trim().replace(/\.$/, '')}.`;
}
