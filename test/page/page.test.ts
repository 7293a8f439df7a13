/** The page that people open, built and served as it ships, in a real browser with a software adapter. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Page } from 'puppeteer';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { encodeLink } from '../../src/benchmark/result/link.ts';
import type { VerificationReport } from '../../src/benchmark/verification/verify.ts';
import type { BenchmarkResult } from '../../src/benchmark/result/schema.ts';
import { makeBenchmarkResult } from '../support/benchmarkResult.ts';
import { makeIdx, pack } from '../support/idxFiles.ts';
import { findProblems } from './accessibility.ts';
import { hostPage, isHidden, resultOf, textOf, waitForText, type PageHost } from './openPage.ts';

let host: PageHost;
beforeAll(async () => {
  host = await hostPage();
});
afterAll(() => host.close());
afterEach(() => host.closePages());

/** Few samples and few short repeats: a run of seconds. */
const brief = 'repeats=2&blocks=1&seconds=0.02&samples=1000';

describe('a run', () => {
  it('that the address starts needs no click', async () => {
    const page = await host.open(`?workloads=tiny&backend=cpu&auto=1&${brief}`);
    const { workloads } = await resultOf(page);
    expect(workloads.map(({ name, series }) => [name, series.length])).toEqual([['tiny', 1]]);
    expect(await textOf(page, '.scores')).toMatch(/^CPU score\d/);
  });

  it('that is stopped keeps what is finished, and goes on from there', async () => {
    const page = await host.open(`?workloads=tiny,mid&backend=cpu&${brief}`);
    await page.locator('#start').click();
    await waitForText(page, '#status', /mid/);
    expect(await textOf(page, '#start')).toBe('Stop');
    await page.locator('#start').click();
    const stopped = await resultOf(page);
    expect(stopped.workloads.map(({ name }) => name)).toEqual(['tiny']);
    expect(stopped.flags.map(({ kind }) => kind)).toContain('stopped');
    await page.waitForSelector('[data-void]');
    expect(await textOf(page, '#status')).toBe('Stopped');
    expect(await textOf(page, '#start')).toBe('Resume');
    expect(await isHidden(page, '#anew')).toBe(false);
    await waitForText(page, '#kept li', /no score/);
    const kept = (await page.$$('#kept li')).length;

    await page.locator('#start').click();
    await waitForText(page, '#status', /^Done in/);
    const resumed = await resultOf(page);
    expect(resumed.workloads.map(({ name }) => name)).toEqual(['tiny', 'mid']);
    const ratesOf = ({ workloads: [tiny] }: BenchmarkResult) => tiny!.series[0]!.samplesPerSecond;
    expect(ratesOf(resumed)[0]).toBe(ratesOf(stopped)[0]);
    expect(ratesOf(resumed)).toHaveLength(2);
    expect(resumed.flags.map(({ kind }) => kind)).not.toContain('stopped');
    await page.waitForSelector('[data-score="cpu"]');
    expect(await textOf(page, '#start')).toBe('Start');
    // Kept in place of its former part, which had no score.
    await waitForText(page, '#kept li', /CPU/);
    expect(await page.$$('#kept li')).toHaveLength(kept);
  });
});

it('the checks can be begun and stopped', async () => {
  const page = await host.open('');
  await page.locator('#verify').click();
  await waitForText(page, '#verify-status', /^Checking: kernel '/);
  expect(await page.$eval('#start', (button) => (button as HTMLButtonElement).disabled)).toBe(true);
  await page.locator('#verify').click();
  await waitForText(page, '#verify-status', /^Stopped\.$/);
  expect(await page.$eval('#start', (button) => (button as HTMLButtonElement).disabled)).toBe(
    false,
  );
});

it('the checks’ table says what is exact, what is at the tolerance by design, and what failed', async () => {
  const report = {
    adapter: {
      vendor: 'acme',
      architecture: '',
      description: '',
      isSoftware: false,
      subgroupSize: 0,
    },
    passed: false,
    checks: [
      { name: 'the same bits', cases: 6, worst: 0, passed: true },
      { name: 'update', cases: 90, worst: 0.6, passed: true },
      { name: 'forward', cases: 56, worst: 0.9999996, passed: true },
      { name: 'clip', cases: 30, worst: 1.004, passed: false, failed: 'clip 7' },
    ],
  } satisfies VerificationReport;
  // What the checks find is stood in for: they take a minute.
  const page = await host.open(
    '',
    `{ const Real = Worker;
       globalThis.Worker = class extends Real {
         postMessage(request) {
           if (request.task !== 'verify') return super.postMessage(request);
           const { id } = request;
           setTimeout(() => this.onmessage({ data: { type: 'done', id, value: ${JSON.stringify(report)} } }));
         }
       }; }`,
  );
  await page.locator('#verify').click();
  await waitForText(page, '#verify-status', /^1 of 4 checks failed on acme/);
  const rows = await page.$$eval('#verify-report tbody tr', (all) =>
    all.map((row) => [...row.children].map(({ textContent }) => textContent)),
  );
  expect(rows).toEqual([
    ['the same bits', '6', 'exact', 'passed'],
    ['update', '90', '0.60', 'passed'],
    ['forward', '56', '1.00see below', 'passed'],
    ['clip', '30', 'just above 1', 'failed: clip 7'],
  ]);
  expect(await textOf(page, '#verify-report .note')).toMatch(
    /expected if a kernel clamps a sigmoid\. Below z = −80/,
  );
  expect(await findProblems(page)).toEqual([]);
});

it('a browser with an invalid language tag trains', async () => {
  const posix = "{ get: () => 'en-US@posix', configurable: true }";
  const page = await host.open(
    `?workloads=tiny&backend=cpu&auto=1&${brief}`,
    `Object.defineProperty(Navigator.prototype, 'language', ${posix});`,
  );
  expect((await resultOf(page)).workloads).toHaveLength(1);
});

describe('a worker', () => {
  /** Puts a class of workers in place of the browser's own, which is at hand as `Real`. */
  const replaceWorkers = (body: string) =>
    `{ const Real = Worker; globalThis.Worker = class extends Real { ${body} }; }`;

  it('without WebGPU leaves the work to the page, which has it', async () => {
    const page = await host.open(
      `?workloads=tiny&backend=webgpu&auto=1&${brief}`,
      replaceWorkers(`
        set onmessage(take) {
          super.onmessage = (event) =>
            take(event.data.type === 'ready' ? { data: { type: 'ready', hasAdapter: false } } : event);
        }`),
    );
    const { workloads } = await resultOf(page);
    expect(workloads[0]?.series.map(({ backend }) => backend)).toEqual(['webgpu']);
    const loaded = await page.evaluate(() =>
      performance.getEntriesByType('resource').map(({ name }) => name),
    );
    expect(loaded.join()).toMatch(/\/serve-/);
  });

  it('that does not load is an error in a sentence', async () => {
    host.expectComplaint(/404/);
    const page = await host.open(
      `?auto=1&${brief}`,
      replaceWorkers("constructor() { super('/missing.js'); }"),
    );
    await waitForText(page, '#problem', /^A worker of the benchmark ended: .*Start again/);
    expect(await textOf(page, '#status')).toBe('Stopped by an error');
    expect(await textOf(page, '#problem')).not.toContain('bug');
  });

  /** Workers that end when they have timed a repeat of any workload but `tiny`. */
  const fragile = replaceWorkers(`
    set onmessage(take) {
      super.onmessage = (event) => {
        const { type, workload } = event.data.event ?? {};
        if (type !== 'repeat' || workload === 'tiny') return take(event);
        this.dispatchEvent(new ErrorEvent('error', { message: 'out of memory' }));
      };
    }`);

  it('that ends costs the workload that it was at, and the run goes on with another', async () => {
    const page = await host.open(`?workloads=tiny,batch-10&backend=cpu-1&auto=1&${brief}`, fragile);
    const { workloads, flags, scores } = await resultOf(page);
    expect(workloads.map(({ name, series }) => [name, series[0]!.samplesPerSecond.length])).toEqual(
      [['tiny', 2]],
    );
    expect(flags).toContainEqual(expect.objectContaining({ kind: 'failed', workload: 'batch-10' }));
    expect(scores).toHaveLength(1);
    expect(await textOf(page, '.flags')).toMatch(/batch-10 is left out: .* out of memory\./);
  });

  it('that ends again and again ends the run, which leaves what was finished', async () => {
    const page = await host.open(
      `?workloads=tiny,batch-1,batch-10,batch-1000&backend=cpu-1&${brief}`,
      fragile,
    );
    await page.locator('#start').click();
    await waitForText(page, '#problem', /out of memory\./);
    await page.waitForSelector('[data-void]');
    expect(await textOf(page, '[data-void]')).toMatch(/broke off/);
    expect(await textOf(page, '[data-table="workloads"]')).toContain('tiny');
  });
});

describe('hostile input', () => {
  it('an address with a bad value is told what is wrong with it, as text, and starts nothing', async () => {
    const page = await host.open('?auto=1&utm_source=mail&workloads=<img src=x onerror=alert(1)>');
    expect(await textOf(page, '#problem')).toMatch(
      /^The address has ‘workloads=<img src=x onerror=alert\(1\)>’, but workloads must be /,
    );
    expect(await textOf(page, '#problem')).not.toContain('utm_source');
    expect(await page.$('#problem img')).toBeNull();
    expect(await isHidden(page, '#run')).toBe(true);
    expect(await textOf(page, '#start')).toBe('Start');
  });

  it('an address with contradicting parts is refused in a sentence, and starts nothing', async () => {
    const page = await host.open('?auto=1&workloads=huge&backend=cpu');
    expect(await textOf(page, '#problem')).toMatch(/^Workload 'huge' runs only on a GPU/);
    expect(await isHidden(page, '#run')).toBe(true);
    // Nor the network that learns beside the button: the address asks for a measurement alone.
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect(page.workers()).toEqual([]);
  });

  it.each(['#result=', '#result=AAAA', `#result=${'A'.repeat(300_000)}`])(
    'a link without a result is refused in a sentence',
    async (hash) => {
      const page = await host.open(hash);
      await waitForText(page, '#problem', /^Cannot read a result from this link: /);
      expect(await isHidden(page, '#result')).toBe(true);
    },
  );

  it('a result that is not verified has no GPU score, and no winner, and the tensor is named', async () => {
    const result = makeBenchmarkResult({ workloads: ['tiny', 'mid'] });
    const workloads = result.workloads.map((workload) => ({
      ...workload,
      verification: {
        ...workload.verification!,
        isVerified: false,
        worst: 3.2,
        tensors: [{ name: 'layers.0.weight', worst: 3.2 }],
      },
    }));
    const message = 'The gradient of tiny is wrong.';
    const flags = [{ kind: 'not-verified', message, isVoid: true, backend: 'webgpu' }] as const;
    const scores = result.scores.filter(({ backend }) => backend !== 'webgpu');
    const page = await host.open(await encodeLink({ ...result, workloads, flags, scores }));
    await page.waitForSelector('[data-void]');
    expect(await textOf(page, '.scores')).toMatch(
      /^No GPU scoreThe gradient of tiny is wrong\.CPU/,
    );
    expect(await textOf(page, '[data-verified]')).toContain(
      'the error of layers.0.weight is 3.2 times',
    );
    expect(await textOf(page, '[data-crossover]')).toMatch(
      /wrong values, so its speed means nothing/,
    );
  });

  it('a file that is no result is refused by its name', async () => {
    const page = await host.open('');
    await page.evaluate(() => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File(['{"format":"other"}'], 'other.json'));
      const init = { dataTransfer, bubbles: true, cancelable: true };
      document.querySelector('h1')!.dispatchEvent(new DragEvent('drop', init));
    });
    await waitForText(page, '#problem', /^other\.json: Cannot read this benchmark result/);
    expect(await isHidden(page, '#result')).toBe(true);
  });
});

/** Four files of random images, small but of MNIST's shape. */
function makeFiles(size = 28): Record<string, Uint8Array> {
  const bytes = (count: number, max: number) =>
    Array.from({ length: count }, (_, n) => (n * 7919) % max);
  return {
    'train-images-idx3-ubyte': makeIdx([240, size, size], bytes(240 * size * size, 256)),
    'train-labels-idx1-ubyte.gz': pack(makeIdx([240], bytes(240, 10))),
    't10k-images-idx3-ubyte.gz': pack(makeIdx([40, size, size], bytes(40 * size * size, 256))),
    't10k-labels-idx1-ubyte': makeIdx([40], bytes(40, 10)),
  };
}

describe('MNIST files', () => {
  let place: string;
  beforeAll(async () => {
    place = await mkdtemp(join(tmpdir(), 'nudge-mnist-'));
  });
  afterAll(() => rm(place, { recursive: true }));

  async function choose(page: Page, files: Record<string, Uint8Array>): Promise<void> {
    const paths = Object.keys(files).map((name) => join(place, name));
    await Promise.all(Object.values(files).map((bytes, n) => writeFile(paths[n]!, bytes)));
    const input = await page.waitForSelector('#files:enabled');
    await (input as Awaited<ReturnType<typeof page.$<'input'>>>)!.uploadFile(...paths);
  }

  it('that are chosen are what is trained on, until the reader wants digits again', async () => {
    const page = await host.open(`?workloads=tiny&backend=cpu-1&repeats=2&blocks=1&seconds=0.02`);
    await choose(page, makeFiles());
    await waitForText(page, '#data', /^Your MNIST files: 240 .* 40 for testing\.$/);
    expect(await isHidden(page, '#samples')).toBe(false);
    await page.locator('#start').click();
    const { data } = await resultOf(page);
    expect(data).toMatchObject({ name: 'mnist training set, mnist test set', testCount: 40 });
    await page.locator('#generated').click();
    expect(await textOf(page, '#data')).toMatch(/^Generated digits: 60,000/);
  });

  it('that are dropped and still being read are waited for, and none can be chosen while they are learned from', async () => {
    const page = await host.open(`?workloads=tiny&backend=cpu-1&repeats=6&blocks=1&seconds=0.2`);
    const files = Object.entries(makeFiles()).map(([name, bytes]) => [name, [...bytes]] as const);
    await page.evaluate((entries) => {
      const dataTransfer = new DataTransfer();
      for (const [name, bytes] of entries) {
        dataTransfer.items.add(new File([new Uint8Array(bytes)], name));
      }
      const init = { dataTransfer, bubbles: true, cancelable: true };
      // Twice at once, as an impatient hand does.
      for (let n = 0; n < 2; n++) {
        document.querySelector('h1')!.dispatchEvent(new DragEvent('drop', init));
      }
      document.querySelector<HTMLElement>('#start')!.click();
    }, files);
    await waitForText(page, '#status', /tiny/);
    const isDisabled = () => page.$eval('#files', (input) => (input as HTMLInputElement).disabled);
    expect(await isDisabled()).toBe(true);
    expect((await resultOf(page)).data.trainingCount).toBe(240);
    expect(await isDisabled()).toBe(false);
  });

  it('that are not all there are named, and digits are trained on as before', async () => {
    const page = await host.open('');
    const three = Object.entries(makeFiles()).slice(0, 3);
    await choose(page, Object.fromEntries(three));
    await waitForText(page, '#problem', /1 of the 4 MNIST files are missing: t10k-labels/);
    expect(await textOf(page, '#data')).toMatch(/^Generated digits/);
    await choose(page, makeFiles());
    await waitForText(page, '#data', /^Your MNIST files/);
    expect(await isHidden(page, '#notice')).toBe(true);
  });

  it('with images of another size are refused with both sizes', async () => {
    const page = await host.open('');
    await choose(page, makeFiles(3));
    await waitForText(page, '#problem', /have 9 pixels each, and the networks here take 784/);
  });
});
