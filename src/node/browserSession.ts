/**
 * A browser that works for a Node program: builds and serves the page, opens it without a window, and
 * has jobs of src/page/jobs done in it. Whatever goes wrong over there, a crash included, rejects the
 * calls under way with a sentence; nothing hangs, and nothing stays behind after `close()`.
 */
import type { Browser } from 'puppeteer';

import { BrowserError, NoAdapterError } from '../errors.ts';
import type { BrowserEnvironment } from '../page/jobs/environment.ts';
import { describeBrowser, findBrowser, findBrowsers, type FoundBrowser } from './browser.ts';
import type { AdapterChoice } from './dawn.ts';
import { mayHaveGpu } from './gpuDevice.ts';
import { launchBrowser } from './launchBrowser.ts';
import { providePage } from './pageFolder.ts';
import { PageLink, type CallOptions } from './pageLink.ts';
import { startServer, type Mount } from './server.ts';

export interface BrowserSessionOptions {
  /** 'chromium', 'firefox', or the path of a browser. @defaultValue 'chromium' */
  readonly browser?: string;
  /** `none` does without, for jobs that don't touch the GPU. @defaultValue 'auto' */
  readonly adapter?: AdapterChoice | 'none';
  /** Data files for the page. */
  readonly mounts?: readonly Mount[];
  /** Whether SIGINT, SIGTERM and SIGHUP end this process and the browser with it. @defaultValue true */
  readonly handleSignals?: boolean;
}

export interface BrowserSession {
  readonly browser: FoundBrowser;
  /** As the browser says it: 'Chrome/147.0.7727.50'. */
  readonly version: string;
  readonly environment: BrowserEnvironment;
  /** Browsers, or ways to start them, that were tried before and did not do: a sentence each. */
  readonly passedOver: readonly string[];
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
  /** Ends the browser and the server; calling it twice does no harm. */
  close(): Promise<void>;
}

/**
 * Starts the first browser that gives an adapter, hardware before software where the machine may have a GPU.
 * @throws {BrowserError} when no browser is found, or none starts
 * @throws {NoAdapterError} when none gives the adapter that was asked for
 */
export async function openBrowserSession(
  options: BrowserSessionOptions = {},
): Promise<BrowserSession> {
  const page = await providePage();
  try {
    const server = await startServer({ folder: page.path, mounts: options.mounts ?? [] });
    try {
      const url = `${server.origin}/headless.html`;
      const { process, link, ...facts } = await openFirst(url, options);
      let closing: Promise<void> | undefined;
      return {
        ...facts,
        url,
        call: (name, args, callOptions = {}) => link.call(name, args, callOptions),
        close: () =>
          (closing ??= (async () => {
            await closeBrowser(process);
            await server.close();
            page.dispose();
          })()),
      };
    } catch (error) {
      await server.close();
      throw error;
    }
  } catch (error) {
    page.dispose();
    throw error;
  }
}

interface Opened {
  readonly process: Browser;
  readonly link: PageLink;
  readonly browser: FoundBrowser;
  readonly version: string;
  readonly environment: BrowserEnvironment;
}

async function openFirst(
  url: string,
  options: BrowserSessionOptions,
): Promise<Opened & { passedOver: string[] }> {
  const { browser: wanted = 'chromium', adapter = 'auto' } = options;
  const failures: Error[] = [];
  for await (const found of findBrowsers(wanted)) {
    for (const attempt of attempts(adapter, found)) {
      try {
        const opened = await open(found, attempt, url, options);
        return { ...opened, passedOver: failures.map((failure) => failure.message) };
      } catch (error) {
        if (!(error instanceof BrowserError || error instanceof NoAdapterError)) throw error;
        failures.push(error);
      }
    }
    // Who names a browser wants that one or none.
    if (found.source === 'named' || found.source === 'environment') break;
  }
  // With nothing to try, this throws the sentence about what to install.
  if (failures.length === 0) await findBrowser(wanted);
  // A browser that started and had no adapter is nearer to what was wanted than one that did not start.
  const noAdapter = failures.filter((failure) => failure instanceof NoAdapterError);
  throw [...failures, ...noAdapter].at(-1)!;
}

type Attempt = 'hardware' | 'software' | 'none';

function attempts(
  adapter: NonNullable<BrowserSessionOptions['adapter']>,
  found: FoundBrowser,
): readonly Attempt[] {
  if (adapter !== 'auto') return [adapter];
  // Firefox has no adapter of its own to fall back to: it takes what the machine's drivers give.
  return found.kind === 'chromium' && mayHaveGpu() ? ['hardware', 'software'] : ['software'];
}

async function open(
  found: FoundBrowser,
  attempt: Attempt,
  url: string,
  options: BrowserSessionOptions,
): Promise<Opened> {
  const browser = await launchBrowser(found, {
    adapter: attempt === 'hardware' ? 'hardware' : 'software',
    handleSignals: options.handleSignals ?? true,
  });
  try {
    const link = await PageLink.open(browser, url);
    const environment = await link.call<BrowserEnvironment, never>('environment', undefined, {});
    if (attempt !== 'none') requireAdapter(environment, found, options.adapter === 'hardware');
    return {
      process: browser,
      link,
      browser: found,
      version: await browser.version(),
      environment,
    };
  } catch (error) {
    await closeBrowser(browser);
    throw error;
  }
}

/** @throws {NoAdapterError} */
function requireAdapter(
  { hasWebGpu, adapter }: BrowserEnvironment,
  found: FoundBrowser,
  hardwareOnly: boolean,
): void {
  const name = describeBrowser(found);
  if (!hasWebGpu) {
    throw new NoAdapterError(
      `${name} has no WebGPU. Update it, name another browser, or choose the backend 'cpu'.`,
    );
  }
  if (adapter === undefined) {
    throw new NoAdapterError(
      `${name} gives no WebGPU adapter. Install the driver of this machine's GPU, name another browser, or choose the backend 'cpu'.`,
    );
  }
  if (hardwareOnly && adapter.isSoftware) {
    throw new NoAdapterError(
      `${name} gives only a software adapter (${adapter.description}), and hardware was asked for. Install the driver of this machine's GPU, or allow the software adapter.`,
    );
  }
}

/** Ends a browser, by force when it does not end by itself within 5 s. */
async function closeBrowser(browser: Browser): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const force = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      browser.process()?.kill('SIGKILL');
      resolve();
    }, 5_000);
  });
  // A browser that has crashed cannot be closed, and needs not be.
  await Promise.race([browser.close().catch(() => undefined), force]);
  clearTimeout(timer);
}
