/** The command line as a whole: help, wrong usage, exit codes. */
import { PassThrough } from 'node:stream';

import { describe, expect, it } from 'vitest';

import packageJson from '../../package.json' with { type: 'json' };
import { runCommandLine } from '../../src/cli/program.ts';

/** Runs the command line in this process, which is quicker than one of its own and enough for this. */
async function run(...args: string[]) {
  const text = { stdout: '', stderr: '' };
  const stream = (name: keyof typeof text) =>
    new PassThrough().on(
      'data',
      (chunk: Buffer) => (text[name] += chunk.toString()),
    ) as unknown as NodeJS.WriteStream;
  const streams = { stdout: stream('stdout'), stderr: stream('stderr'), environment: {} };
  return { code: await runCommandLine(args, streams), ...text };
}

it('says its version', async () => {
  expect(await run('--version')).toEqual({
    code: 0,
    stdout: `${packageJson.version}\n`,
    stderr: '',
  });
});

it.each([['--help'], ['help']])('%s lists the commands, examples and exit codes', async (arg) => {
  const { code, stdout, stderr } = await run(arg);
  expect([code, stderr]).toEqual([0, '']);
  for (const word of [
    'train',
    'sweep',
    'tune',
    'evaluate',
    'bench',
    'compare',
    'check',
    'data',
    'doctor',
    'Examples:',
    'Exit codes:',
    '130',
  ]) {
    expect(stdout).toContain(word);
  }
});

it.each(['train', 'sweep', 'tune', 'evaluate', 'bench', 'compare', 'check', 'doctor'])(
  '%s --help has simple options, examples and exit codes',
  async (command) => {
    const { code, stdout } = await run(command, '--help');
    expect(code).toBe(0);
    for (const heading of ['Simple options:', 'Examples:', `  nudge ${command}`, 'Exit codes:']) {
      expect(stdout).toContain(heading);
    }
    expect(stdout).not.toContain('\nOptions:');
  },
);

describe('wrong usage is told in a sentence, with exit code 2 and no output', () => {
  it.each([
    [['trian'], "error: unknown command 'trian'\n(Did you mean train?)"],
    [['train', '--preste', 'modern'], "error: unknown option '--preste'\n(Did you mean --preset?)"],
    [
      ['train', '--preset', 'moden'],
      "argument 'moden' is invalid. Allowed choices are lecture, nielsen, modern, wide.",
    ],
    [
      ['train', '--backend', 'gpu'],
      "argument 'gpu' is invalid. Allowed choices are webgpu, cpu, reference, auto.",
    ],
    [
      ['train', '--epochs', '1e'],
      "--epochs takes a whole number of at least 1, and '1e' was given.",
    ],
    [['train', '--epochs'], "error: option '--epochs <n>' argument missing"],
    [['train', '--learning-rate', '3x'], "--learning-rate takes a number, and '3x' was given."],
    [['train', '--layers', '784,a,10'], "part 2 of '784,a,10' is 'a'"],
    [
      ['train', '--layers', '784', '16', '--epochs', '2', '--steps', '3'],
      'Both --epochs 2 and --steps 3 were given.',
    ],
    [['train', '--shuffle', 'no'], "--shuffle takes on or off, and 'no' was given."],
    [
      ['train', '--seed', '-1'],
      "--seed takes a whole number from 0 to 4294967295, and '-1' was given.",
    ],
    [['train', 'now'], "error: too many arguments for 'train'"],
    [['sweep', '--learning-rates', '1,x'], "--learning-rates takes a number, and 'x' was given."],
    [['sweep', '--learning-rates', '1,3', '1'], '--learning-rates has 1 twice'],
    [['sweep', '--learning-rates', '-1'], '-1 was given'],
    [['sweep', '--seeds', '0'], "--seeds takes a whole number of at least 1, and '0' was given."],
    [['sweep', '--seed', '4294967295', '--seeds', '2'], '2 seeds from 4294967295 on go beyond'],
    [['sweep', '--backend', 'cpu'], "error: unknown option '--backend'"],
    [['evaluate'], "error: required option '--load <file>' not specified"],
    [['compare', 'a.json'], "error: missing required argument 'after'"],
    [['compare', 'a.json', 'b.json', '--fail-below', '90 %'], '--fail-below takes a number'],
    [
      ['compare', 'a.json', 'b.json', '--fail-below', '90'],
      '--fail-below takes a ratio above 0 and at most 1, and 90 was given.',
    ],
    [['compare', 'a.json', 'b.json', '--fail-below', '0'], 'and 0 was given.'],
    [['compare', 'a.json', 'b.json', '--fail-below', '-0.5'], 'and -0.5 was given.'],
    [['data', 'cifar'], "error: unknown command 'cifar'"],
  ])('%j', async (args, sentence) => {
    const { code, stdout, stderr } = await run(...args);
    expect(stderr).toContain(sentence);
    expect(stderr).not.toContain('    at ');
    expect([code, stdout]).toEqual([2, '']);
  });
});
