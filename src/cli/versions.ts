/** Versions, for reports. */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { findCommit } from '../node/commit.ts';

/** The version in nudge's package.json, which lies above this file in a checkout and in an installed package. */
export function nudgeVersion(): string {
  return nudgePackage()?.version ?? 'of unknown version';
}

/** The project's address; undefined if package.json has none. */
export function nudgeHomepage(): string | undefined {
  return nudgePackage()?.homepage;
}

/** The commit that is checked out, or that the installed package was built from; empty if it is unknown. */
export function nudgeCommit(): string {
  const folder = nudgeFolder();
  if (folder === undefined) return '';
  if (import.meta.url.endsWith('.ts')) return findCommit(folder);
  const file = join(folder, 'dist/page/commit.txt');
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
}

/** The version of an installed package; undefined if it is not installed. */
export function packageVersion(name: string): string | undefined {
  const folders = createRequire(import.meta.url).resolve.paths(name) ?? [];
  const folder = folders.find((one) => existsSync(join(one, name, 'package.json')));
  return folder && readPackage(join(folder, name)).version;
}

function nudgePackage() {
  const folder = nudgeFolder();
  return folder === undefined ? undefined : readPackage(folder);
}

function nudgeFolder(): string | undefined {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder;
    if (folder === dirname(folder)) return undefined;
  }
}

function readPackage(folder: string) {
  const text = readFileSync(join(folder, 'package.json'), 'utf8');
  return JSON.parse(text) as { readonly version: string; readonly homepage?: string };
}
