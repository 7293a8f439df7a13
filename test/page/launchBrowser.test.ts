import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, expect, it, vi } from 'vitest';

import { findBrowser, thisMachine } from '../../src/node/browser.ts';
import { closeBrowser, launchBrowser } from '../../src/node/launchBrowser.ts';
import { startServer } from '../../src/node/server.ts';

const program = fileURLToPath(new URL('../setup/holdBrowser.ts', import.meta.url));

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

/** Waits until the test's own time limit, if need be. */
async function ended(pid: number): Promise<void> {
  while (isRunning(pid)) await new Promise((resolve) => setTimeout(resolve, 20));
}

// What takes long is that processes start and end, each of its own.
describe.concurrent('a program leaves no browser behind', () => {
  const start = async (mode: string) => {
    const child = spawn(process.execPath, ['--import', 'tsx', program, mode], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const exited = once(child, 'exit');
    const [output] = (await once(child.stdout, 'data')) as [Buffer];
    const pid = Number(output.toString());
    expect(pid).toBeGreaterThan(1);
    return { child, exited, pid };
  };

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
    ['SIGKILL', null],
  ] as const)('when it gets %s, upon which it ends with %i', async (signal, code) => {
    const { child, exited, pid } = await start('wait');
    expect(isRunning(pid)).toBe(true);
    child.kill(signal);
    expect((await exited)[0]).toBe(code);
    await ended(pid);
  });

  it.each(['exit', 'throw'])('when it ends by itself (%s)', async (mode) => {
    const { exited, pid } = await start(mode);
    await exited;
    await ended(pid);
  });
});

it('a GPU process that hangs ends with its browser', async (context) => {
  if (process.platform === 'win32') context.skip('Windows cannot stop a process');
  const browser = await launchBrowser(await findBrowser(), { adapter: 'software' });
  const main = browser.process()!.pid!;
  const find = () => {
    const list = execFileSync('ps', ['-eo', 'pid=,pgid=,args='], { encoding: 'utf8' });
    const line = new RegExp(`^ *(\\d+) +${main} .*--type=gpu-process`, 'm').exec(list);
    return line ? Number(line[1]) : undefined;
  };
  const gpu = await vi.waitUntil(find, { timeout: 30_000 });
  process.kill(gpu, 'SIGSTOP');
  context.onTestFinished(() => {
    if (isRunning(gpu)) process.kill(gpu, 'SIGKILL');
  });
  await closeBrowser(browser);
  await ended(gpu);
});

it('a profile that the caller names outlives its browser', async () => {
  const profile = await mkdtemp(join(tmpdir(), 'nudge-profile-'));
  try {
    const browser = await launchBrowser(await findBrowser(), { adapter: 'software', profile });
    const main = browser.process()!.pid!;
    await closeBrowser(browser);
    await ended(main);
    expect(await readdir(profile)).not.toEqual([]);
  } finally {
    await rm(profile, { recursive: true, force: true, maxRetries: 10 });
  }
});

it('the packaged Chromium starts and has SwiftShader', async (context) => {
  // A machine on which nothing else is installed.
  const bare = { ...thisMachine, environment: {}, isExecutable: () => Promise.resolve(false) };
  const packaged = await findBrowser('chromium', bare).catch(() => undefined);
  if (packaged === undefined) return context.skip('the packaged Chromium is for Linux x64 only');

  const folder = await mkdtemp(join(tmpdir(), 'nudge-empty-'));
  await writeFile(join(folder, 'index.html'), '<!doctype html>');
  const server = await startServer({ folder });
  const browser = await launchBrowser(packaged, { adapter: 'software' });
  try {
    const page = await browser.newPage();
    await page.goto(server.origin);
    const architecture = await page.evaluate(async () => {
      const adapter = await navigator.gpu.requestAdapter();
      return adapter?.info.architecture;
    });
    expect(architecture).toBe('swiftshader');
  } finally {
    await browser.close();
    await server.close();
    await rm(folder, { recursive: true });
  }
});
