import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { mnistFiles } from '../../src/data/mnist.ts';
import { FormatError, MissingDataError } from '../../src/errors.ts';
import { findMnistFolder, isFile, loadMnist, mnistFolder } from '../../src/node/mnist.ts';
import { verifyMnistFile } from '../../src/node/verify.ts';
import { failureOf } from '../support/failure.ts';
import { makeTinyMnist, pack } from '../support/idxFiles.ts';

let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nudge-mnist-'));
});

afterEach(async () => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  await rm(folder, { recursive: true });
});

async function writeTiny(into: string, suffix: '' | '.gz', leaveOut: readonly string[] = []) {
  const tiny = makeTinyMnist();
  await mkdir(into, { recursive: true });
  for (const { name, role } of mnistFiles) {
    if (leaveOut.includes(name)) continue;
    await writeFile(join(into, name + suffix), suffix ? pack(tiny[role]) : tiny[role]);
  }
}

describe('the folder', () => {
  test('is the given one, else MNIST_DIR, else data/mnist in the working directory', () => {
    vi.spyOn(process, 'cwd').mockReturnValue(resolve('/somewhere'));
    vi.stubEnv('MNIST_DIR', undefined);
    expect(mnistFolder()).toBe(resolve('/somewhere/data/mnist'));
    vi.stubEnv('MNIST_DIR', '');
    expect(mnistFolder()).toBe(resolve('/somewhere/data/mnist'));
    vi.stubEnv('MNIST_DIR', '/elsewhere');
    expect(mnistFolder()).toBe(resolve('/elsewhere'));
    expect(mnistFolder('here')).toBe(resolve('/somewhere/here'));
  });

  test('is found when all four files are in it', async () => {
    vi.stubEnv('MNIST_DIR', folder);
    expect(await findMnistFolder()).toBeUndefined();
    await writeTiny(folder, '.gz', ['t10k-labels-idx1-ubyte']);
    expect(await findMnistFolder()).toBeUndefined();
    await writeTiny(folder, '.gz');
    expect(await findMnistFolder()).toBe(folder);
    expect(await findMnistFolder(join(folder, 'none'))).toBeUndefined();
  });
});

test.each(['', '.gz'] as const)('loads four files with names ending in %j', async (suffix) => {
  await writeTiny(folder, suffix);
  const { training, test: testSet } = await loadMnist(folder);
  expect([training.sampleCount, testSet.sampleCount]).toEqual([12, 5]);
});

test('says which files are missing from where, and what to do', async () => {
  await writeTiny(folder, '', ['train-labels-idx1-ubyte', 't10k-images-idx3-ubyte']);
  expect((await failureOf(loadMnist(folder), MissingDataError)).message).toBe(
    `2 of the 4 MNIST files are missing in ${folder}: train-labels-idx1-ubyte, t10k-images-idx3-ubyte (each also as .gz). ` +
      "Fetch them with 'nudge data mnist', name the folder that has them, or train on digits.",
  );
});

test('takes a folder that is not there, and one that is a file, for one without the files', async () => {
  await writeFile(join(folder, 'a-file'), 'x');
  for (const name of ['none', 'a-file']) {
    const { message } = await failureOf(loadMnist(join(folder, name)), MissingDataError);
    expect(message).toContain(`4 of the 4 MNIST files are missing in ${join(folder, name)}: `);
  }
});

test('says of a file that cannot be read why it cannot', async () => {
  await writeTiny(folder, '.gz');
  const path = join(folder, 't10k-labels-idx1-ubyte');
  await symlink(path, path);
  const { message, cause } = await failureOf(loadMnist(folder), MissingDataError);
  expect(message).toContain(`The file ${path} cannot be read (ELOOP: `);
  expect(cause).toMatchObject({ code: 'ELOOP' });
});

test('refuses a damaged file', async () => {
  await writeTiny(folder, '');
  await writeFile(join(folder, 't10k-labels-idx1-ubyte'), 'not IDX');
  const { offset } = await failureOf(loadMnist(folder), FormatError);
  expect(offset).toBe(0);
});

describe('MNIST itself', () => {
  test('is read with the counts and labels it is known to have, from files of the known SHA-256', async (context) => {
    const real = process.env.MNIST_DIR ? await findMnistFolder() : undefined;
    if (real === undefined) {
      return context.skip(
        process.env.MNIST_DIR
          ? `MNIST_DIR is ${process.env.MNIST_DIR}, and the four files of MNIST are not all in it`
          : 'MNIST_DIR is not set to a folder with the four files of MNIST',
      );
    }
    const { training, test: testSet } = await loadMnist();
    expect(training).toMatchObject({ sampleCount: 60_000, featureCount: 784, classCount: 10 });
    expect(testSet).toMatchObject({ sampleCount: 10_000, featureCount: 784, classCount: 10 });
    expect([...training.labels.subarray(0, 10)]).toEqual([5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
    expect([...testSet.labels.subarray(0, 10)]).toEqual([7, 2, 1, 0, 4, 1, 4, 9, 5, 9]);
    for (const file of mnistFiles) {
      const plain = join(real, file.name);
      const isPlain = await isFile(plain);
      expect(await verifyMnistFile(isPlain ? plain : `${plain}.gz`, file)).toBe(
        isPlain ? 'plain' : 'gzip',
      );
    }
  });
});
