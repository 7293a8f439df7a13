import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, it } from 'vitest';

import { mnistFiles } from '../../../src/data/mnist.ts';
import {
  fail,
  stallHalfway,
  startServer,
  type UnreliableServer,
} from '../../support/unreliableServer.ts';
import { makeFolder, runCli } from '../runCli.ts';

let folder: string;
let server: UnreliableServer | undefined;
beforeEach(async () => {
  folder = await makeFolder();
});
afterEach(async () => {
  await server?.close();
  server = undefined;
  await rm(folder, { recursive: true });
});

const files = new Map(
  mnistFiles.map(({ name }) => [`${name}.gz`, new Uint8Array(1000).fill(0x1f)]),
);

it('a mirror without the files is a failure with its reason', async () => {
  server = await startServer(files, fail(404));
  const { code, stdout, stderr } = await runCli(['data', 'mnist', '--mirror', server.url], {
    cwd: folder,
  });
  expect(code).toBe(1);
  expect(stdout).toBe('');
  expect(stderr).toContain('No mirror delivered train-images-idx3-ubyte.gz');
  expect(stderr).toContain('404');
  expect(stderr).not.toContain('    at ');
});

it('a folder that cannot be created is a failure with a message', async () => {
  const args = ['data', 'mnist', '--folder', join('package.json', 'in', 'a', 'file')];
  const { code, stderr } = await runCli(args, { cwd: process.cwd() });
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /^error: MNIST cannot be stored in '.*': a part of its path is not a folder\./,
  );
});

it('Ctrl-C leaves no partial file, and says how to continue', async () => {
  server = await startServer(files, stallHalfway);
  const args = ['data', 'mnist', '--folder', 'here', '--mirror', server.url];
  const { code, stderr } = await runCli(args, {
    cwd: folder,
    isTerminal: true,
    signalAt: { pattern: /train-images-idx3-ubyte\.gz \[/, name: 'SIGINT' },
  });
  expect(code).toBe(130);
  expect(stderr).toContain('Complete files are kept in here; the same command fetches the rest.');
  expect(stderr).toContain('Stopped by Ctrl-C.');
  expect(await readdir(join(folder, 'here'))).toEqual([]);
});
