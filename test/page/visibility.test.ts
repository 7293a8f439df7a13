/**
 * A page that trains as the README's first example does, without a word on visibility: what it submits must leave the
 * compositor time to draw. Checked in steps, on a clock on which each step takes a millisecond, and not by timing.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

import type { Browser, Page } from 'puppeteer';
import { build, type Rolldown } from 'vite';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { median } from '../../src/benchmark/statistics.ts';
import { findBrowser } from '../../src/node/browser.ts';
import { launchBrowser } from '../../src/node/launchBrowser.ts';

const root = join(import.meta.dirname, '../..');

let server: Server;
let origin: string;
let browser: Browser;
beforeAll(async () => {
  const [library] = (await build({
    configFile: false,
    root,
    logLevel: 'silent',
    build: {
      write: false,
      target: 'es2022',
      lib: { entry: join(root, 'src/index.ts'), formats: ['es'], fileName: 'nudge' },
    },
  })) as Rolldown.RolldownOutput[];
  server = createServer(({ url }, response) => {
    const script = library!.output.find(({ fileName }) => url === `/${fileName}`);
    response.setHeader('content-type', script ? 'text/javascript' : 'text/html');
    response.end(script?.type === 'chunk' ? script.code : '<!doctype html><title>nudge</title>');
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  browser = await launchBrowser(await findBrowser(), { adapter: 'software' });
});
afterAll(async () => {
  await browser.close();
  server.close();
});

async function openPage(): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(origin);
  return page;
}

/** Trains in the page, and gives the steps of each submit but those of the beginning, which grow. */
async function stepsPerSubmit(page: Page, options: string): Promise<number[]> {
  const code = `(async () => {
    const { Network, Trainer, createDataset, sgd } = await import('/nudge.js');
    const count = 40_000;
    const training = createDataset({
      name: 'blank', featureCount: 784, classCount: 10,
      features: new Uint8Array(count * 784), labels: new Uint8Array(count),
    });
    const network = new Network({ layers: [784, 16, 16, 10], initializer: 'normal', seed: 1 });
    const trainer = await Trainer.create(network, {
      backend: 'webgpu', batchSize: 100, optimizer: sgd({ learningRate: 6 }), ${options}
    });
    await trainer.prepare(training);
    let now = performance.now();
    performance.now = () => now;
    // When the work submitted so far is done. Each submit is reported at its own end, however late the browser tells.
    let end = now;
    const { onSubmittedWorkDone } = GPUQueue.prototype;
    GPUQueue.prototype.onSubmittedWorkDone = async function () {
      const done = end;
      await onSubmittedWorkDone.call(this);
      now = Math.max(now, done);
    };
    let dispatches = 0;
    const { dispatchWorkgroups } = GPUComputePassEncoder.prototype;
    GPUComputePassEncoder.prototype.dispatchWorkgroups = function (...size) {
      dispatches++;
      return dispatchWorkgroups.apply(this, size);
    };
    const steps = [];
    const { submit } = GPUQueue.prototype;
    GPUQueue.prototype.submit = function (commands) {
      if (dispatches > 0) steps.push(dispatches / trainer.dispatchesPerStep);
      end += dispatches / trainer.dispatchesPerStep;
      dispatches = 0;
      return submit.call(this, commands);
    };
    for await (const _ of trainer.fit(training, { steps: 400 }));
    await trainer.dispose();
    return steps.slice(12);
  })()`;
  return (await page.evaluate(code)) as number[];
}

it('submits 4 to 10 ms at a time if it is in front, and 40 ms if isVisible says no', async () => {
  const page = await openPage();
  const shown = await stepsPerSubmit(page, '');
  expect(shown.length).toBeGreaterThan(20);
  expect(median(shown)).toBeGreaterThanOrEqual(4);
  expect(median(shown)).toBeLessThanOrEqual(10);
  expect(Math.max(...shown)).toBeLessThan(16);
  await page.close();
  const other = await openPage();
  const unseen = await stepsPerSubmit(other, 'isVisible: () => false');
  expect(Math.max(...unseen)).toBeGreaterThan(20);
  await other.close();
});

it('counts as visible in a worker of a page', async () => {
  const page = await openPage();
  const isVisible = await page.evaluate(`new Promise((resolve, reject) => {
    const code = \`import { Device } from '\${location.origin}/nudge.js';
      const device = await Device.request();
      postMessage(device.isVisible());\`;
    const url = URL.createObjectURL(new Blob([code], { type: 'text/javascript' }));
    const worker = new Worker(url, { type: 'module' });
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(message));
  })`);
  expect(isVisible).toBe(true);
  await page.close();
});
