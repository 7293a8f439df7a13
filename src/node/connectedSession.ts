/** A page in a browser that runs already, on another machine say. */
import { NoAdapterError } from '../errors.ts';
import { connectBrowser } from './connectBrowser.ts';
import {
  requireAdapter,
  servePage,
  type BrowserSession,
  type ServeOptions,
} from './pageSession.ts';

export interface ConnectedSessionOptions extends ServeOptions {
  /** Whether the page is of use without an adapter. @defaultValue true */
  readonly needsAdapter?: boolean;
}

/**
 * Opens the page in a browser that runs already, in a window of its own, and in the end leaves that browser as it was.
 * @param endpoint see `connectBrowser`
 * @throws {BrowserError} when no browser is to be had there, or it does not load the page
 * @throws {NoAdapterError} when it gives no adapter, and one is needed
 * @throws {ConfigurationError} for an address that is none
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
    `${version} loaded the page from ${origin}, and browsers give WebGPU only to pages on https:// or on localhost. ` +
      `Leave --host out, and make this port one of that machine's own: ssh -R ${port}:127.0.0.1:${port} THAT_MACHINE.`,
  );
}
