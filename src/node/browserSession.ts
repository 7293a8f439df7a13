/** Starts a browser without a window to work for a Node program, and ends it afterwards. */
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
  /** `none` requires no adapter, for jobs that do not use the GPU. @defaultValue 'auto' */
  readonly adapter?: AdapterChoice | 'none';
  /** Data files for the page. */
  readonly mounts?: readonly Mount[];
  /** Whether SIGINT, SIGTERM and SIGHUP end this process and the browser with it. @defaultValue true */
  readonly handleSignals?: boolean;
}

/** A page in a browser that was started for it. */
export interface LaunchedSession extends BrowserSession {
  readonly browser: FoundBrowser;
  /** One sentence for each browser, or way to start it, that was tried before and failed. */
  readonly passedOver: readonly string[];
}

/**
 * Starts the first browser that has an adapter. It tries hardware before software if the machine may have a GPU.
 * @throws {BrowserError} when no browser is found, or none starts
 * @throws {NoAdapterError} when no browser has the adapter that `options` asks for
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
    // If the user names a browser, no other one is tried.
    if (found.source === 'named' || found.source === 'environment') break;
  }
  // If there was no browser to try, this throws an error that says what to install.
  if (failures.length === 0) await findBrowser(wanted);
  // Prefer the error of a browser that started without an adapter to one of a browser that did not start.
  const noAdapter = failures.filter((failure) => failure instanceof NoAdapterError);
  throw [...failures, ...noAdapter].at(-1)!;
}

type Attempt = 'hardware' | 'software' | 'none';

function attempts(
  adapter: NonNullable<BrowserSessionOptions['adapter']>,
  found: FoundBrowser,
): readonly Attempt[] {
  if (adapter !== 'auto') return [adapter];
  // Firefox has no software adapter of its own to fall back to. It uses the machine's drivers.
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
