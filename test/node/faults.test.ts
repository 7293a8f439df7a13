/** What is on the disk, and what the caller hears, when any call of the file system fails. */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';

import { describe, expect, it } from 'vitest';

import { prepareOutput } from '../../src/cli/files.ts';
import type { MnistFile } from '../../src/data/mnist.ts';
import { FileError, MissingDataError, NudgeError } from '../../src/errors.ts';
import { float32Tensor, writeSafetensors } from '../../src/formats/safetensors.ts';
import { openSeal } from '../../src/formats/seal.ts';
import { folderCheckpoints } from '../../src/node/checkpointFolder.ts';
import { downloadMnist } from '../../src/node/download.ts';
import { loadMnist } from '../../src/node/mnist.ts';
import { filePlanCache } from '../../src/node/planCache.ts';
import { temporaryName } from '../../src/node/wholeFile.ts';
import { faultCodes, FaultyFiles, type FaultCode } from '../support/faultyFiles.ts';
import { makeTinyMnist } from '../support/idxFiles.ts';

/** Which calls fail, for each k, and with which codes. A disk that is full, or fails, does so more than once. */
const spans: readonly {
  readonly span: string;
  readonly codes: readonly FaultCode[];
  readonly isFailing: (call: number, k: number) => boolean;
}[] = [
  { span: 'the k-th call', codes: faultCodes, isFailing: (call, k) => call === k },
  { span: 'all from the k-th', codes: ['EIO', 'EACCES'], isFailing: (call, k) => call >= k },
  { span: 'the first k', codes: ['EMFILE'], isFailing: (call, k) => call <= k },
];

interface Program<T> {
  /** Makes what is there before; nothing fails in it. */
  readonly prepare?: (folder: string) => Promise<unknown>;
  readonly run: (folder: string) => Promise<T>;
  /** The errors that it may end with. */
  readonly errors: readonly (abstract new (...args: never[]) => NudgeError)[];
  /** Looks at the disk. @param outcome the result, or the error */
  readonly check: (folder: string, outcome: T | NudgeError) => Promise<void>;
}

/** Runs a program for every k, code and span, until it needs no k-th call. */
async function failEverywhere<T>({ prepare, run, errors, check }: Program<T>): Promise<void> {
  const sound = new FaultyFiles();
  for (const { span, codes, isFailing } of spans) {
    for (const code of codes) {
      for (let k = 1, isLast = false; !isLast; k++) {
        const folder = await mkdtemp(join(tmpdir(), 'nudge-faults-'));
        await sound.during(async () => prepare?.(folder));
        const files = new FaultyFiles((call) => (isFailing(call, k) ? code : undefined));
        let outcome: T | NudgeError;
        const where = () => `${code}, ${span}, k = ${k}: ${files.failed.join()}`;
        try {
          outcome = await files.during(() => run(folder));
        } catch (error) {
          if (!errors.some((type) => error instanceof type)) {
            expect.fail(`${where()}: ${String((error as Error).stack)}`);
          }
          outcome = error as NudgeError;
          expect(outcome.message, where()).toMatch(/^(?:[A-Z]|--save ).*\.$/s);
        }
        // A run that met no fault is right.
        if (files.failed.length === 0) expect(outcome, where()).not.toBeInstanceOf(Error);
        expect(files.openFiles, where()).toBe(0);
        const couldRemove = !files.failed.includes('rm') && !files.failed.includes('readdir');
        if (couldRemove) expect((await namesIn(folder)).filter(isTemporary), where()).toEqual([]);
        try {
          await sound.during(() => check(folder, outcome));
        } catch (error) {
          throw new Error(`${where()}: ${String(error)}`, { cause: error });
        }
        await rm(folder, { recursive: true });
        // The first k calls are all there are.
        isLast = files.calls < k || files.failed.length === 0;
      }
    }
  }
}

const namesIn = (folder: string) => readdir(folder, { recursive: true });
const isTemporary = (path: string) => temporaryName.test(path.split(/[/\\]/).at(-1)!);
const isError = (outcome: unknown): outcome is NudgeError => outcome instanceof NudgeError;

/** A checkpoint that holds a number. */
const numbered = (n: number) =>
  writeSafetensors(new Map([['n', float32Tensor([1], Float32Array.of(n))]]), openSeal);
const numberIn = (bytes: Uint8Array) =>
  new DataView(bytes.buffer, bytes.byteOffset + bytes.length - 4).getFloat32(0, true);

async function writeNumbers(folder: string, count: number): Promise<void> {
  const checkpoints = folderCheckpoints(folder);
  for (let n = 1; n <= count; n++) await checkpoints.write(numbered(n));
}

describe('when calls of the file system fail, whichever they are', () => {
  it.each([0, 1, 2, 3])(
    'no checkpoint that was acknowledged is lost, and writing goes on: %s before',
    async (before) => {
      const place = (folder: string) => (before === 0 ? join(folder, 'deep', 'run') : folder);
      let checkpoints: ReturnType<typeof folderCheckpoints>;
      await failEverywhere({
        prepare: (folder) => writeNumbers(place(folder), before),
        run: (folder) => {
          checkpoints = folderCheckpoints(place(folder));
          return checkpoints.write(numbered(before + 1));
        },
        errors: [FileError],
        check: async (folder, outcome) => {
          const acknowledged = isError(outcome) ? before : before + 1;
          if (!isError(outcome)) expect(outcome).toBe(before + 1);
          const newest = await folderCheckpoints(place(folder)).readNewest();
          expect(newest?.problem).toBeUndefined();
          expect(newest?.sequence ?? 0).toBeGreaterThanOrEqual(acknowledged);
          if (newest) expect(numberIn(newest.bytes)).toBe(newest.sequence);
          // The disk works again, for the same writer.
          const next = await checkpoints.write(numbered(9));
          expect(next).toBeGreaterThan(acknowledged);
          const last = (await folderCheckpoints(place(folder)).readNewest())!;
          expect([last.sequence, numberIn(last.bytes)]).toEqual([next, 9]);
        },
      });
    },
  );

  it.each([0, 1, 2])('reading gives a whole checkpoint or an error: of %s', async (before) => {
    await failEverywhere({
      prepare: (folder) => writeNumbers(folder, before),
      run: (folder) => folderCheckpoints(folder).readNewest(),
      errors: [FileError],
      check: async (folder, outcome) => {
        if (!isError(outcome) && outcome !== undefined) {
          expect(numberIn(outcome.bytes)).toBe(outcome.sequence);
          // An older one comes with the reason.
          if (outcome.problem === undefined) expect(outcome.sequence).toBe(before);
          else expect(outcome.problem).toContain('was not used');
        }
        if (outcome === undefined) expect(before).toBe(0);
        const newest = await folderCheckpoints(folder).readNewest();
        expect(newest?.sequence ?? 0).toBe(before);
      },
    });
  });

  it.each(['a new file', 'an old file', 'a link'])('%s is written whole or not', async (kind) => {
    const old = 'old '.repeat(99);
    const content = 'new content '.repeat(99);
    await failEverywhere({
      prepare: async (folder) => {
        await mkdir(join(folder, 'real'));
        if (kind === 'a new file') return;
        const path = kind === 'a link' ? join(folder, 'real', 'file') : join(folder, 'file');
        await writeFile(path, old, { mode: 0o640 });
        if (kind === 'a link') await symlink(path, join(folder, 'file'));
      },
      run: async (folder) => (await prepareOutput(join(folder, 'file'), '--save')).write(content),
      // A UsageError before the work begins is a ConfigurationError.
      errors: [NudgeError],
      check: async (folder, outcome) => {
        const found = await readFile(join(folder, 'file'), 'utf8').catch(() => undefined);
        if (!isError(outcome)) expect(found).toBe(content);
        else expect([kind === 'a new file' ? undefined : old, content]).toContain(found);
      },
    });
  });

  it.each([0, 2])('the plan cache keeps its plans: %s of them', async (before) => {
    const open = (folder: string) =>
      filePlanCache({ runtime: 'Node', path: join(folder, 'nudge', 'plans.json') });
    const keys = ['a', 'b'].slice(0, before);
    const prepare = async (folder: string) => {
      for (const key of keys) await open(folder).set(key, `plan ${key}`);
    };
    await failEverywhere({
      prepare,
      run: (folder) => open(folder).set('c', 'plan c'),
      errors: [FileError],
      check: async (folder, outcome) => {
        const plans = await open(folder).readAll();
        for (const key of keys) expect(plans.get(key)).toBe(`plan ${key}`);
        if (!isError(outcome)) expect(plans.get('c')).toBe('plan c');
      },
    });
    await failEverywhere({
      prepare,
      run: (folder) => open(folder).get('a'),
      errors: [],
      check: async (_, outcome) => {
        expect([keys.includes('a') ? 'plan a' : undefined, undefined]).toContain(outcome);
        await Promise.resolve();
      },
    });
  });

  it('a download leaves only whole files, and goes on', async () => {
    const contents = new Map([
      ['one', 'first '.repeat(50)],
      ['two', 'second '.repeat(50)],
    ]);
    const files = [...contents].map(([name, text]): MnistFile => {
      const sha256 = createHash('sha256').update(text).digest('hex');
      return { role: 'testLabels', name, sizeBytes: text.length, sha256 };
    });
    const fetch = (url: string | URL | Request) => {
      const name = new URL(url as string).pathname.replace(/^\/|\.gz$/g, '');
      return Promise.resolve(new Response(new Uint8Array(gzipSync(contents.get(name)!))));
    };
    const download = (folder: string) =>
      downloadMnist({ folder: join(folder, 'mnist'), files, mirrors: ['http://a/'], fetch });
    await failEverywhere({
      // A file of another set has the name of one.
      prepare: async (folder) => {
        await mkdir(join(folder, 'mnist'));
        await writeFile(join(folder, 'mnist', 'two'), 'mine');
      },
      run: download,
      errors: [FileError, MissingDataError],
      check: async (folder, outcome) => {
        if (!isError(outcome)) expect(outcome.fetched).toEqual(['one.gz', 'two.gz']);
        for (const [name, text] of contents) {
          const packed = await readFile(join(folder, 'mnist', `${name}.gz`)).catch(() => undefined);
          if (packed) expect(gunzipSync(packed).toString()).toBe(text);
        }
        const { fetched, kept } = await download(folder);
        expect([...fetched, ...kept].sort()).toEqual(['one.gz', 'two.gz']);
        const mine = (await namesIn(folder)).filter((name) => /two(\.moved-aside)?$/.test(name));
        expect(mine).toHaveLength(1);
        expect(await readFile(join(folder, mine[0]!), 'utf8')).toBe('mine');
      },
    });
  });

  it('MNIST is read or not', async () => {
    const tiny = makeTinyMnist();
    const names = {
      trainingImages: 'train-images-idx3-ubyte',
      trainingLabels: 'train-labels-idx1-ubyte',
      testImages: 't10k-images-idx3-ubyte',
      testLabels: 't10k-labels-idx1-ubyte',
    };
    await failEverywhere({
      prepare: async (folder) => {
        for (const [role, name] of Object.entries(names)) {
          await writeFile(join(folder, name), tiny[role as keyof typeof names]);
        }
      },
      run: loadMnist,
      errors: [MissingDataError],
      check: async (_, outcome) => {
        if (!isError(outcome)) expect(outcome.training.sampleCount).toBe(12);
        await Promise.resolve();
      },
    });
  });
});
