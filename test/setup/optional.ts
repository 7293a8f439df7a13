/** Browsers and runtimes that a test may use where the machine has them. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

import { inject, type TestContext } from 'vitest';

import { findBrowsers, type FoundBrowser } from '../../src/node/browser.ts';

/** The machine's Firefox; without one that has WebGPU the test is skipped, and the run's summary says so. */
export async function optionalFirefox(context: TestContext): Promise<FoundBrowser> {
  const refusal = inject('firefoxRefusal');
  if (refusal !== '') return context.skip(refusal);
  for await (const firefox of findBrowsers('firefox')) return firefox;
  return context.skip('Firefox is absent from this machine');
}

/** The path of the machine's Deno; without one the test is skipped, and the run's summary says so. */
export function optionalDeno(context: TestContext): string {
  const file = process.platform === 'win32' ? 'deno.exe' : 'deno';
  const folders = ['node_modules/.bin', ...(process.env.PATH ?? '').split(delimiter)];
  const deno = folders.map((folder) => join(folder, file)).find(isExecutable);
  return deno ?? context.skip('Deno is absent from this machine');
}

/** The path of a Python that has PyTorch; without one the test is skipped, and the run's summary says so. */
export function optionalPyTorch(context: TestContext): string {
  return optionalPython(context, 'import torch', 'PyTorch');
}

/** The path of a Python that has the official reader of safetensors and NumPy, or the test is skipped likewise. */
export function optionalSafetensors(context: TestContext): string {
  return optionalPython(context, 'import safetensors.numpy', "Python's safetensors");
}

function optionalPython(context: TestContext, program: string, what: string): string {
  const file = process.platform === 'win32' ? 'python.exe' : 'python3';
  const pythons = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, file));
  const runs = (python: string) => spawnSync(python, ['-c', program]).status === 0;
  const python = pythons.find((path) => isExecutable(path) && runs(path));
  return python ?? context.skip(`${what} is absent from this machine`);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'EACCES' || code === 'ENOTDIR') return false;
    throw error;
  }
}
