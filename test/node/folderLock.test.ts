import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DownloadError } from '../../src/errors.ts';
import { lockFolder } from '../../src/node/folderLock.ts';
import { failureOf } from '../support/failure.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nudge-lock-'));
});
afterEach(() => rm(folder, { recursive: true }));

const path = () => join(folder, '.nudge-download.lock');

test('a folder is one’s alone until it is given back, and nothing is left in it', async () => {
  const unlock = await lockFolder(folder);
  const { message } = await failureOf(lockFolder(folder), DownloadError);
  expect(message).toBe(
    `Another nudge (process ${process.pid}) is downloading into ${folder}. ` +
      `Wait until it is done; if there is none, delete ${path()}.`,
  );
  await unlock();
  expect(await readdir(folder)).toEqual([]);
  await (
    await lockFolder(folder)
  )();
});

test('a process that has ended holds no folder', async () => {
  const { pid } = spawnSync(process.execPath, ['--version']);
  await writeFile(path(), `${pid}\n`);
  await (
    await lockFolder(folder)
  )();
  expect(await readdir(folder)).toEqual([]);
});

test('a lock that is just being written is respected', async () => {
  await writeFile(path(), '');
  const { message } = await failureOf(lockFolder(folder), DownloadError);
  expect(message).toMatch(/^Another nudge is downloading/);
});
