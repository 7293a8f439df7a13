import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, it } from 'vitest';

import { buildPage } from '../../src/node/pageBuild.ts';
import { isInKey, pageKey } from '../../src/node/pageKey.ts';
import { tinyCheckout, writeCheckout } from '../support/tinyCheckout.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nudge-key-'));
  await writeCheckout(folder, tinyCheckout('hello'));
});
afterEach(() => rm(folder, { recursive: true }));

it.each([
  ['a source', { 'src/greeting.ts': 'export const greeting = 1;' }],
  ['a source in a deep folder', { 'src/a/b/c.ts': '' }],
  ['a source that is gone', { 'src/greeting.ts': undefined }],
  ['a shader', { 'shaders/a.ts': '' }],
  ['the configuration of Vite', { 'vite.config.ts': 'export default { base: "./" };' }],
  ['what is locked', { 'package-lock.json': '{}' }],
  ['what is installed', { 'node_modules/.package-lock.json': '{}' }],
])('%s makes it another page, and taken back the same again', async (_, change) => {
  const before = await pageKey(folder, {});
  await writeCheckout(folder, change);
  const after = await pageKey(folder, {});
  expect(after).not.toBe(before);
  await rm(folder, { recursive: true });
  await writeCheckout(folder, tinyCheckout('hello'));
  expect(await pageKey(folder, {})).toBe(before);
});

it('bytes that move from one file to the next make it another page', async () => {
  await writeCheckout(folder, { 'src/a.ts': '12', 'src/b.ts': '3' });
  const before = await pageKey(folder, {});
  await writeCheckout(folder, { 'src/a.ts': '1', 'src/b.ts': '23' });
  expect(await pageKey(folder, {})).not.toBe(before);
});

it('depends on those variables that are built into a page, and on no others', async () => {
  const keys = await Promise.all(
    [
      {},
      { NODE_ENV: 'production', HOME: '/home/somebody' },
      { NODE_ENV: 'test' },
      { VITE_COLOR: 'blue' },
      { NUDGE_COMMIT: 'abc' },
    ].map((environment) => pageKey(folder, environment)),
  );
  // The second is the first: Vite builds for production unless it is told otherwise.
  expect(keys[1]).toBe(keys[0]);
  expect(new Set(keys).size).toBe(4);
});

it('has looked at every file that goes into this checkout’s page', async () => {
  const checkout = join(import.meta.dirname, '../..');
  const files = await buildPage(checkout, join(folder, 'built'));
  // The configuration of Vite imports it.
  expect(files).toContain(join(checkout, 'src/node/commit.ts'));
  expect(files).toContain(join(checkout, 'src/page/headless.ts'));
  expect(files).toContain(join(checkout, 'shaders/forward.ts'));
  expect(files.filter((file) => !isInKey(checkout, file))).toEqual([]);
});

it('has not looked at what lies elsewhere', () => {
  for (const file of ['README.md', 'srcs/a.ts', 'test/node/pageKey.test.ts', '../src/a.ts']) {
    expect(isInKey(folder, join(folder, file)), file).toBe(false);
  }
});
