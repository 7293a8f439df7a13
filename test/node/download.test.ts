import { createHash } from 'node:crypto';
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { mnistFiles } from '../../src/data/mnist.ts';
import { ConfigurationError, DownloadError, FileError } from '../../src/errors.ts';
import {
  downloadMnist,
  mnistMirrors,
  type DownloadOptions,
  type DownloadProgress,
} from '../../src/node/download.ts';
import { loadMnist } from '../../src/node/mnist.ts';
import { failureOf } from '../support/failure.ts';
import { makeTinyMnist, pack } from '../support/idxFiles.ts';
import {
  behave,
  cutHalfway,
  fail,
  hideLength,
  lie,
  neverEnd,
  stallAtOnce,
  stallHalfway,
  startServer,
  type Manner,
  type UnreliableServer,
} from '../support/unreliableServer.ts';

const tiny = makeTinyMnist(200, 50);
/** Under MNIST's names, with their own sizes and hashes. */
const files = mnistFiles.map(({ role, name }) => ({
  role,
  name,
  sizeBytes: tiny[role].length,
  sha256: createHash('sha256').update(tiny[role]).digest('hex'),
}));
const served = new Map(files.map(({ role, name }) => [`${name}.gz`, pack(tiny[role])]));
const names = [...served.keys()];
/** Most tests are about one file, the first. */
const file = files[0]!;
const name = names[0]!;
const right = served.get(name)!;
const wrong = pack(tiny.trainingImages.map((byte, i) => (i < 16 ? byte : byte ^ 1)));

let folder = '';
let servers: UnreliableServer[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nudge-download-'));
});

afterEach(async () => {
  await Promise.all(servers.map((server) => server.close()));
  servers = [];
  await rm(folder, { recursive: true });
});

async function serve(...manners: readonly [Manner, ...Manner[]]): Promise<UnreliableServer> {
  const server = await startServer(served, ...manners);
  servers.push(server);
  return server;
}

function download(mirrors: readonly UnreliableServer[], options: Partial<DownloadOptions> = {}) {
  return downloadMnist({
    folder,
    files: [file],
    mirrors: mirrors.map((server) => server.url),
    stallTimeoutMs: 5000,
    ...options,
  });
}

/** The folder holds the right file and nothing else. */
async function expectWhole() {
  expect(await readdir(folder)).toEqual([name]);
  expect((await readFile(join(folder, name))).equals(right)).toBe(true);
}

describe('a download', () => {
  test('puts all four files into a folder that it makes, ready to load', async () => {
    const server = await serve(behave);
    const into = join(folder, 'a', 'b');
    const result = await download([server], { folder: into, files });
    expect(result).toEqual({ folder: into, fetched: names, kept: [], movedAside: [] });
    expect((await readdir(into)).sort()).toEqual([...names].sort());
    expect((await loadMnist(into)).training.sampleCount).toBe(200);
    expect(server.requests).toEqual(names);
  });

  test('fetches nothing that is there and sound, plain or packed', async () => {
    const server = await serve(behave);
    await download([server], { files });
    await rm(join(folder, names[1]!));
    await writeFile(join(folder, files[1]!.name), tiny[files[1]!.role]);
    await rm(join(folder, names[2]!));
    server.requests.length = 0;
    const { fetched, kept } = await download([server], { files });
    expect(fetched).toEqual([names[2]]);
    expect(kept).toEqual([names[0], files[1]!.name, names[3]]);
    expect(server.requests).toEqual([names[2]]);
  });

  test('tells how far it is, from 0 to the announced length', async () => {
    const heard: DownloadProgress[] = [];
    await download([await serve(behave)], { onProgress: (progress) => heard.push(progress) });
    expect(heard[0]).toEqual({ file: name, receivedBytes: 0, totalBytes: right.length });
    expect(heard.at(-1)).toEqual({
      file: name,
      receivedBytes: right.length,
      totalBytes: right.length,
    });
  });

  test('needs no announced length', async () => {
    const heard: DownloadProgress[] = [];
    await download([await serve(hideLength)], { onProgress: (progress) => heard.push(progress) });
    await expectWhole();
    expect(heard.at(-1)).toEqual({
      file: name,
      receivedBytes: right.length,
      totalBytes: undefined,
    });
  });

  test('takes a mirror without a slash at its end, and a fetch of the caller’s', async () => {
    const server = await serve(behave);
    const asked: unknown[] = [];
    await download([], {
      mirrors: [server.url.slice(0, -1)],
      fetch: (url, init) => {
        asked.push(url);
        return fetch(url, init);
      },
    });
    expect(asked).toEqual([server.url + name]);
    await expectWhole();
  });

  test('keeps a file that the server unpacked on the way under its plain name', async () => {
    await download([await serve(lie(tiny.trainingImages))]);
    expect(await readdir(folder)).toEqual([file.name]);
  });

  test('moves aside what has the name and other content', async () => {
    await writeFile(join(folder, name), wrong);
    await writeFile(join(folder, file.name), 'not IDX');
    const { fetched, movedAside } = await download([await serve(behave)]);
    expect(fetched).toEqual([name]);
    expect(movedAside).toEqual([`${file.name}.moved-aside`, `${name}.moved-aside`]);
    expect((await readFile(join(folder, `${name}.moved-aside`))).equals(wrong)).toBe(true);
    expect((await readFile(join(folder, name))).equals(right)).toBe(true);
  });

  test('does not disturb another one into the same folder', async () => {
    const server = await serve(behave);
    const results = await Promise.all([download([server]), download([server])]);
    expect(results.map(({ fetched }) => fetched)).toEqual([[name], [name]]);
    await expectWhole();
  });

  test('needs a mirror', async () => {
    await failureOf(download([]), ConfigurationError);
    expect(mnistMirrors.map((mirror) => new URL(mirror).protocol)).toEqual(['https:', 'https:']);
  });
});

test('an aborted download stops with the signal’s reason and leaves no part of a file', async () => {
  const controller = new AbortController();
  const reason = new Error('enough');
  const server = await serve(stallHalfway);
  const stopped = download([server], {
    signal: controller.signal,
    onProgress: ({ receivedBytes }) => {
      if (receivedBytes > 0) controller.abort(reason);
    },
  });
  expect(await failureOf(stopped, Error)).toBe(reason);
  expect(await readdir(folder)).toEqual([]);
  expect(await failureOf(download([server], { signal: controller.signal }), Error)).toBe(reason);
  expect(server.requests).toHaveLength(1);
});

test('an error of the caller’s onProgress is passed on and leaves no part of a file', async () => {
  const server = await serve(behave);
  const error = new Error('the caller’s');
  const onProgress = () => {
    throw error;
  };
  expect(await failureOf(download([server], { onProgress }), Error)).toBe(error);
  expect(server.requests).toHaveLength(1);
  expect(await readdir(folder)).toEqual([]);
});

describe('a mirror that fails', () => {
  test.each([
    ['answers 500', fail(500)],
    ['answers 404', fail(404)],
    ['cuts the connection halfway', cutHalfway],
    ['sends nothing more halfway', stallHalfway],
    ['sends nothing at all', stallAtOnce],
    ['sends another file', lie(wrong)],
    ['sends a damaged file', lie(right.map((byte, i) => (i === 50 ? byte ^ 4 : byte)))],
    ['sends a page instead', lie(new TextEncoder().encode('<!doctype html>'))],
    ['sends an empty file', lie(new Uint8Array(0))],
    ['never stops sending', neverEnd],
  ])('that %s is left for the next', async (_, manner) => {
    const first = await serve(manner);
    const second = await serve(behave);
    await download([first, second], { stallTimeoutMs: 1000 });
    expect(first.requests).toEqual([name]);
    expect(second.requests).toEqual([name]);
    await expectWhole();
  });

  test('that stands alone is asked a second time', async () => {
    const server = await serve(cutHalfway, behave);
    await download([server]);
    expect(server.requests).toHaveLength(2);
    await expectWhole();
  });

  test('that is not there is left for the next', async () => {
    const gone = await serve(behave);
    await gone.close();
    const second = await serve(behave);
    await download([gone, second]);
    await expectWhole();
  });

  test('the last one too ends in an error that names each failure and what to do', async () => {
    const first = await serve(fail(503));
    const second = await serve(lie(wrong));
    const error = await failureOf(download([first, second]), DownloadError);
    const actual = createHash('sha256')
      .update(tiny.trainingImages.map((byte, i) => (i < 16 ? byte : byte ^ 1)))
      .digest('hex');
    expect(error.message).toBe(
      `No mirror delivered ${name} in 4 attempts at 2 mirrors:\n` +
        ` - ${first.url}${name} answered 503 Service Unavailable\n` +
        ` - ${second.url}${name} delivered a wrong file: ${file.name} must have SHA-256 ${file.sha256}; got ${actual}.\n` +
        `Try again later, or put the file into ${folder} by hand.`,
    );
    expect(error.cause).toBeInstanceOf(AggregateError);
    expect(await readdir(folder)).toEqual([]);
  });

  test('by sending nothing is named with the time it was given', async () => {
    const { message } = await failureOf(
      download([await serve(stallAtOnce)], { stallTimeoutMs: 100 }),
      DownloadError,
    );
    expect(message).toContain('failed: it sent nothing for 0.1 s');
  });
});

test('an error of the disk is no mirror’s fault and is passed on', async () => {
  await writeFile(join(folder, 'a-file'), '');
  const server = await serve(behave);
  const inFile = download([server], { folder: join(folder, 'a-file') });
  expect((await failureOf(inFile, FileError)).message).toContain('a file has this name');
  expect(server.requests).toEqual([]);
});

test('a folder that cannot be written is found out before anything is fetched', async (context) => {
  if (process.platform === 'win32') context.skip('Windows has no such permissions');
  if (process.getuid!() === 0) context.skip('root may write everywhere');
  await chmod(folder, 0o500);
  const server = await serve(behave);
  const { message } = await failureOf(download([server]), FileError);
  await chmod(folder, 0o700);
  expect(message).toContain('permission is denied');
  expect(server.requests).toEqual([]);
});
