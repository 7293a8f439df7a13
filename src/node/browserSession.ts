/** A browser that is started, without a window, to work for a Node program, and ended when it has. */
import { BrowserError, NoAdapterError } from '../errors.ts';
import { describeBrowser, findBrowser, findBrowsers, type FoundBrowser } from './browser.ts';
import type { AdapterChoice } from './dawn.ts';
import { mayHaveGpu } from './gpuDevice.ts';
import { closeBrowser, launchBrowser } from './launchBrowser.ts';
import { requireAdapter, servePage, type BrowserSession, type PageSite } from './pageSession.ts';
import type { Mount } from './server.ts';

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

/** A page in a browser that was started for it. */
export interface LaunchedSession extends BrowserSession {
  readonly browser: FoundBrowser;
  /** Browsers, or ways to start them, that were tried before and did not do: a sentence each. */
  readonly passedOver: readonly string[];
}

/**
 * Starts the first browser that gives an adapter, hardware before software where the machine may have a GPU.
 * @throws {BrowserError} when no browser is found, or none starts
 * @throws {NoAdapterError} when none gives the adapter that was asked for
 */
export async function openBrowserSession(
  options: BrowserSessionOptions = {},
): Promise<LaunchedSession> {
  const site = await servePage(options);
  try {
    return await openFirst(site, options);
  } catch (error) {
    await site.close();
    throw error;
  }
}

async function openFirst(site: PageSite, options: BrowserSessionOptions): Promise<LaunchedSession> {
  const { browser: wanted = 'chromium', adapter = 'auto' } = options;
  const failures: Error[] = [];
  for await (const found of findBrowsers(wanted)) {
    for (const attempt of attempts(adapter, found)) {
      try {
        const session = await open(found, attempt, site, options);
        const passedOver = failures.map((failure) => failure.message);
        return { ...session, browser: found, passedOver };
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
  site: PageSite,
  options: BrowserSessionOptions,
): Promise<BrowserSession> {
  const browser = await launchBrowser(found, {
    adapter: attempt === 'hardware' ? 'hardware' : 'software',
    handleSignals: options.handleSignals ?? true,
  });
  try {
    const session = await site.open(browser, () => closeBrowser(browser));
    if (attempt !== 'none') {
      const hardwareOnly = options.adapter === 'hardware';
      requireAdapter(session.environment, describeBrowser(found), hardwareOnly);
    }
    return session;
  } catch (error) {
    await closeBrowser(browser);
    throw error;
  }
}
