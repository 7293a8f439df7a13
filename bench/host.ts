/**
 * Microseconds of the host's thread that a step of `tiny` takes, for encoding, submitting and reporting:
 * `npm run bench:host -- [node | chromium | firefox | path of a browser]…`, by default the first two.
 */
import { join } from 'node:path';

import { build } from 'vite';

import { findBrowser } from '../src/node/browser.ts';
import { createGpu } from '../src/node/dawn.ts';
import { mayHaveGpu } from '../src/node/gpuDevice.ts';
import { launchBrowser } from '../src/node/launchBrowser.ts';
import { PageLink } from '../src/node/pageLink.ts';
import { startServer } from '../src/node/server.ts';
import { TemporaryFolder } from '../src/node/temporaryFolder.ts';
import { defaultReportEvery } from '../src/training/trainer.ts';
import { measureHost, type HostCost } from './host/measure.ts';

async function inBrowser(wanted: string): Promise<HostCost> {
  const found = await findBrowser(wanted);
  const folder = await TemporaryFolder.create('nudge-host-page-');
  folder.removeAtExit();
  await build({
    configFile: false,
    root: join(import.meta.dirname, 'host/page'),
    base: './',
    logLevel: 'silent',
    build: { outDir: folder.path, emptyOutDir: false, target: 'es2022' },
  });
  const server = await startServer({ folder: folder.path });
  const browser = await launchBrowser(found, {
    adapter: mayHaveGpu() ? 'hardware' : 'software',
  });
  try {
    const link = await PageLink.open(browser, `${server.origin}/index.html`);
    return await link.call<HostCost, never>('host', undefined, {});
  } finally {
    await browser.close();
    await server.close();
    folder.dispose();
  }
}

const places = process.argv.slice(2);
for (const place of places.length > 0 ? places : ['node', 'chromium']) {
  const cost = place === 'node' ? await measureHost(await createGpu()) : await inBrowser(place);
  const us = (seconds: number) => (seconds * 1e6).toFixed(2);
  console.log(
    `${place} (${cost.adapter}), ${cost.dispatchesPerStep} dispatches a step: ` +
      `${us(cost.perStep)} µs a step, ${us(cost.perSubmit)} µs a submit, ${us(cost.perReport)} µs a report; ` +
      `${us(cost.total)} µs a step where ${defaultReportEvery} are submitted at once, with their report`,
  );
}
// Dawn's instance would keep Node running.
process.exit();
