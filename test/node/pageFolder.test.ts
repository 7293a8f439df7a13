import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { BrowserError } from '../../src/errors.ts';
import { providePageOf } from '../../src/node/pageFolder.ts';
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

/** The script of a built page, which is its only one, and its path. */
async function script(page: string): Promise<{ path: string; text: string }> {
  const [name, ...others] = await readdir(join(page, 'assets'));
  expect(others).toEqual([]);
  const path = join(page, 'assets', name!);
  return { path, text: await readFile(path, 'utf8') };
}

it('a page that was built before is given as it is', async () => {
  const first = await providePageOf(checkout, cache);
  expect((await script(first.path)).text).toContain('hello');
  const touched = new Date(2020, 0);
  await utimes(join(first.path, 'index.html'), touched, touched);
  first.dispose();

  const second = await providePageOf(checkout, cache);
  expect(second.path).toBe(first.path);
  expect((await readdir(cache)).map((name) => join(cache, name))).toEqual([dirname(first.path)]);
});

it('a changed source is a new page, and the old one stays for whoever still shows it', async () => {
  const first = await providePageOf(checkout, cache);
  await writeCheckout(checkout, tinyCheckout('goodbye'));
  const second = await providePageOf(checkout, cache);
  expect((await script(second.path)).text).toContain('goodbye');
  expect((await script(first.path)).text).toContain('hello');
});

it('built by two at once, it is whole for both and in one place', async () => {
  const pages = await Promise.all([providePageOf(checkout, cache), providePageOf(checkout, cache)]);
  expect(pages[1].path).toBe(pages[0].path);
  expect((await script(pages[0].path)).text).toContain('hello');
  expect(await readdir(cache)).toHaveLength(1);
});

describe('an entry that was damaged is built anew:', () => {
  it.each([
    ['a changed file', async (page: string) => writeFile((await script(page)).path, 'alert(1)')],
    ['a lost file', async (page: string) => rm((await script(page)).path)],
    ['an added file', (page: string) => writeFile(join(page, 'more.js'), '')],
    ['a lost list', (page: string) => rm(join(page, '../manifest.json'))],
    ['a list of nothing', (page: string) => writeFile(join(page, '../manifest.json'), 'null')],
    ['no folder', (page: string) => rm(page, { recursive: true })],
  ])('%s', async (_, damage) => {
    const { path } = await providePageOf(checkout, cache);
    await damage(path);
    const again = await providePageOf(checkout, cache);
    expect(again.path).toBe(path);
    expect((await script(path)).text).toContain('hello');
    expect(await readdir(path)).toEqual(['assets', 'index.html']);
    expect(await readdir(cache)).toHaveLength(1);
  });
});

it('what nobody has used for days goes when a new page comes', async () => {
  const age = async (path: string, days: number) => {
    const time = new Date(Date.now() - days * 24 * 60 * 60 * 1000);
    await utimes(path, time, time);
  };
  const old = await providePageOf(checkout, cache);
  await writeCheckout(checkout, tinyCheckout('goodbye'));
  const used = await providePageOf(checkout, cache);
  // What a process leaves that is killed while it builds.
  const left = await mkdtemp(join(cache, '.building-'));
  for (const path of [dirname(old.path), dirname(used.path), left]) await age(path, 30);
  await providePageOf(checkout, cache);

  await writeCheckout(checkout, tinyCheckout('welcome'));
  const fresh = await providePageOf(checkout, cache);
  const kept = (await readdir(cache)).map((name) => join(cache, name, 'page'));
  expect(kept.sort()).toEqual([used.path, fresh.path].sort());
});

it('where there can be no cache it is built for the call alone, and goes with it', async () => {
  await writeFile(join(folder, 'cache'), 'a file in the way');
  const page = await providePageOf(checkout, cache);
  expect(page.path.startsWith(folder)).toBe(false);
  expect((await script(page.path)).text).toContain('hello');
  page.dispose();
  expect(existsSync(page.path)).toBe(false);
});

it('a page that takes something from elsewhere is kept for nobody', async () => {
  await writeCheckout(checkout, {
    'elsewhere.ts': "export const greeting = 'hello';",
    'src/greeting.ts': "export { greeting } from '../elsewhere.ts';",
  });
  const page = await providePageOf(checkout, cache);
  expect((await script(page.path)).text).toContain('hello');
  page.dispose();
  expect(await readdir(cache)).toEqual([]);
});

it('a page that does not build is a sentence, and leaves nothing behind', async () => {
  await writeCheckout(checkout, { 'src/greeting.ts': undefined });
  const { message } = await failureOf(providePageOf(checkout, cache), BrowserError);
  expect(message).toMatch(/^The page does not build: /);
  expect(await readdir(cache)).toEqual([]);
});
