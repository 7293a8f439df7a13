import { createServer, type AddressInfo } from 'node:net';

import { describe, expect, it } from 'vitest';

import { BrowserError, ConfigurationError } from '../../src/errors.ts';
import { connectBrowser, connectOptions } from '../../src/node/connectBrowser.ts';

describe('an address says by which protocol', () => {
  it.each([
    ['http://127.0.0.1:9222', 'browserURL', 'cdp'],
    ['ws://127.0.0.1:9222/devtools/browser/952c06f5', 'browserWSEndpoint', 'cdp'],
    ['wss://browsers.example?token=1', 'browserWSEndpoint', 'cdp'],
    ['ws://127.0.0.1:9222/session', 'browserWSEndpoint', 'webDriverBiDi'],
    ['ws://127.0.0.1:9222/session/', 'browserWSEndpoint', 'webDriverBiDi'],
  ])('%s', (endpoint, key, protocol) => {
    expect(connectOptions(endpoint)).toEqual({ [key]: endpoint, protocol });
  });

  it.each(['127.0.0.1:9222', 'chromium', '', 'file:///tmp/x'])('%j is none', async (endpoint) => {
    await expect(connectBrowser(endpoint)).rejects.toThrow(ConfigurationError);
    await expect(connectBrowser(endpoint)).rejects.toThrow(
      `'${endpoint}' is not the address of a browser. Start one with --remote-debugging-port=9222`,
    );
  });
});

describe('where no browser is', () => {
  it.each(['http', 'ws'])('%s is refused in a sentence', async (scheme) => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const connecting = connectBrowser(`${scheme}://127.0.0.1:${port}`);
    await expect(connecting).rejects.toThrow(BrowserError);
    await expect(connecting).rejects.toThrow(
      new RegExp(`^No browser could be reached at ${scheme}://127.0.0.1:${port}: .*ECONNREFUSED`),
    );
  });
});
