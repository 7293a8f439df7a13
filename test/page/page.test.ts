/** The page that people open, built and served as it ships, in a real browser with a software adapter. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Browser, Page } from 'puppeteer';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import type { MainJobResult } from '../../src/benchmark/mainJob.ts';
import { findBrowser } from '../../src/node/browser.ts';
import { launchBrowser } from '../../src/node/launchBrowser.ts';
import { providePage, type PageFolder } from '../../src/node/pageFolder.ts';
import { startServer, type StaticServer } from '../../src/node/server.ts';
import { makeIdx, pack } from '../support/idxFiles.ts';

let folder: PageFolder;
let server: StaticServer;
let browser: Browser;
beforeAll(async () => {
  folder = await providePage();
  server = await startServer({ folder: folder.path });
  browser = await launchBrowser(await findBrowser(), { adapter: 'software' });
});
afterAll(async () => {
  await browser.close();
  await server.close();
  folder.dispose();
});

/** What no page may do: complain, or talk to anybody but its own server. */
const complaints: string[] = [];
let open: Page | undefined;
afterEach(async () => {
  await open?.close();
  open = undefined;
  expect(complaints.splice(0)).toEqual([]);
});

/**
 * Opens the page and waits until it is ready to train.
 * @param before code to run in it before its own
 */
async function openPage(search: string, before = ''): Promise<Page> {
  const page = (open = await browser.newPage());
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => {
    // `blob:` is the program of the CPU engine's threads, which the page itself has made.
    const { origin } = server;
    const own = [`${origin}/`, `blob:${origin}/`];
    const isOwn =
      own.some((start) => request.url().startsWith(start)) || request.url() === 'data:,';
    if (!isOwn) complaints.push(`request of ${request.url()}`);
  });
  await page.evaluateOnNewDocument(
    `document.addEventListener('nudge:done', (event) => { globalThis.result = event.detail; }); ${before}`,
  );
  await page.goto(`${server.origin}/${search}`);
  await page.waitForSelector('#train:enabled');
  return page;
}

async function textOf(page: Page, selector: string): Promise<string> {
  const text = await page.$eval(selector, (element) => element.textContent);
  return text.replaceAll(/\s+/g, ' ').trim();
}

/** Waits until the text of an element matches. */
async function waitForText(page: Page, selector: string, pattern: RegExp): Promise<void> {
  await page.waitForFunction(
    (where, source) => new RegExp(source).test(document.querySelector(where)?.textContent ?? ''),
    { polling: 20, timeout: 60_000 },
    selector,
    pattern.source,
  );
}

async function resultOf(page: Page): Promise<MainJobResult> {
  await page.waitForFunction('globalThis.result !== undefined', { timeout: 60_000 });
  return (await page.evaluate('globalThis.result')) as MainJobResult;
}

/** The cells of a card's table, row after row. */
async function cellsOf(page: Page, card = 1): Promise<string[]> {
  const cells = await page.$$eval(`.card:nth-of-type(${card}) tbody td`, (all) =>
    all.map((cell) => cell.textContent),
  );
  return cells.map((cell) => cell.replaceAll('\u00a0', ' '));
}

/** Pixels of a chart that have about this colour, [red, green, blue]. */
function countPixels(page: Page, part: string, color: readonly number[]): Promise<number> {
  return page.$eval(
    `[data-part="${part}"] canvas`,
    (canvas, wanted) => {
      const { data } = canvas
        .getContext('2d', { willReadFrequently: true })!
        .getImageData(0, 0, canvas.width, canvas.height);
      let count = 0;
      for (let at = 0; at < data.length; at += 4) {
        const isNear = wanted.every((value, n) => Math.abs(data[at + n]! - value) < 12);
        if (isNear && data[at + 3]! > 200) count++;
      }
      return count;
    },
    color,
  );
}

describe('training', () => {
  it('shows both sides’ curves and numbers, the ratio, the verification and the adapter', async () => {
    const page = await openPage('?samples=1000&presets=lecture');
    expect(await textOf(page, '#data')).toBe(
      'Training on generated digits: 1,000 to learn from, 167 to be tested on.',
    );
    // By keyboard: the button is the first thing that a Tab reaches.
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    const { adapter, rows } = await resultOf(page);

    const { cpu, webgpu, ratio } = rows[0]!;
    expect(await textOf(page, '.card h2')).toBe('lecture');
    const percent = (share: number) => `${(share * 100).toFixed(2)} %`;
    const cells = await cellsOf(page);
    expect(cells[0]).toBe(Math.round(cpu.samplesPerSecond).toLocaleString('en'));
    expect(cells[1]).toBe(Math.round(webgpu!.samplesPerSecond).toLocaleString('en'));
    expect(cells.slice(4)).toEqual([
      cpu.cost.toFixed(4),
      webgpu!.cost.toFixed(4),
      percent(cpu.accuracy),
      percent(webgpu!.accuracy),
    ]);
    expect(await textOf(page, '.ratio')).toContain(
      ratio! >= 1.05 ? 'times as fast' : ratio! > 0.95 ? 'equally fast' : 'was slower',
    );
    expect(await textOf(page, '.verdict')).toMatch(/Verified: worst .* of the bound/);
    expect(await textOf(page, '.verdict')).toMatch(/ % of this adapter’s own limit/);
    expect(adapter?.isSoftware).toBe(true);
    expect(await textOf(page, '#run')).toMatch(
      /^Done in .*\(software\)\. This is a software adapter: it computes on the CPU/,
    );

    expect(await page.$eval('[data-part="cost-chart"]', (host) => host.ariaLabel)).toMatch(
      /^Curves of cost against steps\. Now: CPU \d\.\d{4}, GPU \d\.\d{4}\.$/,
    );
    for (const chart of ['cost-chart', 'accuracy-chart']) {
      expect(await countPixels(page, chart, [0x6d, 0x9b, 0xe0])).toBeGreaterThan(100);
      expect(await countPixels(page, chart, [0xb8, 0x3a, 0x08])).toBeGreaterThan(100);
    }
  });

  it('that the address starts needs no click, and fits a phone', async () => {
    const page = await openPage('?samples=200&auto=1');
    await page.setViewport({ width: 360, height: 640 });
    expect((await resultOf(page)).rows.map(({ preset }) => preset)).toEqual(['lecture', 'modern']);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
  });

  it('can be stopped, keeps what is finished, and can be started again', async () => {
    const page = await openPage('?samples=2000&presets=lecture,wide');
    await page.click('#train');
    await waitForText(page, '#status', /Training wide on the CPU/);
    expect(await textOf(page, '#train')).toBe('Stop');
    await page.click('#train');
    await waitForText(page, '#status', /^Stopped$/);
    expect(await textOf(page, '#train')).toBe('Train');
    expect((await cellsOf(page, 1)).at(-1)).toMatch(/^\d+\.\d\d %$/);
    expect(await cellsOf(page, 2)).toEqual(['stopped', ...Array<string>(7).fill('–')]);
    expect(await page.$eval('#problem', (element) => (element as HTMLElement).hidden)).toBe(true);

    await page.click('#train');
    await waitForText(page, '#status', /Training lecture on the CPU/);
    expect(await page.$$eval('.card', (cards) => cards.length)).toBe(2);
    await page.click('#train');
    await waitForText(page, '#status', /^Stopped$/);
    expect(await page.evaluate('globalThis.result')).toBeUndefined();
  });

  it('on a device that is lost says so in a sentence, and the next run has a device again', async () => {
    const page = await openPage(
      '?samples=2000&presets=lecture',
      `const request = GPUAdapter.prototype.requestDevice;
       GPUAdapter.prototype.requestDevice = async function (...options) {
         GPUAdapter.prototype.requestDevice = request;
         const device = await request.apply(this, options);
         device.destroy();
         return device;
       };`,
    );
    await page.click('#train');
    await waitForText(page, '#problem', /device/);
    expect(await textOf(page, '#problem')).not.toContain('bug');
    expect(await textOf(page, '#status')).toBe('Stopped by an error');
    await page.click('#train');
    expect((await resultOf(page)).rows[0]?.webgpu).toBeDefined();
    expect(await page.$eval('#problem', (element) => (element as HTMLElement).hidden)).toBe(true);
  });
});

it('a browser whose language is no language tag trains all the same', async () => {
  const posix = "{ get: () => 'en-US@posix', configurable: true }";
  const page = await openPage(
    '?samples=500&presets=lecture',
    `Object.defineProperty(Navigator.prototype, 'language', ${posix});`,
  );
  await page.click('#train');
  expect((await resultOf(page)).rows.length).toBe(1);
});

describe('a browser without WebGPU', () => {
  it('is told which have it, and trains on the CPU', async () => {
    const page = await openPage('?samples=500&presets=lecture', 'delete Navigator.prototype.gpu;');
    expect(await textOf(page, '#webgpu')).toMatch(/^This browser has no WebGPU.*Chrome.*Firefox/);
    expect(await textOf(page, '#train')).toBe('Train on the CPU');
    await page.click('#train');
    const { rows, adapter } = await resultOf(page);
    expect(adapter).toBeUndefined();
    expect(rows[0]?.webgpu).toBeUndefined();
    expect((await cellsOf(page)).at(-1)).toBe('–');
    expect((await cellsOf(page)).at(-2)).toBe(`${(rows[0]!.cpu.accuracy * 100).toFixed(2)} %`);
    expect(await textOf(page, '#run')).toMatch(/Trained on the CPU alone\.$/);
  });
});

describe('an address that makes no sense', () => {
  it('is told what is wrong with it, as text, and starts nothing', async () => {
    const page = await openPage('?auto=1&epochs=0&x=<img src=x onerror=alert(1)>');
    expect(await textOf(page, '#problem')).toMatch(
      /‘epochs=0’, and epochs is a whole number from 1 to 100\. .*‘x=<img src=x onerror=alert\(1\)>’/,
    );
    expect(await page.$('#problem img')).toBeNull();
    expect(await page.$eval('#run', (element) => (element as HTMLElement).hidden)).toBe(true);
    expect(await textOf(page, '#train')).toBe('Train');
  });
});

/** Four files of random images, small but of MNIST's shape. */
function makeFiles(size = 28): Record<string, Uint8Array> {
  const bytes = (count: number, most: number) =>
    Array.from({ length: count }, (_, n) => (n * 7919) % most);
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
    const input = await page.waitForSelector('input[type=file]:enabled');
    await input!.uploadFile(...paths);
  }

  it('that are chosen are what is trained on, until the reader wants digits again', async () => {
    const page = await openPage('?presets=lecture');
    await choose(page, makeFiles());
    await waitForText(page, '#data', /^Training on your MNIST files: 240 .* 40 to be tested on\.$/);
    await page.click('#train');
    const { data, rows } = await resultOf(page);
    expect(data).toBe('mnist training set');
    // 40 test samples: an accuracy has no other denominator.
    expect((rows[0]!.cpu.accuracy * 40) % 1).toBeCloseTo(0);
    await page.click('#generated');
    expect(await textOf(page, '#data')).toMatch(/^Training on generated digits: 60,000/);
  });

  /** Drops files on the page, twice at once, and then clicks `button`, all in one go. */
  async function drop(page: Page, button = ''): Promise<void> {
    const files = Object.entries(makeFiles()).map(([name, bytes]) => [name, [...bytes]] as const);
    await page.evaluate(
      (entries, selector) => {
        const dataTransfer = new DataTransfer();
        for (const [name, bytes] of entries) {
          dataTransfer.items.add(new File([new Uint8Array(bytes)], name));
        }
        for (let n = 0; n < 2; n++) {
          document
            .querySelector('h1')!
            .dispatchEvent(
              new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }),
            );
        }
        if (selector !== '') document.querySelector<HTMLElement>(selector)!.click();
      },
      files,
      button,
    );
  }

  it('that are dropped anywhere on the page are read', async () => {
    const page = await openPage('');
    await drop(page);
    await waitForText(page, '#data', /^Training on your MNIST files: 240/);
  });

  it('that are still being read are waited for, and none can be chosen while they are learned from', async () => {
    const page = await openPage('?presets=lecture&epochs=3');
    await drop(page, '#train');
    await waitForText(page, '#status', /^Training lecture/);
    expect(await page.$eval('#files', (input) => (input as HTMLInputElement).disabled)).toBe(true);
    expect((await resultOf(page)).data).toBe('mnist training set');
    expect(await page.$eval('#files', (input) => (input as HTMLInputElement).disabled)).toBe(false);
  });

  it('that are not all there are named, and digits are trained on as before', async () => {
    const page = await openPage('');
    const three = Object.entries(makeFiles()).slice(0, 3);
    await choose(page, Object.fromEntries(three));
    await waitForText(page, '#problem', /1 of the 4 MNIST files are missing: t10k-labels/);
    expect(await textOf(page, '#data')).toMatch(/^Training on generated digits/);
    await choose(page, makeFiles());
    await waitForText(page, '#data', /^Training on your MNIST files/);
    expect(await page.$eval('#problem', (element) => (element as HTMLElement).hidden)).toBe(true);
  });

  it('with images of another size are refused with both sizes', async () => {
    const page = await openPage('');
    await choose(page, makeFiles(3));
    await waitForText(page, '#problem', /have 9 pixels each, and the networks here take 784/);
  });
});
