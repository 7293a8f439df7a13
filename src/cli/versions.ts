/** Versions, for reports. */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { findCommit } from '../node/commit.ts';

/** nudge's own, from the package.json above this file, in a checkout and in an installed package alike. */
export function nudgeVersion(): string {
  const folder = nudgeFolder();
  return folder === undefined ? 'of unknown version' : versionIn(join(folder, 'package.json'));
}

/** The commit that is checked out, or that an installed package was built from; empty where it is not known. */
export function nudgeCommit(): string {
  const folder = nudgeFolder();
  if (folder === undefined) return '';
  if (import.meta.url.endsWith('.ts')) return findCommit(folder);
  const file = join(folder, 'dist/page/commit.txt');
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
}

/** The project's address, if package.json has one. */
export function nudgeHomepage(): string | undefined {
  const folder = nudgeFolder();
  return folder === undefined ? undefined : packageIn(join(folder, 'package.json')).homepage;
}

function nudgeFolder(): string | undefined {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder;
    if (folder === dirname(folder)) return undefined;
  }
}

/** Of an installed package that nudge may use; undefined where it is not installed. */
export function packageVersion(name: string): string | undefined {
  const { resolve } = createRequire(import.meta.url);
  for (const folder of resolve.paths(name) ?? []) {
    const file = join(folder, name, 'package.json');
    if (existsSync(file)) return versionIn(file);
  }
  return undefined;
}

function versionIn(file: string): string {
  return packageIn(file).version;
}

function packageIn(file: string): { readonly version: string; readonly homepage?: string } {
  return JSON.parse(readFileSync(file, 'utf8')) as { version: string };
}
