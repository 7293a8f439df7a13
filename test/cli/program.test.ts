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

describe('wrong usage has a message, exit code 2 and no output', () => {
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
    [['train', '--epochs', '1e'], "--epochs must be a positive integer; got '1e'."],
    [['train', '--epochs'], "error: option '--epochs <n>' argument missing"],
    [['train', '--learning-rate', '3x'], "--learning-rate must be a number such as 0.1; got '3x'."],
    [
      ['train', '--layers', '784,a,10'],
      "Each size in --layers must be a positive integer; got 'a'.",
    ],
    [
      ['train', '--layers', '784', '16', '--epochs', '2', '--steps', '3'],
      "option '--steps <n>' cannot be used with option '--epochs <n>'",
    ],
    [['train', '--shuffle', 'no'], "--shuffle must be on or off; got 'no'."],
    [['train', '--seed', '-1'], "--seed must be an integer from 0 to 4294967295; got '-1'."],
    [['train', 'now'], "error: too many arguments for 'train'"],
    [
      ['sweep', '--learning-rates', '1,x'],
      "Each rate in --learning-rates must be a number such as 0.1; got 'x'.",
    ],
    [['sweep', '--learning-rates', '1,3', '1'], '--learning-rates contains 1 twice'],
    [['sweep', '--learning-rates', '-1'], 'got -1.'],
    [['sweep', '--seeds', '1000000000'], '--seeds must be an integer from 1 to 65535; got'],
    [['sweep', '--seed', '4294967295', '--seeds', '2'], '2 seeds starting at 4294967295 exceed'],
    [['sweep', '--backend', 'cpu'], "error: unknown option '--backend'"],
    [['bench', '--workloads', 'tyni'], "Unknown name 'tyni' in workloads. Known names: tiny, mid,"],
    [
      ['bench', '--backends', 'gpu'],
      "Unknown name 'gpu' in backends. Known names: cpu-1, cpu, webgpu.",
    ],
    [['bench', '--repeats', '1'], "--repeats must be an integer from 2 to 100; got '1'."],
    [['bench', '--seconds', '0'], "--seconds must be a number from 0.01 to 10; got '0'."],
    [['bench', '--presets', 'lecture'], "error: unknown option '--presets'"],
    [['bench', '--port', '0', '--connect', 'ws://x'], '--port must be an integer from 1 to 65535'],
    [['bench', '--port', '8377'], '--port needs --connect.'],
    [
      ['bench', '--runtime', 'node', '--browser', 'firefox'],
      'got --browser firefox and --runtime node',
    ],
    [['bench', '--connect', '127.0.0.1:9222'], "'127.0.0.1:9222' is not the address of a browser."],
    [['bench', '--csv', 'absent/a.csv'], "--csv cannot write 'absent/a.csv': there is no folder"],
    [
      ['bench', '--json', 'absent/a.json'],
      "--json cannot write 'absent/a.json': there is no folder",
    ],
    [['bench', '--card', 'a.png'], "--card must name an .svg file; got 'a.png'."],
    [['evaluate'], "error: required option '--load <file>' not specified"],
    [['compare', 'a.json'], "error: missing required argument 'after'"],
    [
      ['compare', 'a.json', 'b.json', '--fail-below', '90 %'],
      "--fail-below must be a number above 0 and at most 1; got '90 %'.",
    ],
    [
      ['compare', 'a.json', 'b.json', '--fail-below', '90'],
      "--fail-below must be a number above 0 and at most 1; got '90'.",
    ],
    [['compare', 'a.json', 'b.json', '--fail-below', '0'], "got '0'."],
    [['compare', 'a.json', 'b.json', '--fail-below', '-0.5'], "got '-0.5'."],
    [
      ['train', '--load', 'a', '--init', 'he'],
      "option '--load <file>' cannot be used with option '--init <name>'",
    ],
    [
      ['sweep', '--resume', 'a', '--layers', '784,10'],
      "option '--resume <file>' cannot be used with option '--layers <sizes...>'",
    ],
    [
      ['tune', '--resume', 'a', '--batch-size', '8'],
      "option '--resume <file>' cannot be used with option '--batch-size <n>'",
    ],
    [
      ['bench', '--resume', 'a', '--quick'],
      "option '--resume <file>' cannot be used with option '--quick'",
    ],
    [['tune', '--budget', '0'], "--budget must be a number above 0; got '0'."],
    [['bench', '--wait', '-1'], "--wait must be a number from 0 to 3600; got '-1'."],
    [['data', 'cifar'], "error: unknown command 'cifar'"],
  ])('%j', async (args, sentence) => {
    const { code, stdout, stderr } = await run(...args);
    expect(stderr).toContain(sentence);
    expect(stderr).not.toContain('    at ');
    expect([code, stdout]).toEqual([2, '']);
  });
});
