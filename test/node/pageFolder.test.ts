import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { BrowserError } from '../../src/errors.ts';
import { pageKey, providePageOf } from '../../src/node/pageFolder.ts';
import { failureOf } from '../support/failure.ts';
import { tinyCheckout, writeCheckout } from '../support/tinyCheckout.ts';

let folder: string;
let checkout: string;
let cache: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nudge-pages-'));
  checkout = join(folder, 'checkout');
  cache = join(folder, 'cache', 'pages');
  await writeCheckout(checkout, tinyCheckout('hello'));
});
afterEach(() => rm(folder, { recursive: true }));

/** The script of a built page, which is its only one. */
async function script(page: string): Promise<string> {
  const [name, ...others] = await readdir(join(page, 'assets'));
  expect(others).toEqual([]);
  return await readFile(join(page, 'assets', name!), 'utf8');
}

it('a page that was built before is given as it is', async () => {
  const first = await providePageOf(checkout, cache);
  expect(await script(first)).toContain('hello');
  const touched = new Date(2020, 0);
  await utimes(join(first, 'index.html'), touched, touched);

  expect(await providePageOf(checkout, cache)).toBe(first);
  expect((await stat(join(first, 'index.html'))).mtime).toEqual(touched);
  expect((await readdir(cache)).map((name) => join(cache, name))).toEqual([first]);
});

it('a changed source is a new page, and the old one stays for a browser that still shows it', async () => {
  const first = await providePageOf(checkout, cache);
  await writeCheckout(checkout, tinyCheckout('goodbye'));
  const second = await providePageOf(checkout, cache);
  expect(await script(second)).toContain('goodbye');
  expect(await script(first)).toContain('hello');
});

it('a source that changes during the build is in the page', async () => {
  // Vite reads its configuration first, and the sources afterwards.
  const path = JSON.stringify(join(checkout, 'src/greeting.ts'));
  await writeCheckout(checkout, {
    'vite.config.ts': `import { writeFileSync } from 'node:fs';
      writeFileSync(${path}, "export const greeting: string = 'goodbye';");
      export default {};`,
  });
  const page = await providePageOf(checkout, cache);
  expect(await script(page)).toContain('goodbye');
  expect(page).toBe(join(cache, await pageKey(checkout)));
  expect(await readdir(cache)).toHaveLength(1);
});

it('built by two at once, it is whole for both and in one place', async () => {
  const pages = await Promise.all([providePageOf(checkout, cache), providePageOf(checkout, cache)]);
  expect(pages[1]).toBe(pages[0]);
  expect(await script(pages[0])).toContain('hello');
  expect(await readdir(cache)).toHaveLength(1);
});

it('a new page removes pages that were unused for days', async () => {
  const age = async (path: string) => {
    const time = new Date(Date.now() - 30 * 24 * 60 * 60 * 1000);
    await utimes(path, time, time);
  };
  const old = await providePageOf(checkout, cache);
  await writeCheckout(checkout, tinyCheckout('goodbye'));
  const used = await providePageOf(checkout, cache);
  // What a process leaves that is killed while it builds.
  const left = await mkdtemp(join(cache, '.building-'));
  for (const path of [old, used, left]) await age(path);
  await providePageOf(checkout, cache);

  await writeCheckout(checkout, tinyCheckout('welcome'));
  const fresh = await providePageOf(checkout, cache);
  const kept = (await readdir(cache)).map((name) => join(cache, name));
  expect(kept.sort()).toEqual([used, fresh].sort());
});

it('where there can be no cache it is built into a temporary folder', async () => {
  await writeFile(join(folder, 'cache'), 'a file in the way');
  const page = await providePageOf(checkout, cache);
  expect(page.startsWith(folder)).toBe(false);
  expect(await script(page)).toContain('hello');
});

it('a page that does not build is a sentence, and leaves nothing behind', async () => {
  await writeCheckout(checkout, { 'src/greeting.ts': undefined });
  const { message } = await failureOf(providePageOf(checkout, cache), BrowserError);
  expect(message).toMatch(/^The page could not be built: /);
  expect(await readdir(cache)).toEqual([]);
});

describe('the key', () => {
  it.each([
    ['a source', { 'src/greeting.ts': 'export const greeting = 1;' }],
    ['a source in a deep folder', { 'src/a/b/c.ts': '' }],
    ['a source that is gone', { 'src/greeting.ts': undefined }],
    ['a shader', { 'shaders/a.ts': '' }],
    ['the configuration of Vite', { 'vite.config.ts': 'export default { base: "./" };' }],
    ['what is locked', { 'package-lock.json': '{}' }],
    ['what is installed', { 'node_modules/.package-lock.json': '{}' }],
  ])('%s makes it another page, and taken back the same again', async (_, change) => {
    const before = await pageKey(checkout, {});
    await writeCheckout(checkout, change);
    expect(await pageKey(checkout, {})).not.toBe(before);
    await rm(checkout, { recursive: true });
    await writeCheckout(checkout, tinyCheckout('hello'));
    expect(await pageKey(checkout, {})).toBe(before);
  });

  it('bytes that move from one file to the next make it another page', async () => {
    await writeCheckout(checkout, { 'src/a.ts': '12', 'src/b.ts': '3' });
    const before = await pageKey(checkout, {});
    await writeCheckout(checkout, { 'src/a.ts': '1', 'src/b.ts': '23' });
    expect(await pageKey(checkout, {})).not.toBe(before);
  });

  it('depends on those variables that are built into a page, and on no others', async () => {
    const keys = await Promise.all(
      [
        {},
        { NODE_ENV: 'production', HOME: '/home/somebody' },
        { NODE_ENV: 'test' },
        { NUDGE_COMMIT: 'abc' },
      ].map((environment) => pageKey(checkout, environment)),
    );
    // The second is the first: Vite builds for production unless it is told otherwise.
    expect(keys[1]).toBe(keys[0]);
    expect(new Set(keys).size).toBe(3);
  });
});
