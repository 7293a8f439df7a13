/** What a build of the page depends on, as a hash: the same hash, the same page. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';

import { findCommit } from './commit.ts';

/** Files and folders of a checkout, not all of which every checkout has. */
const inputs = [
  'src',
  'shaders',
  'vite.config.ts',
  'test/firstLoadBudget.ts',
  'tsconfig.json',
  'package.json',
  'package-lock.json',
  // What is installed, which need not be what is locked.
  'node_modules/.package-lock.json',
] as const;

/**
 * @param checkout its folder
 * @param environment of which Vite builds NODE_ENV and VITE_… into the page, and `vite.config.ts` NUDGE_COMMIT
 * @returns SHA-256 in hexadecimal
 */
export async function pageKey(checkout: string, environment = process.env): Promise<string> {
  const hash = createHash('sha256');
  /** With its length before it, so that no two lists of parts run together to the same bytes. */
  const add = (part: string | Uint8Array) => {
    const bytes = Buffer.from(part);
    hash.update(`${bytes.length}:`).update(bytes);
  };
  const files = (await Promise.all(inputs.map((input) => filesIn(checkout, input)))).flat();
  const contents = await Promise.all(files.map((file) => readFile(join(checkout, file))));
  files.forEach((file, i) => {
    add(file);
    add(contents[i]!);
  });
  // Vite sets NODE_ENV to this where it is not set, for the rest of the process.
  const { NODE_ENV: mode = 'production' } = environment;
  add(mode);
  const names = Object.keys(environment).filter((name) => name.startsWith('VITE_'));
  for (const name of names.sort()) add(`${name}=${environment[name] ?? ''}`);
  add(findCommit(checkout, environment));
  return hash.digest('hex');
}

/**
 * Whether a file that a build has read is one that {@link pageKey} has looked at.
 * @param file absolute path
 */
export function isInKey(checkout: string, file: string): boolean {
  const path = relative(checkout, file).split(sep).join('/');
  return inputs.some((input) => path === input || path.startsWith(`${input}/`));
}

/** The files at a path of the checkout, itself or in it, in an order of their own; none where it is not there. */
async function filesIn(checkout: string, input: string): Promise<string[]> {
  try {
    const entries = await readdir(join(checkout, input), { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => relative(checkout, join(entry.parentPath, entry.name)))
      .sort();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOTDIR') return [input];
    if (code === 'ENOENT') return [];
    throw error;
  }
}
