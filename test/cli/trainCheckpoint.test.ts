/** `nudge train --checkpoint` and `--resume`. */
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { CheckpointKeeper } from '../../src/cli/trainCheckpoint.ts';
import { Terminal } from '../../src/cli/terminal.ts';
import { FileError } from '../../src/errors.ts';
import { CheckpointSlots } from '../../src/formats/checkpointSlots.ts';
import { openSeal } from '../../src/formats/seal.ts';
import { writeSafetensors } from '../../src/formats/safetensors.ts';
import { folderCheckpoints } from '../../src/node/checkpointFolder.ts';
import { Trainer } from '../../src/training/trainer.ts';
import { failureOf } from '../support/failure.ts';
import { callCli, makeFolder, runCli, writeTinyMnist, type Report } from './runCli.ts';

let folder: string;
beforeAll(async () => {
  folder = await makeFolder();
  await writeTinyMnist(join(folder, 'tiny'));
});
afterAll(() => rm(folder, { recursive: true }));

/** An epoch has 13 steps. */
const tiny = ['--data', 'tiny', '--layers', '16,8,10', '--batch-size', '16', '--seed', '3'];
const adamw = ['--optimizer', 'adamw', '--schedule', 'cosine', '--clip-norm', '0.5'];
const run = (...args: string[]) => callCli(['train', ...args], { cwd: folder });
const bytesOf = (file: string) => readFile(join(folder, file));

interface ResumedReport extends Report {
  readonly resumedFrom: Record<string, unknown> | null;
  readonly checkpoint: Record<string, unknown> | null;
}

async function reportOf(file: string): Promise<ResumedReport> {
  return JSON.parse(await readFile(join(folder, file), 'utf8')) as ResumedReport;
}

describe.each([
  ['cpu', ['--threads', '2']],
  ['reference', []],
])('on backend %s', (backend, more) => {
  const options = [...tiny, ...adamw, '--backend', backend, ...more];
  const name = (file: string) => `${backend}-${file}`;

  it('Ctrl-C leaves a checkpoint, and another process goes on to the bits of the whole run', async () => {
    // So many epochs that Ctrl-C comes before the end. A cosine would depend on their number.
    const args = [...tiny, '--optimizer', 'adamw', '--backend', backend, ...more];
    const stopped = await runCli(
      ['train', ...args, '--epochs', '100000', '--checkpoint', name('run')],
      {
        cwd: folder,
        isTerminal: true,
        signalAt: { pattern: /epoch 2: /, name: 'SIGINT' },
      },
    );
    expect(stopped.code, stopped.stderr).toBe(130);
    expect(stopped.stderr).toContain(`Continue with --resume ${name('run')}.`);
    expect((await readdir(join(folder, name('run')))).sort()).toEqual([
      ...['a.safetensors', 'b.safetensors'],
    ]);

    const { bytes } = (await folderCheckpoints(join(folder, name('run'))).readNewest())!;
    const trainer = await Trainer.resume(bytes);
    const { step } = trainer;
    await trainer.dispose();
    expect(step).toBeGreaterThanOrEqual(26);
    const end = `${step + 20}`;
    const save = (file: string) => ['--save', name(`${file}.st`), '--json', name(`${file}.json`)];
    const resumed = await runCli(
      ['train', '--resume', name('run'), '--steps', end, ...save('resumed')],
      { cwd: folder },
    );
    expect(resumed.code, resumed.stderr).toBe(0);
    const report = await reportOf(name('resumed.json'));
    expect(report).toMatchObject({
      steps: step + 20,
      isStopped: false,
      resumedFrom: { folder: name('run'), step, backend },
      checkpoint: { folder: name('run'), failure: null },
      configuration: { batchSize: 16, seed: 3, optimizer: 'adamw', steps: step + 20, epochs: null },
    });
    expect((await run(...args, '--steps', end, ...save('straight'))).code).toBe(0);
    expect(await bytesOf(name('resumed.st'))).toEqual(await bytesOf(name('straight.st')));
  });

  it('a run in parts has the weights of the whole run', async () => {
    const length = ['--steps', '40'];
    const whole = await run(
      ...options,
      ...length,
      '--save',
      name('whole.st'),
      '--json',
      name('whole.json'),
    );
    expect(whole.code, whole.stderr).toBe(0);
    const parts = [...options, ...length, '--checkpoint', name('parts'), '--checkpoint-every', '5'];
    expect((await run(...parts)).code).toBe(0);
    // The older of the two files is from the middle of the run.
    const slots = folderCheckpoints(join(folder, name('parts')));
    const newest = (await slots.readNewest())!;
    const last = newest.sequence % 2 === 1 ? 'a' : 'b';
    await rm(join(folder, name('parts'), `${last}.safetensors`));
    // The same options may be given again.
    const args = [...options, ...length, '--save', name('parts.st'), '--json', name('parts.json')];
    const resumed = await run('--resume', name('parts'), ...args);
    expect(resumed.code, resumed.stderr).toBe(0);
    const report = await reportOf(name('parts.json'));
    expect(report.resumedFrom!.step).toBeGreaterThan(26);
    expect(report.resumedFrom!.step).toBeLessThan(40);
    expect(await bytesOf(name('parts.st'))).toEqual(await bytesOf(name('whole.st')));
    const before = await reportOf(name('whole.json'));
    expect(before).toMatchObject({ resumedFrom: null, checkpoint: null });
    expect([report.sha256, report.evaluation]).toEqual([before.sha256, before.evaluation]);
  });
});

describe('a checkpoint of 20 steps', () => {
  const cpu = ['--backend', 'cpu'];
  beforeAll(async () => {
    const args = ['--steps', '20', '--checkpoint', 'twenty', '--decay', '0.4'];
    const { code } = await run(...tiny, ...cpu, '--schedule', 'step', ...args);
    expect(code).toBe(0);
  });

  it.each<[string, readonly string[], number, string]>([
    [
      'another batch size',
      ['--batch-size', '8'],
      2,
      '--batch-size 8 contradicts the checkpoint, which was made with 16.',
    ],
    [
      'another optimizer',
      ['--optimizer', 'adam'],
      2,
      '--optimizer adam contradicts the checkpoint, which was made with sgd.',
    ],
    [
      'another rate',
      ['--learning-rate', '1'],
      2,
      '--learning-rate 1 contradicts the checkpoint, which was made with 3.',
    ],
    [
      'another decay',
      ['--decay', '0.5'],
      2,
      '--decay 0.5 contradicts the checkpoint, which was made with 0.4.',
    ],
    [
      'another seed',
      ['--seed', '4'],
      2,
      '--seed 4 contradicts the checkpoint, which was made with 3.',
    ],
    [
      'another network',
      ['--layers', '16,9,10'],
      2,
      '--layers 16,9,10 contradicts the checkpoint, which was made with 16,8,10.',
    ],
    ['a preset', ['--preset', 'modern'], 2, '--preset modern contradicts the checkpoint'],
    [
      'no shuffling',
      ['--shuffle', 'off'],
      2,
      '--shuffle off contradicts the checkpoint, which was made with on.',
    ],
    [
      'a norm',
      ['--clip-norm', '1'],
      2,
      '--clip-norm 1 contradicts the checkpoint, which was made with no such option.',
    ],
    [
      'an end that is over',
      ['--steps', '19'],
      2,
      'The checkpoint is at step 20, but the run should end at step 19.',
    ],
    [
      'a folder for a new run',
      ['--checkpoint', 'new'],
      2,
      "option '--resume <folder>' cannot be used with option '--checkpoint <folder>'",
    ],
    ['other data', ['--data', 'other'], 2, 'The checkpoint was made with training set'],
  ])('refuses %s, with both values', async (_, args, code, message) => {
    await writeTinyMnist(join(folder, 'other'), { trainingCount: 160 });
    const failed = await run('--resume', 'twenty', ...args);
    expect(failed.stderr).toContain(message);
    expect([failed.code, failed.stdout]).toEqual([code, '']);
  });

  it('is not overwritten by a new run', async () => {
    const failed = await run(...tiny, ...cpu, '--checkpoint', 'twenty');
    expect(failed.stderr).toContain('--checkpoint twenty already holds the checkpoint of a run.');
    expect(failed.code).toBe(2);
  });

  it('that is damaged gives way to the one before, and says so', async () => {
    const slots = folderCheckpoints(join(folder, 'twenty'));
    const { sequence } = (await slots.readNewest())!;
    const file = join(folder, 'twenty', `${sequence % 2 === 1 ? 'a' : 'b'}.safetensors`);
    const good = await readFile(file);
    await writeFile(file, good.subarray(0, 1000));
    const resumed = await run('--resume', 'twenty', '--json', 'twenty.json');
    expect(resumed.code).toBe(0);
    expect(resumed.stderr).toMatch(/The file [ab]\.safetensors was not used: .* is whole\./);
    // The first checkpoint is of the start.
    expect((await reportOf('twenty.json')).resumedFrom).toMatchObject({ step: 0 });
    expect((await reportOf('twenty.json')).steps).toBe(20);
  });

  it('of another program, or none, is refused', async () => {
    expect((await run('--resume', 'absent')).stderr).toContain(
      "There is no checkpoint in 'absent'.",
    );
    const { bytes } = (await folderCheckpoints(join(folder, 'twenty')).readNewest())!;
    const trainer = await Trainer.resume(bytes);
    await folderCheckpoints(join(folder, 'mine')).write(await trainer.checkpoint({ note: 'mine' }));
    await folderCheckpoints(join(folder, 'bare')).write(await trainer.checkpoint());
    await trainer.dispose();
    for (const [name, why] of [
      ['mine', 'it is not JSON'],
      ['bare', 'it has no note'],
    ] as const) {
      const { code, stderr } = await run('--resume', name);
      expect([code, stderr]).toEqual([1, expect.stringContaining(why)]);
      expect(stderr).toContain(`In ${name}: This is not a checkpoint that nudge train wrote`);
    }
  });
});

it('a folder that cannot be written is found before the first step', async () => {
  await writeFile(join(folder, 'file'), '');
  const args = ['--checkpoint', 'file/run', '--save', 'not.st'];
  const failed = await run(...tiny, '--backend', 'cpu', ...args);
  expect(failed.stderr).toMatch(/^error: A checkpoint in 'file\/run' could not be written: /);
  expect([failed.code, failed.stdout]).toEqual([1, '']);
  expect(await readdir(folder)).not.toContain('not.st');
});

it('--checkpoint-every needs a folder', async () => {
  const failed = await run(...tiny, '--checkpoint-every', '5');
  expect(failed.stderr).toContain('--checkpoint-every 5 has no effect without --checkpoint');
  expect(failed.code).toBe(2);
});

describe('a disk that is full', () => {
  let isFull = false;
  let text = '';
  const event = { type: 'checkpoint', bytes: writeSafetensors(new Map(), openSeal) } as const;
  const keeper = () => {
    const stream = { write: (line: string) => (text += line) } as unknown as NodeJS.WriteStream;
    const files = new Map<string, Uint8Array>();
    const storage = {
      place: 'here',
      read: (name: string) => Promise.resolve(files.get(name)),
      write: (name: string, bytes: Uint8Array) => {
        if (isFull) return Promise.reject(new FileError('The disk is full.'));
        files.set(name, bytes);
        return Promise.resolve();
      },
    };
    const terminal = new Terminal({ stdout: stream, stderr: stream, environment: {} });
    return new CheckpointKeeper(new CheckpointSlots(storage), terminal);
  };
  beforeEach(() => {
    isFull = false;
    text = '';
  });

  it('does not end a training that has begun, and is noted once', async () => {
    const one = keeper();
    await one.write({ ...event, step: 0 });
    isFull = true;
    for (const step of [10, 20]) await one.write({ ...event, step });
    expect(text).toBe(
      'The disk is full. Training goes on from step 10; the checkpoint before is whole.\n',
    );
    expect(one.facts).toEqual({ folder: 'here', sequence: 1, failure: 'The disk is full.' });
    isFull = false;
    await one.write({ ...event, step: 30 });
    expect(one.facts).toEqual({ folder: 'here', sequence: 2, failure: null });
  });

  it('prevents a training from beginning', async () => {
    isFull = true;
    await failureOf(keeper().write({ ...event, step: 0 }), FileError);
  });
});
