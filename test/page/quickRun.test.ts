/** One run of the benchmark on the page, as built and served, and everything that is to be seen of it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { Ajv2020 } from 'ajv/dist/2020.js';
import type { Page } from 'puppeteer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { referenceMachine } from '../../src/benchmark/score.ts';
import type { BenchmarkResult, OwnBackendName } from '../../src/benchmark/result/schema.ts';
import { longestTaskMs } from '../support/longTasks.ts';
import { hostPage, resultOf, textOf, type PageHost } from './openPage.ts';

/** Keeps what the page copies and saves. */
const keepFiles = `
  globalThis.copied = '';
  navigator.clipboard.writeText = (text) => { globalThis.copied = text; return Promise.resolve(); };
  globalThis.saved = [];
  const create = URL.createObjectURL;
  URL.createObjectURL = (blob) => { globalThis.saved.push(blob); return create.call(URL, blob); };
  HTMLAnchorElement.prototype.click = () => undefined;
  document.addEventListener('nudge:done', (event) => { globalThis.told = event.detail; });
`;

let host: PageHost;
let page: Page;
let result: BenchmarkResult;
let longestTask: number;
let isOver = false;
/** What was to be read while it ran. */
const seen = { status: new Set<string>(), doing: new Set<string>(), live: '' };

beforeAll(async () => {
  host = await hostPage();
  page = await host.open('?quick=1&repeats=4&seconds=0.02&samples=3000&wait=1', keepFiles);
  // By keyboard: the button is the first thing that a Tab reaches.
  await page.keyboard.press('Tab');
  longestTask = await longestTaskMs(page, async () => {
    await page.keyboard.press('Enter');
    const watching = watch();
    result = await resultOf(page);
    isOver = true;
    await watching;
  });
});
afterAll(async () => {
  await host.closePages();
  await host.close();
});

async function watch(): Promise<void> {
  // Once more after the end, for the last word.
  for (let last = false; !last;) {
    last = isOver;
    seen.status.add(await textOf(page, '#status'));
    seen.doing.add(await textOf(page, '#doing'));
    // Empty before the first workload and after the last.
    seen.live = (await textOf(page, '#live')) || seen.live;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Opens the page once more and has it open the result that the address carries. */
async function openCopiedLink(): Promise<Page> {
  const link = (await page.evaluate('copied')) as string;
  const other = await host.open(link.slice(host.origin.length + 1));
  await other.waitForSelector('[data-score]');
  return other;
}

async function press(text: string, group: 'Save' | 'Copy'): Promise<void> {
  await page.$$eval(
    `[role="group"][aria-label="${group}"] button`,
    (buttons, wanted) => buttons.find((button) => button.textContent === wanted)!.click(),
    text,
  );
  await page.waitForFunction(
    (word) => document.querySelector('.share [role="status"]')!.textContent.startsWith(word),
    { polling: 20 },
    group === 'Save' ? 'Saved' : 'Copied',
  );
}

describe('the run', () => {
  it('gives a whole result, by the published schema, in the event nudge:done', async () => {
    const path = join(import.meta.dirname, '../../docs/benchmark-result.schema.json');
    const schema = JSON.parse(readFileSync(path, 'utf8')) as object;
    const ajv = new Ajv2020({ strict: false, allErrors: true, formats: { 'date-time': true } });
    expect(ajv.validate(schema, result), ajv.errorsText()).toBe(true);
    expect(await page.evaluate('told')).toEqual(result);
    expect(result.workloads.map(({ name }) => name)).toEqual(['tiny', 'mid']);
    for (const { series, verification } of result.workloads) {
      expect(series.map(({ backend }) => backend).sort()).toEqual(['cpu', 'cpu-1', 'webgpu']);
      expect(series.every(({ samplesPerSecond }) => samplesPerSecond.length === 4)).toBe(true);
      expect(verification?.isVerified).toBe(true);
    }
    expect(result.data.trainingCount).toBe(3000);
    expect(result.environment).toMatchObject({ runtime: 'browser', isIsolated: true });
    expect(result.nudge.version).toMatch(/^\d+\.\d+\.\d+$/);
  });

  it('says what is being done, and shows what is learned meanwhile', () => {
    expect([...seen.status]).toContain('Running “tiny”');
    expect([...seen.status].at(-1)).toMatch(/^Done in /);
    expect([...seen.doing].join('\n')).toMatch(/: (tiny|mid) on (the GPU|one|all)/);
    expect(seen.live).toMatch(/^(tiny|mid) 784-.*samples\/s/);
  });

  it('leaves the page’s thread free: no task takes 50 ms of it', () => {
    expect(longestTask).toBeLessThan(50);
  });
});

describe('the result', () => {
  it('begins with the scores, the GPU’s first, with what they are worth', async () => {
    const values = await page.$$eval('[data-score]', (places) =>
      places.map((place) => [place.getAttribute('data-score'), place.textContent] as const),
    );
    const scoreOf = (backend: OwnBackendName) =>
      result.scores.find((score) => score.backend === backend)!;
    expect(values.map(([backend]) => backend)).toEqual(['webgpu', 'cpu', 'cpu-1']);
    for (const [backend, text] of values) {
      const rounded = Math.round(scoreOf(backend as OwnBackendName).middle).toLocaleString('en');
      expect(text.startsWith(`${rounded} ±`)).toBe(true);
    }
    const scores = await textOf(page, '.scores');
    expect(scores).toContain('GPU score, in software');
    expect(scores).toContain('From “tiny” and “mid” only');
    expect(scores).toContain('A software adapter computes on the CPU');
    expect(await textOf(page, '[data-verified]')).toMatch(
      /^✓ Verified\. Worst error: .* of the tolerance\.$/,
    );
    expect(await textOf(page, '[data-crossover]')).toMatch(/wins/);
  });

  it('has a row for each workload: the speed-up first, then rates with intervals, and the limit', async () => {
    const rows = await page.$$eval('[data-table="workloads"] tbody tr', (all) =>
      all.map((row) => [...row.children].map((cell) => cell.textContent.replaceAll('\u00a0', ' '))),
    );
    expect(rows.map(([name]) => name)).toEqual([
      'tiny784-16-16-10mini-batches of 100',
      'mid784-128-10mini-batches of 128',
    ]);
    for (const [, ratio, one, cpu, gpu, limit, error] of rows) {
      for (const cell of [one, cpu, gpu]) expect(cell).toMatch(/^[\d,.]+ to [\d,.]+$|\d to \d/);
      expect(ratio).toMatch(/^[\d.,]+×(less than )?[\d.,]+× to [\d.,]+×$/);
      expect(limit).toMatch(
        /^[\d.]+ %(no single limit|arithmetic|memory bandwidth|the cost of dispatches|the calls that record and submit work)$/,
      );
      expect(error).toMatch(/^(0\.\d+|less than 0\.001)$/);
    }
  });

  it('has pictures, each with its figures in words and as a table', async () => {
    const labels = await page.$$eval('[role="img"][aria-label]', (all) =>
      all.map((image) => image.getAttribute('aria-label')!),
    );
    expect(labels.join('\n')).toMatch(/^Speed-up over parameters: tiny .*; mid /m);
    expect(labels.join('\n')).toMatch(/^The roof is .*FLOP\/s\. tiny: .* FLOP\/byte/m);
    expect(labels.join('\n')).toMatch(/^Curves of cost against steps: CPU.* after .* steps/m);
    expect(labels.join('\n')).toMatch(/^Samples trained per second: tiny CPU/m);
    for (const chart of ['speed-up', 'roofline']) {
      expect(
        await page.$(`[data-chart="${chart}"] svg circle[fill="var(--webgpu)"]`),
      ).not.toBeNull();
      expect(await page.$(`[data-chart="${chart}"] details table`)).not.toBeNull();
    }
    // Bars are as long as samples/s, relative to the end of the workload's longest interval.
    const bars = await page.$$eval('[data-chart="throughput"] svg rect', (all) =>
      all.map((bar) => bar.getBoundingClientRect().width),
    );
    const rates = result.workloads.map(({ series }) =>
      (['cpu-1', 'cpu', 'webgpu'] as const).map(
        (backend) => series.find((one) => one.backend === backend)!.estimate.middle,
      ),
    );
    expect(bars).toHaveLength(rates.flat().length);
    for (const [n, [first, ...others]] of rates.entries()) {
      const [full, ...widths] = bars.slice(3 * n);
      for (const [m, other] of others.entries()) {
        const expected = Math.max(2, (full! * other) / first!);
        expect(Math.abs(widths[m]! - expected)).toBeLessThan(1 + expected / 50);
      }
    }
  });

  it('is explained, down to what counts 1000', async () => {
    expect(await textOf(page, '.prose')).toContain(referenceMachine.name);
  });

  it('says where it was made', async () => {
    const text = await textOf(page, '[data-part="environment"]');
    expect(text).toContain(result.environment.name);
    expect(text).toContain(result.data.sha256);
  });
});

describe('the result travels', () => {
  it('as a link, which shows it as what it is: made elsewhere', async () => {
    await press('Link', 'Copy');
    const other = await openCopiedLink();
    expect(await textOf(other, '.tag')).toBe('Opened, not run here: from a link');
    for (const place of ['.scores', '[data-verified]']) {
      expect(await textOf(other, place)).toBe(await textOf(page, place));
    }
  });

  it('as JSON, which is the result', async () => {
    await press('JSON', 'Copy');
    expect(JSON.parse((await page.evaluate('copied')) as string)).toEqual(result);
  });

  it.each([
    ['JSON', /^\{/],
    ['CSV', /^[a-z]+/],
    ['Markdown', /^#/],
    ['Card, SVG', /^<svg /],
    ['Card, PNG', /^\u0089PNG\r\n/],
  ])('as a file: %s', async (name, start) => {
    await page.evaluate('saved.length = 0');
    await press(name, 'Save');
    const bytes = (await page.evaluate(
      'saved.at(-1).arrayBuffer().then((buffer) => [...new Uint8Array(buffer).subarray(0, 24)])',
    )) as number[];
    expect(String.fromCharCode(...bytes)).toMatch(start);
    if (name === 'Card, PNG') {
      // Width and height stand at the same place in every PNG.
      const size = new DataView(Uint8Array.from(bytes).buffer);
      expect([size.getUint32(16), size.getUint32(20)]).toEqual([2400, 1260]);
    }
  });

  it('as a file that is opened, and compared with the run', async () => {
    await page.evaluate(async (text) => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File([text], 'before.json'));
      const init = { dataTransfer, bubbles: true, cancelable: true };
      document.querySelector('h1')!.dispatchEvent(new DragEvent('drop', init));
      await Promise.resolve();
    }, JSON.stringify(result));
    await page.waitForSelector('[data-verdict]');
    expect(await textOf(page, '#comparison')).toContain('First: before.json. Second: This run.');
    // Of a result with itself.
    expect(await textOf(page, '[data-verdict]')).toMatch(
      // Others may have kept the machine busy, and a busy run is compared with nothing.
      /^(No difference is shown|The two are not comparable)/,
    );
    await page.waitForSelector('.tag');
    expect(await textOf(page, '.tag')).toBe('Opened, not run here: before.json');
    await page.$$eval('#choice button', (buttons) => buttons.at(-1)!.click());
    await page.waitForFunction(() => document.querySelector('.tag') === null);
    expect(await textOf(page, '#choice [aria-pressed="true"]')).toBe('This run');
  });
});
