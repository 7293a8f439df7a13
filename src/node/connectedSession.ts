/** A page in a browser that is already running, for example on another machine. */
import { NoAdapterError } from '../errors.ts';
import { connectBrowser } from './connectBrowser.ts';
import {
  requireAdapter,
  servePage,
  type BrowserSession,
  type ServeOptions,
} from './pageSession.ts';

export interface ConnectedSessionOptions extends ServeOptions {
  /** Whether the page needs an adapter. @defaultValue true */
  readonly needsAdapter?: boolean;
}

/**
 * Opens the page in a running browser, in a window of its own. Closing the session leaves the browser as it was.
 * @param endpoint see `connectBrowser`
 * @throws {BrowserError} when no browser answers there, or it does not load the page
 * @throws {NoAdapterError} when an adapter is needed and the browser has none
 * @throws {ConfigurationError} when the endpoint is not the address of a browser
 */
export async function connectBrowserSession(
  endpoint: string,
  options: ConnectedSessionOptions = {},
): Promise<BrowserSession> {
  const { browser, context, disconnect } = await connectBrowser(endpoint);
  try {
    const site = await servePage(options);
    try {
      const session = await site.open(browser, disconnect, context);
      const { version, environment } = session;
      if (options.needsAdapter ?? true) {
        if (!environment.isSecure) throw insecure(version, new URL(site.url));
        requireAdapter(environment, `${version} at ${endpoint}`, false);
      }
      return session;
    } catch (error) {
      await site.close();
      throw error;
    }
  } catch (error) {
    await disconnect();
    throw error;
  }
}

function insecure(version: string, { origin, port }: URL): NoAdapterError {
  return new NoAdapterError(
    `${version} loaded the page from ${origin}, but browsers have WebGPU only for pages on https:// or on localhost. ` +
      `Omit --host, and forward this port to that machine: ssh -R ${port}:127.0.0.1:${port} THAT_MACHINE.`,
  );
}
