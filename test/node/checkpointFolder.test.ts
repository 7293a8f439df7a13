import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, it } from 'vitest';

import { ConfigurationError, FileError } from '../../src/errors.ts';
import { openSeal } from '../../src/formats/seal.ts';
import { writeSafetensors } from '../../src/formats/safetensors.ts';
import { folderCheckpoints } from '../../src/node/checkpointFolder.ts';
import { failureOf } from '../support/failure.ts';
import { killWriters } from '../support/killedWriter.ts';

let scratch: string;
beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'nudge-checkpoints-'));
});
afterEach(() => rm(scratch, { recursive: true }));

const bytes = writeSafetensors(new Map(), openSeal);

it('the folder is created with the first checkpoint, and only two files are in it', async () => {
  const folder = join(scratch, 'a', 'b', 'run');
  const checkpoints = folderCheckpoints(folder);
  expect(await checkpoints.readNewest()).toBeUndefined();
  expect(await readdir(scratch)).toEqual([]);
  for (const n of [1, 2, 3]) expect(await checkpoints.write(bytes)).toBe(n);
  expect((await readdir(folder)).sort()).toEqual(['a.safetensors', 'b.safetensors']);
  expect((await folderCheckpoints(folder).readNewest())?.sequence).toBe(3);
});

it('an empty path is refused: it may be a variable that is not set', () => {
  expect(() => folderCheckpoints('')).toThrow(ConfigurationError);
});

it('what a killed writer left is removed, and nothing else', async () => {
  await writeFile(join(scratch, '.nudge-0123456789ab.tmp'), 'half');
  await writeFile(join(scratch, 'notes.tmp'), 'mine');
  await folderCheckpoints(scratch).write(bytes);
  expect((await readdir(scratch)).sort()).toEqual(['a.safetensors', 'notes.tmp']);
});

it('a full disk is named, and the other file stays whole', async (context) => {
  if (process.platform !== 'linux') context.skip('only Linux has /dev/full');
  const checkpoints = folderCheckpoints(scratch);
  await checkpoints.write(bytes);
  await symlink('/dev/full', join(scratch, 'b.safetensors'));
  const before = await readFile(join(scratch, 'a.safetensors'));
  const { message } = await failureOf(checkpoints.write(bytes), FileError);
  expect(message).toBe(
    `A checkpoint in '${scratch}' could not be written: the disk is full. Make room, or name another folder.`,
  );
  expect(await readFile(join(scratch, 'a.safetensors'))).toEqual(before);
  await rm(join(scratch, 'b.safetensors'));
  expect(await checkpoints.write(bytes)).toBe(2);
});

it('a folder below a link to nowhere, or where none can be made, ends in an error and does not hang', async () => {
  // Node's own recursive mkdir spins for ever in both.
  await symlink(join(scratch, 'missing'), join(scratch, 'link'));
  const places = [
    join(scratch, 'link', 'run'),
    ...(process.platform === 'linux' ? ['/proc/run'] : []),
  ];
  for (const place of places) {
    const checkpoints = folderCheckpoints(place);
    expect((await failureOf(checkpoints.write(bytes), FileError)).message).toContain(place);
  }
});

it('a folder that cannot be made or read is named', async () => {
  await writeFile(join(scratch, 'file'), '');
  const inFile = folderCheckpoints(join(scratch, 'file', 'run'));
  expect(await inFile.readNewest()).toBeUndefined();
  expect((await failureOf(inFile.write(bytes), FileError)).message).toContain('is not a folder');
  await mkdir(join(scratch, 'run', 'a.safetensors'), { recursive: true });
  const odd = folderCheckpoints(join(scratch, 'run'));
  const { message } = await failureOf(odd.readNewest(), FileError);
  expect(message).toContain('a.safetensors is not a file');
});

it('a folder that may not be written is named', async (context) => {
  if (process.platform === 'win32') context.skip('Windows has no such permissions');
  if (process.getuid!() === 0) context.skip('root may write everywhere');
  await chmod(scratch, 0o500);
  const { message } = await failureOf(folderCheckpoints(scratch).write(bytes), FileError);
  expect(message).toContain('permission is denied');
  await chmod(scratch, 0o700);
});

it('a checkpoint that was acknowledged survives kill -9 at any moment', async (context) => {
  if (process.platform === 'win32') context.skip('Windows has no SIGKILL');
  const { kills, lost, acknowledged } = await killWriters(20);
  expect({ kills, lost }).toEqual({ kills: 20, lost: 0 });
  expect(acknowledged).toBeGreaterThanOrEqual(60);
});
