/** Jobs in a browser that was started by somebody else. */
import { networkInterfaces } from 'node:os';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { BrowserError, NoAdapterError } from '../../src/errors.ts';
import { findBrowser } from '../../src/node/browser.ts';
import { connectBrowserSession } from '../../src/node/connectedSession.ts';
import type { BrowserEnvironment } from '../../src/page/jobs/environment.ts';
import { optionalFirefox } from '../setup/optional.ts';
import { ownPage, startRemoteBrowser, type RemoteBrowser } from '../support/remoteBrowser.ts';

describe('a Chromium that runs already', () => {
  let remote: RemoteBrowser;
  beforeAll(async () => {
    remote = await startRemoteBrowser(await findBrowser());
  });
  afterAll(() => remote.end());

  it('works in a page of its own, and is left as it was', async () => {
    const session = await connectBrowserSession(remote.endpoint);
    const found = await session.call<BrowserEnvironment>('environment');
    expect(found).toEqual(session.environment);
    expect(found.adapter?.vendor).not.toBe('');
    expect([found.isSecure, found.isIsolated]).toEqual([true, true]);
    expect((await remote.pages()).toSorted()).toEqual([ownPage, session.url].toSorted());

    await Promise.all([session.close(), session.close()]);
    expect(await remote.pages()).toEqual([ownPage]);
    expect(remote.isRunning()).toBe(true);
    await expect(fetch(session.url)).rejects.toThrow();
  });

  it('has no WebGPU for a page that is not on localhost, and says what to do', async (context) => {
    const host = Object.values(networkInterfaces())
      .flat()
      .find((address) => address?.family === 'IPv4' && !address.internal)?.address;
    if (host === undefined) return context.skip('this machine has no address that others reach');
    const refused = connectBrowserSession(remote.endpoint, { host });
    await expect(refused).rejects.toThrow(NoAdapterError);
    await expect(refused).rejects.toThrow(
      /loaded the page from http:\/\/.*, but browsers have WebGPU only for pages on https:\/\/ or on localhost\. Omit --host, .*ssh -R \d+:127\.0\.0\.1:\d+/,
    );
    const session = await connectBrowserSession(remote.endpoint, { host, needsAdapter: false });
    expect(session.environment).toMatchObject({ hasWebGpu: false, isSecure: false });
    await session.close();
  });

  it('that goes away ends the call under way with a sentence', async () => {
    const session = await connectBrowserSession(remote.endpoint);
    const call = session.call('probe', {}, { onEvent: () => void remote.end() });
    await expect(call).rejects.toThrow(BrowserError);
    await session.close();
  });
});

it('a Firefox that runs already works in a page of its own, and goes on running', async (context) => {
  const remote = await startRemoteBrowser(await optionalFirefox(context));
  try {
    // Twice: Firefox has one session at a time, and the first must have been ended.
    for (let time = 0; time < 2; time++) {
      const session = await connectBrowserSession(remote.endpoint);
      expect(session.environment.userAgent).toMatch(/Firefox/);
      expect(session.environment.hasWebGpu).toBe(true);
      await session.close();
    }
    expect(remote.isRunning()).toBe(true);
  } finally {
    await remote.end();
  }
});
