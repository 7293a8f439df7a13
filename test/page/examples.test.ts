/** Opens the example for browsers as its first line says; test/gpu/examples.test.ts runs the others. */
import { expect, it } from 'vitest';
import { createServer } from 'vite';

import { findBrowser } from '../../src/node/browser.ts';
import { launchBrowser } from '../../src/node/launchBrowser.ts';
import { root } from '../docs/commands.ts';
import { textOf, waitForText } from './openPage.ts';

it('the page trains', async () => {
  const server = await createServer({
    root: `${root}examples`,
    configFile: `${root}vite.config.ts`,
    server: { port: 0 },
    logLevel: 'warn',
  });
  const browser = await launchBrowser(await findBrowser(), { adapter: 'software' });
  try {
    await server.listen();
    const page = await browser.newPage();
    await page.goto(new URL('browser.html', server.resolvedUrls!.local[0]).href);
    await waitForText(page, '#log', /of the test digits are right/);
    expect(await textOf(page, '#log')).toMatch(
      /^trains on (cpu|webgpu) (epoch \d: cost [\d.]+ ){5}[6-9]\d % of the test digits are right$/,
    );
  } finally {
    await browser.close();
    await server.close();
  }
});
