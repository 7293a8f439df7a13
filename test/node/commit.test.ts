import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, it } from 'vitest';

import { findCommit } from '../../src/node/commit.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nudge-commit-'));
});
afterAll(() => rm(folder, { recursive: true }));

function git(...args: string[]): string {
  const person = ['-c', 'user.name=A', '-c', 'user.email=a@example.com'];
  return execFileSync('git', ['-C', folder, ...person, ...args], { encoding: 'utf8' }).trim();
}

it('a folder that is no checkout has no commit, unless the environment names one', () => {
  expect(findCommit(folder, {})).toBe('');
  expect(findCommit(folder, { NUDGE_COMMIT: 'abc123' })).toBe('abc123');
});

it('a checkout has its commit in full, and a mark once files differ from it', async () => {
  await writeFile(join(folder, 'file'), 'a');
  git('init', '--quiet');
  git('add', 'file');
  git('commit', '--quiet', '--message', 'one');
  // A tag must not take the commit's place.
  git('tag', '--annotate', '--message', 'v1', 'v1');
  const commit = git('rev-parse', 'HEAD');
  expect(findCommit(folder, {})).toBe(commit);
  await writeFile(join(folder, 'file'), 'b');
  expect(findCommit(folder, {})).toBe(`${commit}-dirty`);
});
