import { afterAll, beforeAll, expect, it } from 'vitest';

import { ConfigurationError } from '../../src/errors.ts';
import { openBrowserSession, type BrowserSession } from '../../src/node/browserSession.ts';
import type { BrowserEnvironment } from '../../src/page/jobs/environment.ts';

let session: BrowserSession;
beforeAll(async () => {
  session = await openBrowserSession();
});
afterAll(() => session.close());
it('env', async () => {
  console.log(session.browser, session.version, session.passedOver, session.environment.adapter);
  expect((await session.call<BrowserEnvironment>('environment')).adapter).toBeDefined();
  await expect(session.call('nonsense')).rejects.toThrow(ConfigurationError);
});
