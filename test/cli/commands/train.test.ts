import { createHash } from 'node:crypto';
import { open, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { loadParameters, saveParameters } from '../../../src/formats/parameters.ts';
import { Network } from '../../../src/network/network.ts';
import {
  callCli,
  makeFolder,
  runCli,
  withoutTimes,
  writeTinyMnist,
  type Report,
} from '../runCli.ts';

let folder: string;
beforeAll(async () => {
  folder = await makeFolder();
  await writeTinyMnist(join(folder, 'tiny'));
});
afterAll(() => rm(folder, { recursive: true }));

const tiny = ['--data', 'tiny', '--layers', '16,8,10', '--batch-size', '16'];
const run = (...args: string[]) => callCli(args, { cwd: folder });

async function report(file: string): Promise<Report> {
  return JSON.parse(await readFile(join(folder, file), 'utf8')) as Report;
}

describe.each(['cpu', 'reference'])('on the %s', (backend) => {
  it('two runs report the same except for times, with the whole configuration', async () => {
    const args = ['train', ...tiny, '--backend', backend, '--steps', '20', '--seed', '3', '--json'];
    expect((await run(...args, `${backend}-1.json`)).code).toBe(0);
    expect((await run(...args, `${backend}-2.json`)).code).toBe(0);
    const first = await report(`${backend}-1.json`);
    expect(withoutTimes(await report(`${backend}-2.json`))).toEqual(withoutTimes(first));

    expect(first).toMatchObject({
      command: 'train',
      configuration: {
        data: join(folder, 'tiny'),
        preset: null,
        network: {
          layers: [16, 8, 10],
          activation: 'sigmoid',
          output: 'sigmoid',
          cost: 'squared-error',
          initializer: 'xavier',
          seed: 3,
        },
        load: null,
        batchSize: 16,
        learningRate: 3,
        optimizer: 'sgd',
        momentum: 0,
        epochs: null,
        steps: 20,
        seed: 3,
        shuffle: true,
        backend,
        threads: 'auto',
        stream: 'auto',
        runtime: 'auto',
      },
      runtime: { name: 'node', node: process.version },
      backend,
      adapter: null,
      parameterCount: 16 * 8 + 8 + 8 * 10 + 10,
      steps: 20,
      isStopped: false,
    });
    // 200 samples in mini-batches of 16 are 13 steps, the last one short.
    expect(first.epochs).toMatchObject([
      { epoch: 1, isComplete: true, step: 13, samples: 200 },
      { epoch: 2, isComplete: false, step: 20, samples: 7 * 16 },
    ]);
    for (const epoch of first.epochs) {
      for (const name of [
        'cost',
        'testCost',
        'accuracy',
        'trainingAccuracy',
        'seconds',
        'samplesPerSecond',
      ]) {
        expect(epoch[name]).toBeTypeOf('number');
      }
    }
    const { confusion, accuracy } = first.evaluation;
    expect(confusion.flat().reduce((sum, count) => sum + count)).toBe(50);
    expect(confusion.reduce((sum, row, label) => sum + row[label]!, 0) / 50).toBe(accuracy);
    expect(first.sha256).toMatch(/^[0-9a-f]{64}$/);
  });
});

it('another seed or another order gives other parameters', async () => {
  const args = ['train', ...tiny, '--backend', 'cpu', '--epochs', '1', '--json'];
  const hashes = new Set<string>();
  for (const [name, more] of [
    ['a', []],
    ['b', ['--seed', '2']],
    ['c', ['--shuffle', 'off']],
  ] as const) {
    await run(...args, `${name}.json`, ...more);
    hashes.add((await report(`${name}.json`)).sha256);
  }
  expect(hashes.size).toBe(3);
});

it('optimizer, schedule and clipping affect the training and are reported', async () => {
  const base = ['train', ...tiny, '--backend', 'cpu', '--steps', '20', '--json'];
  const adamw = ['--optimizer', 'adamw', '--learning-rate', '0.05'];
  const hashes = new Set<string>();
  for (const more of [
    [],
    ['--optimizer', 'nesterov'],
    ['--weight-decay', '0.01'],
    adamw,
    [...adamw, '--clip-norm', '0.1'],
    [...adamw, '--schedule', 'cosine', '--warmup', '5'],
    [...adamw, '--schedule', 'step', '--decay', '0.1', '--decay-every', '7'],
  ]) {
    expect((await run(...base, 'how.json', ...more)).code).toBe(0);
    hashes.add((await report('how.json')).sha256);
  }
  expect(hashes.size).toBe(7);
  expect((await report('how.json')).configuration).toMatchObject({
    optimizer: 'adamw',
    learningRate: 0.05,
    weightDecay: 0.01,
    clipNorm: null,
    schedule: { kind: 'step', decay: 0.1, decayEvery: 7, warmUpSteps: 0 },
  });
});

it('saved weights are the trained ones, and evaluating them gives the same numbers', async () => {
  const saved = await run(
    'train',
    ...tiny,
    '--backend',
    'cpu',
    '--epochs',
    '2',
    '--save',
    'w.safetensors',
    '--json',
    'saved.json',
  );
  expect(saved.code).toBe(0);
  const trained = await report('saved.json');
  const { parameters } = loadParameters(await readFile(join(folder, 'w.safetensors')));
  expect(createHash('sha256').update(new Uint8Array(parameters.buffer)).digest('hex')).toBe(
    trained.sha256,
  );

  const args = ['evaluate', '--data', 'tiny', '--load', 'w.safetensors', '--backend', 'cpu'];
  const evaluated = await run(...args, '--json', '-');
  expect(evaluated.code).toBe(0);
  const found = JSON.parse(evaluated.stdout) as Report;
  expect(found.evaluation).toEqual(trained.evaluation);
  expect(found.sha256).toBe(trained.sha256);
  expect(found.configuration).toMatchObject({
    network: trained.configuration.network,
    load: { file: 'w.safetensors', sha256: trained.sha256 },
  });

  const text = await run(...args);
  expect(text.stdout).toContain('label ');
  expect(text.stdout.trimEnd().split('\n')).toHaveLength(2 + 10 + 1);
  expect(text.stdout).toContain(
    `Test accuracy ${(100 * trained.evaluation.accuracy).toFixed(2)} %`,
  );
});

it('training continues from saved weights', async () => {
  await run('train', ...tiny, '--backend', 'cpu', '--steps', '5', '--save', 'half.safetensors');
  const more = await run(
    'train',
    '--data',
    'tiny',
    '--load',
    'half.safetensors',
    '--batch-size',
    '16',
    '--learning-rate',
    '1e-30',
    '--backend',
    'cpu',
    '--steps',
    '1',
    '--json',
    'more.json',
  );
  expect(more.stderr).toBe('');
  expect(more.code).toBe(0);
  const { load } = (await report('more.json')).configuration as { load: { sha256: string } };
  // A step that small changes nothing, so the end is the beginning.
  expect((await report('more.json')).sha256).toBe(load.sha256);
});

describe('piped', () => {
  it('the result is one line without control characters', async () => {
    const { code, stdout, stderr } = await run(
      'train',
      ...tiny,
      '--backend',
      'cpu',
      '--epochs',
      '2',
    );
    expect(code).toBe(0);
    expect(stderr).toBe('');
    expect(stdout).toMatch(
      /^Trained after 26 steps \(2 epochs\) in [\d.]+ s, [\d,]+ samples\/s on cpu: test accuracy [\d.]+ %, test cost [\d.]+\.\n$/,
    );
  });

  it('the float64 reference is named if it replaces SIMD, with the reason', async () => {
    const noSimd = '--import=data:text/javascript,delete(globalThis.WebAssembly)';
    const { code, stderr } = await runCli(['train', ...tiny, '--backend', 'cpu', '--steps', '2'], {
      cwd: folder,
      environment: { NODE_OPTIONS: noSimd },
    });
    expect(code).toBe(0);
    expect(stderr).toBe(
      'Backend: cpu (float64 reference, in the calling thread (this runtime has no WebAssembly with SIMD)).\n',
    );
  });

  it('a report to stdout is alone there', async () => {
    const { stdout, stderr } = await run(
      'train',
      ...tiny,
      '--backend',
      'cpu',
      '--steps',
      '2',
      '--json',
      '-',
    );
    expect((JSON.parse(stdout) as Report).steps).toBe(2);
    expect(stderr).toMatch(/^Trained after 2 steps/);
  });

  it('data chosen for the user are named', async () => {
    const elsewhere = await runCli(
      ['train', ...tiny.slice(2), '--backend', 'cpu', '--steps', '1'],
      {
        cwd: folder,
        environment: { MNIST_DIR: join(folder, 'tiny') },
      },
    );
    expect(elsewhere.stderr).toBe(`Data: MNIST in ${join(folder, 'tiny')}.\n`);
    expect(elsewhere.code).toBe(0);
  });

  it('without MNIST nudge draws digits and says so', async () => {
    const { code, stderr } = await run('train', '--backend', 'cpu', '--steps', '1');
    expect(code).toBe(0);
    expect(stderr).toBe(
      `Data: digits drawn by nudge. MNIST is not in ${join(folder, 'data', 'mnist')}; run 'nudge data mnist' to download it.\n`,
    );
  });
});

it('a terminal shows a bar and a line per epoch, and the bar is removed', async () => {
  const { stdout, stderr } = await runCli(['train', ...tiny, '--backend', 'cpu', '--epochs', '2'], {
    cwd: folder,
    isTerminal: true,
  });
  expect(stdout).toMatch(/^epoch 1: cost .*\nepoch 2: cost .*\nTrained after .*\n$/);
  expect(stderr).toContain('epoch 2/2 [');
  expect(stderr).toMatch(/Backend: cpu \(simd|relaxed-simd/);
  expect(stderr.endsWith('\u001b[2K')).toBe(true);
});

describe('a run that fails', () => {
  const failures: [string, string[], number, string | RegExp][] = [
    ['a missing folder', ['--data', 'absent'], 1, /There is no folder .*absent\. --data takes/],
    ['a folder without the files', ['--data', '.'], 1, '4 of the 4 MNIST files are missing in'],
    ['a truncated file', ['--data', 'cut'], 1, /In .*cut: .*cut short/],
    [
      'a network of another size',
      ['--data', 'tiny', '--layers', '784,10'],
      2,
      /16 features per sample, but the network 784-10 takes 784/,
    ],
    [
      'a gradient that is not finite',
      [...tiny, '--learning-rate', '1e38', '--output', 'linear'],
      1,
      /^error: The update of layer \d \(\d+→\d+\) is not finite at step \d+ .* training has diverged .* smaller learning rate/,
    ],
    [
      'a test cost that is not finite after a last step that was',
      [
        ...tiny,
        ...['--epochs', '1', '--batch-size', '10000', '--learning-rate', '1e20'],
        ...['--activation', 'relu', '--output', 'linear'],
      ],
      1,
      /^error: The cost on dataset '.*' is (NaN|Infinity) after step 1, with learning rate 100000000000000000000: training has diverged/,
    ],
    [
      'weights of another shape',
      ['--data', 'tiny', '--layers', '16,9,10', '--load', 'shape.safetensors'],
      2,
      /holds a network 16-8-10, but the call asks for 16-9-10/,
    ],
    [
      'a file without weights',
      ['--data', 'tiny', '--load', 'tiny/train-images-idx3-ubyte'],
      1,
      /^error: In tiny\/train-images-idx3-ubyte: /,
    ],
    [
      'a missing weights file',
      ['--data', 'tiny', '--load', 'absent.st'],
      1,
      "The file 'absent.st' cannot be read: there is no such file.",
    ],
    [
      'a report into a missing folder',
      [...tiny, '--json', 'absent/r.json'],
      2,
      /--json cannot write 'absent\/r.json': there is no folder/,
    ],
    [
      'two outputs in one file',
      [...tiny, '--json', 'one', '--save', './one'],
      2,
      "--json and --save both name './one'",
    ],
    [
      'a browser for the reference',
      [...tiny, '--backend', 'reference', '--runtime', 'chromium'],
      2,
      "Backend 'reference' runs in Node; got --runtime chromium.",
    ],
    [
      'a browser’s path for the reference',
      [...tiny, '--backend', 'reference', '--browser', '/bin/x'],
      2,
      "Backend 'reference' runs in Node; got --browser /bin/x.",
    ],
  ];

  beforeAll(async () => {
    await writeTinyMnist(join(folder, 'cut'));
    const images = join(folder, 'cut', 't10k-images-idx3-ubyte');
    await writeFile(images, (await readFile(images)).subarray(0, 300));
    await run('train', ...tiny, '--backend', 'cpu', '--steps', '1', '--save', 'shape.safetensors');
  });

  it.each(failures)(
    'for %s has a message and an exit code, and writes nothing',
    async (_, args, code, sentence) => {
      const before = await readdir(folder);
      const outputs = args.includes('--json') ? [] : ['--json', 'failed.json'];
      const failed = await run(
        'train',
        '--backend',
        'cpu',
        '--epochs',
        '3',
        '--save',
        'failed.st',
        ...args,
        ...outputs,
      );
      expect(failed.stderr).toMatch(sentence);
      expect(failed.stderr).not.toContain('    at ');
      expect(failed.stderr.trimEnd().split('\n')).toHaveLength(1);
      expect(failed.stdout).toBe('');
      expect(failed.code).toBe(code);
      expect(await readdir(folder)).toEqual(before);
    },
  );
});

describe('a disk that is full at the end', () => {
  const full = (file: string) => new RegExp(`The file '${file}' could not be written: the disk is`);
  const train = ['train', ...tiny, '--backend', 'cpu', '--steps', '2'];
  beforeEach((context) => {
    if (process.platform !== 'linux') context.skip('only Linux has /dev/full');
  });

  it.each([
    ['weights', '/dev/full', 'full.json', 'full.json'],
    ['report', 'full.st', '/dev/full', 'full.st'],
  ])('for the %s loses neither the summary nor the other file', async (_, save, json, other) => {
    await rm(join(folder, other), { force: true });
    const { code, stdout, stderr } = await run(...train, '--save', save, '--json', json);
    expect(stderr).toMatch(full('/dev/full'));
    expect([code, stdout]).toEqual([1, expect.stringMatching(/^Trained after 2 steps/)]);
    expect((await readFile(join(folder, other))).length).toBeGreaterThan(100);
  });

  it('for both files is said of both', async () => {
    await symlink('/dev/full', join(folder, 'link'));
    const { stdout, stderr } = await run(...train, '--save', '/dev/full', '--json', 'link');
    expect(stdout).toMatch(/^Trained after 2 steps/);
    expect(stderr).toMatch(full('/dev/full'));
    expect(stderr).toMatch(full('link'));
  });

  it('for the report of an evaluation loses no result', async () => {
    await writeFile(join(folder, 'any.st'), saveParameters(new Network({ layers: [16, 10] })));
    const args = ['--load', 'any.st', '--data', 'tiny', '--backend', 'cpu', '--json', '/dev/full'];
    const { code, stdout, stderr } = await run('evaluate', ...args);
    expect(stderr).toMatch(full('/dev/full'));
    expect([code, stdout]).toEqual([1, expect.stringContaining('Test accuracy')]);
  });
});

it('text that cannot be written is a failure, and the files are written nevertheless', async (context) => {
  if (process.platform !== 'linux') context.skip('only Linux has /dev/full');
  const full = await open('/dev/full', 'w');
  try {
    const files = ['--save', 'kept.st', '--json', 'kept.json'];
    const { code, stderr } = await runCli(
      ['train', ...tiny, '--backend', 'cpu', '--steps', '2', ...files],
      { cwd: folder, stdout: full.fd },
    );
    expect(stderr).toBe(
      'error: The output cannot be written: the disk is full. Make room, or send it elsewhere.\n',
    );
    expect(code).toBe(1);
    expect((await report('kept.json')).steps).toBe(2);
    expect(await readdir(folder)).toContain('kept.st');
  } finally {
    await full.close();
  }
});

it('evaluating weights that overflow is a failure, and no report is written', async () => {
  const network = new Network({ layers: [16, 8, 10], activation: 'relu', output: 'linear' });
  const huge = network.withParameters(network.parameters.map(() => 3e38));
  await writeFile(join(folder, 'huge.st'), saveParameters(huge));
  const args = ['--load', 'huge.st', '--data', 'tiny', '--backend', 'cpu', '--json', 'huge.json'];
  const { code, stdout, stderr } = await run('evaluate', ...args);
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toMatch(
    /^error: The cost on dataset '.*' is (NaN|Infinity): the parameters of this network/,
  );
  expect(await readdir(folder)).not.toContain('huge.json');
});

describe.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s in the middle of training', (name, code) => {
  it('stops it; the network so far is reported and saved', async () => {
    const args = [
      '--backend',
      'cpu',
      '--epochs',
      '1000000',
      '--save',
      `${name}.st`,
      '--json',
      `${name}.json`,
    ];
    const stopped = await runCli(['train', ...tiny, ...args], {
      cwd: folder,
      isTerminal: true,
      signalAt: { pattern: /epoch 3: /, name },
    });
    expect(stopped.code).toBe(code);
    expect(stopped.stderr).toContain('Stopping after the current steps.');
    expect(stopped.stdout).toMatch(/\nStopped after [\d,]+ steps \(\d+ epochs\)/);
    const reached = await report(`${name}.json`);
    expect(reached.isStopped).toBe(true);
    expect(reached.steps).toBeGreaterThanOrEqual(3 * 13);
    const { parameters } = loadParameters(await readFile(join(folder, `${name}.st`)));
    expect(createHash('sha256').update(new Uint8Array(parameters.buffer)).digest('hex')).toBe(
      reached.sha256,
    );
  });
});
