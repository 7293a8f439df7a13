import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';

import { filePlanCache, planCachePath } from '../../src/node/planCache.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nudge-plans-'));
});
afterEach(() => rm(folder, { recursive: true }));

function open() {
  const problems: string[] = [];
  const path = join(folder, 'deep', 'plans.json');
  const cache = filePlanCache({
    runtime: 'Node 22',
    path,
    onProblem: (line) => problems.push(line),
  });
  return { path, problems, cache };
}

it('is in the cache folder that the environment names, if by an absolute path', (context) => {
  if (process.platform === 'win32') context.skip('Windows has another folder');
  const standing = join(homedir(), '.cache', 'nudge', 'plans.json');
  expect(planCachePath({ XDG_CACHE_HOME: folder })).toBe(join(folder, 'nudge', 'plans.json'));
  expect(planCachePath({ XDG_CACHE_HOME: 'cache' })).toBe(standing);
  expect(planCachePath({})).toBe(standing);
});

it('keeps plans from one process to the next, and leaves nothing else behind', async () => {
  const { cache, path, problems } = open();
  expect(await cache.get('a')).toBeUndefined();
  await cache.set('a', 'one');
  await cache.set('b', 'two');
  await cache.set('a', 'three');
  const again = open().cache;
  expect([await again.get('a'), await again.get('b')]).toEqual(['three', 'two']);
  expect(await again.readAll()).toEqual(
    new Map([
      ['a', 'three'],
      ['b', 'two'],
    ]),
  );
  expect(await readdir(join(path, '..'))).toEqual(['plans.json']);
  expect(problems).toEqual([]);
});

it.each([
  '',
  '{',
  '[]',
  'null',
  '{"format":"nudge plan cache"}',
  '{"format":"nudge plan cache","plans":{"a":1}}',
  '{"format":"other","plans":{}}',
])('a file with %j is ignored with a sentence, and replaced', async (text) => {
  const { cache, path, problems } = open();
  await mkdir(join(path, '..'));
  await writeFile(path, text);
  expect(await cache.get('a')).toBeUndefined();
  expect(problems).toEqual([
    `The cache of tuned plans ${path} is damaged. It is ignored, and the next tuned plan replaces it.`,
  ]);
  await cache.set('a', 'one');
  expect(await cache.get('a')).toBe('one');
  expect(problems).toHaveLength(1);
  expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({
    format: 'nudge plan cache',
    plans: { a: 'one' },
  });
});

it('a file that cannot be read is ignored with a sentence, and writing over it fails', async () => {
  const { cache, path, problems } = open();
  await mkdir(path, { recursive: true });
  expect(await cache.get('a')).toBeUndefined();
  expect(problems.join()).toMatch(
    /^The cache of tuned plans .*plans\.json cannot be read \(.*\)\. It is ignored\.$/,
  );
  await expect(cache.set('a', 'one')).rejects.toThrow();
  expect(await readdir(join(path, '..'))).toEqual(['plans.json']);
});
