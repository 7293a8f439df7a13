/** The command line as a whole: help, wrong usage, exit codes. */

import { describe, expect, it } from 'vitest';

import packageJson from '../../package.json' with { type: 'json' };
import { run } from '../support/commandLine.ts';

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
    [['sweep', '--seeds', '1000000000'], '--seeds takes a whole number from 1 to 65535, and'],
    [['sweep', '--seed', '4294967295', '--seeds', '2'], '2 seeds from 4294967295 on go beyond'],
    [['sweep', '--backend', 'cpu'], "error: unknown option '--backend'"],
    [['bench', '--workloads', 'tyni'], "Unknown name 'tyni' in workloads. Known names: tiny, mid,"],
    [
      ['bench', '--backends', 'gpu'],
      "Unknown name 'gpu' in backends. Known names: cpu-1, cpu, webgpu.",
    ],
    [
      ['bench', '--repeats', '1'],
      "--repeats takes a whole number from 2 to 100, and '1' was given.",
    ],
    [['bench', '--seconds', '0'], '--seconds takes a number from 0.01 to 10, and 0 was given.'],
    [['bench', '--presets', 'lecture'], "error: unknown option '--presets'"],
    [
      ['bench', '--port', '0', '--connect', 'ws://x'],
      '--port takes a whole number from 1 to 65535',
    ],
    [['bench', '--port', '8377'], '--port 8377 says where a browser on another machine finds'],
    [
      ['bench', '--runtime', 'node', '--browser', 'firefox'],
      'Both --browser firefox and --runtime',
    ],
    [['bench', '--connect', '127.0.0.1:9222'], "'127.0.0.1:9222' is no address of a browser."],
    [['bench', '--csv', 'absent/a.csv'], "--csv cannot write 'absent/a.csv': there is no folder"],
    [
      ['bench', '--json', 'absent/a.json'],
      "--json cannot write 'absent/a.json': there is no folder",
    ],
    [['bench', '--card', 'a.png'], "--card writes a picture in SVG, and 'a.png' is another kind"],
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
