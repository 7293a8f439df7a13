/** The page, built and driven as the command line does it. */
import { readdirSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

import { BrowserError, ConfigurationError, NoAdapterError } from '../../src/errors.ts';
import { openBrowserSession } from '../../src/node/browserSession.ts';
import { mayHaveGpu } from '../../src/node/gpuDevice.ts';
import type { BrowserSession } from '../../src/node/pageSession.ts';
import type { BrowserEnvironment } from '../../src/page/jobs/environment.ts';
import type { MeasuredLimits } from '../../src/gpu/probes/probeAdapter.ts';
import type { ProbeEvent } from '../../src/page/jobs/probe.ts';
import { optionalFirefox } from '../setup/optional.ts';

const leftovers = () => readdirSync(tmpdir()).filter((name) => /^nudge-(page|profile)-/.test(name));

/** One round of each figure, and an abort. */
async function measureAdapter(session: BrowserSession): Promise<void> {
  const said: string[] = [];
  const limits = await session.call<MeasuredLimits, ProbeEvent>(
    'probe',
    { budgetMs: 1 },
    { onEvent: ({ what }) => said.push(what) },
  );
  const { arithmetic, memory, latency } = limits;
  for (const { value } of [arithmetic, memory.read, latency.dispatch, latency.readback]) {
    expect(value).toBeGreaterThan(0);
    expect(value).toBeLessThan(Infinity);
  }
  expect(said).toEqual(['latency', 'arithmetic', 'memory', 'done']);
  const abort = new AbortController();
  const stopped = session.call<MeasuredLimits, ProbeEvent>(
    'probe',
    {},
    { signal: abort.signal, onEvent: () => abort.abort(new Error('enough')) },
  );
  await expect(stopped).rejects.toThrow('enough');
}

describe('in Chromium', () => {
  let folder: string;
  let session: BrowserSession;
  let leftBefore: string[];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nudge-mount-'));
    await writeFile(join(folder, 'labels'), 'seven');
    // Other tests start browsers at the same time.
    vi.stubEnv('TMPDIR', folder);
    leftBefore = leftovers();
    session = await openBrowserSession({
      mounts: [{ path: '/data/mnist/', folder, files: ['labels'] }],
    });
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true });
  });

  it('there is an adapter, with features and limits, on an isolated page', async () => {
    const found = await session.call<BrowserEnvironment>('environment');
    expect(found.userAgent).toMatch(/Chrom/);
    expect(found.isIsolated).toBe(true);
    expect(found.adapter?.vendor).not.toBe('');
    expect(found.adapter?.features).toContain('core-features-and-limits');
    // WebGPU's guaranteed minimum.
    expect(found.adapter?.limits.maxStorageBufferBindingSize).toBeGreaterThanOrEqual(1 << 27);
    expect(session.environment).toEqual(found);
    expect(session.version).toMatch(/\d/);
  });

  it('the adapter can be measured', () => measureAdapter(session));

  it("an error keeps nudge's class, through the built and minified page", async () => {
    const call = session.call('nonsense');
    await expect(call).rejects.toThrow(ConfigurationError);
    await expect(call).rejects.toThrow(/^The page knows no job 'nonsense'\. It knows: environment/);
  });

  it('the data that is lent to the page is served beside it', async () => {
    const { origin } = new URL(session.url);
    expect(await (await fetch(`${origin}/data/mnist/labels`)).text()).toBe('seven');
  });

  it('closing ends the browser and the server, leaves no file, and can be done twice', async () => {
    await Promise.all([session.close(), session.close()]);
    await session.close();
    await expect(fetch(session.url)).rejects.toThrow();
    await expect(session.call('environment')).rejects.toThrow(BrowserError);
    expect(leftovers()).toEqual(leftBefore);
  });
});

it('in Firefox there is an adapter', async (context) => {
  const firefox = await optionalFirefox(context);
  const session = await openBrowserSession({ browser: firefox.executablePath });
  try {
    const found = await session.call<BrowserEnvironment>('environment');
    expect(found.userAgent).toMatch(/Firefox/);
    expect(found.adapter?.limits.maxStorageBufferBindingSize).toBeGreaterThanOrEqual(1 << 27);
    await expect(session.call('nonsense')).rejects.toThrow(ConfigurationError);
    await measureAdapter(session);
  } finally {
    await session.close();
  }
});

it('a machine without a GPU says so when hardware is asked for', async (context) => {
  if (mayHaveGpu()) return context.skip('this machine may have a GPU');
  const session = openBrowserSession({ adapter: 'hardware' });
  await expect(session).rejects.toThrow(NoAdapterError);
  await expect(session).rejects.toThrow(/asks for hardware|has no WebGPU adapter/);
});

it('a browser that does not start is named, with what it said', async () => {
  const session = openBrowserSession({ browser: process.execPath });
  await expect(session).rejects.toThrow(BrowserError);
  await expect(session).rejects.toThrow(`node at ${process.execPath} does not start`);
});
