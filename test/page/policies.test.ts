/** The CPU engine in a page, whatever the page's server and policy allow. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { Browser } from 'puppeteer';
import { afterAll, beforeAll, expect, it } from 'vitest';

import type { BenchmarkResult } from '../../src/benchmark/result/schema.ts';
import { findBrowser } from '../../src/node/browser.ts';
import { launchBrowser } from '../../src/node/launchBrowser.ts';
import { providePage } from '../../src/node/pageFolder.ts';
import { startServer, type StaticServer } from '../../src/node/server.ts';

let server: StaticServer;
let browser: Browser;
beforeAll(async () => {
  server = await startServer({ folder: await providePage() });
  browser = await launchBrowser(await findBrowser(), { adapter: 'software' });
});
afterAll(async () => {
  await browser.close();
  await server.close();
});

/**
 * Answers what the page's server answers, with other headers; `undefined` leaves one out.
 * @param missing the path of a file that is not there
 */
async function serveWith(
  changes: Readonly<Record<string, string | undefined>>,
  missing?: string,
): Promise<{ readonly origin: string; readonly close: () => void }> {
  const policy = 'content-security-policy';
  const other = createServer((request, response) => {
    const answer = async () => {
      if (request.url === missing) {
        response.writeHead(404).end();
        return;
      }
      const original = await fetch(`${server.origin}${request.url}`);
      for (const [name, value] of Object.entries({
        'content-type': original.headers.get('content-type') ?? undefined,
        [policy]: original.headers.get(policy) ?? undefined,
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-embedder-policy': 'require-corp',
        ...changes,
      })) {
        if (value !== undefined) response.setHeader(name, value);
      }
      response.end(Buffer.from(await original.arrayBuffer()));
    };
    answer().catch((error: unknown) => response.destroy(error as Error));
  });
  await new Promise<void>((resolve) => void other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    close: () => {
      other.close();
      other.closeAllConnections();
    },
  };
}

/** Runs the benchmark on the CPU alone, and tells what came of it and what the browser complained of. */
async function trainAt(
  origin: string,
): Promise<{ readonly result: BenchmarkResult; readonly complaints: string }> {
  const page = await browser.newPage();
  try {
    const complaints: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(String(error)));
    await page.goto(
      `${origin}/benchmark.html?samples=500&workloads=tiny&backend=cpu&repeats=2&blocks=1&seconds=0.02&wait=0&auto=1`,
    );
    // A page that its service worker isolates loads twice.
    await page.waitForFunction('globalThis.nudgeBenchmark !== undefined');
    const result = (await page.evaluate('nudgeBenchmark.done')) as BenchmarkResult;
    return { result, complaints: complaints.join('\n') };
  } finally {
    await page.close();
  }
}

const policy = (script: string, worker: string) =>
  `default-src 'none'; script-src ${script}; style-src 'self'; worker-src ${worker}; img-src 'self' data:; connect-src 'self'`;

const withoutIsolation = {
  'cross-origin-opener-policy': undefined,
  'cross-origin-embedder-policy': undefined,
};

it.each([
  ['everything', {}, /^(relaxed-)?simd, \d+ threads?$/],
  ['a host without headers', withoutIsolation, /^(relaxed-)?simd, \d+ threads?$/],
  [
    'no isolation',
    withoutIsolation,
    /^(relaxed-)?simd, in the calling thread \(the page is not cross-origin isolated\)$/,
  ],
  [
    'no workers from text',
    { 'content-security-policy': policy("'self' 'wasm-unsafe-eval'", "'self'") },
    /^(relaxed-)?simd, in the calling thread \(a thread could not be started \(.+\)\)$/,
  ],
  [
    'no WebAssembly',
    { 'content-security-policy': policy("'self'", "'self' blob:") },
    /^float64 reference, in the calling thread \(a policy forbids WebAssembly\)$/,
  ],
] as const)('trains with %s', async (name, changes, plan) => {
  const isIsolated = name !== 'no isolation';
  // Without its service worker, a page cannot isolate itself.
  const other = await serveWith(changes, isIsolated ? undefined : '/serviceWorker.js');
  try {
    const { result, complaints } = await trainAt(other.origin);
    const { series } = result.workloads[0]!;
    expect(series[0]?.plan).toMatch(plan);
    expect(result.scores).toHaveLength(1);
    expect(result.environment.isIsolated).toBe(isIsolated);
    // The page tries to start threads for its worker, and the browser says what it thinks of that.
    const refusals =
      /^(Creating a worker from 'blob:|Failed to load resource: .* 404|A bad HTTP response code).*\n?/gm;
    const isRefused = name === 'no workers from text' || !isIsolated;
    expect(isRefused ? complaints.replace(refusals, '') : complaints).toBe('');
  } finally {
    other.close();
  }
});
