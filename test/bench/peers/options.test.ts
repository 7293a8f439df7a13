import { expect, test } from 'vitest';

import { contenders } from '../../../bench/peers/contenders.ts';
import { commandLine, createProgram, type Options } from '../../../bench/peers/options.ts';
import { workloads } from '../../../bench/peers/workloads.ts';
import { UsageError } from '../../../src/cli/errors.ts';
import { ConfigurationError } from '../../../src/errors.ts';

function parse(...args: string[]): Options {
  return createProgram().parse(args, { from: 'user' }).opts<Options>();
}

test('without options everything is measured, three times for three seconds', () => {
  expect(parse()).toMatchObject({
    workloads: workloads.map(({ name }) => name),
    contenders: contenders.map(({ name }) => name),
    browsers: ['chromium', 'firefox'],
    adapter: 'auto',
    repeats: 3,
    seconds: 3,
    python: 'python3',
  });
});

test('lists are names with commas between them, and an empty one is none', () => {
  const { workloads: chosen, contenders: named } = parse(
    '--workloads',
    'tiny,matmul-512',
    '--contenders',
    '',
  );
  expect([chosen, named]).toEqual([['tiny', 'matmul-512'], []]);
});

test('a name that nobody has is refused with those that there are', () => {
  expect(() => parse('--workloads', 'tiny,huge')).toThrow(ConfigurationError);
  expect(() => parse('--workloads', 'tiny,huge')).toThrow(/'huge'.*tiny, mid, large, xl/);
  expect(() => parse('--contenders', 'tfjs')).toThrow(/'tfjs'.*tfjs-webgpu/);
});

test('numbers are numbers', () => {
  expect(parse('--seconds', '0.5', '--time-to', '0.97')).toMatchObject({
    seconds: 0.5,
    timeTo: 0.97,
  });
  expect(() => parse('--repeats', '0')).toThrow(UsageError);
  for (const text of ['long', '0', '-1']) {
    expect(() => parse('--seconds', text)).toThrow(UsageError);
  }
});

test('Python can be left out', () => {
  expect(parse('--no-python').python).toBe(false);
});

test('the command that a result records can be typed again, and keeps to itself where the result went', () => {
  const args = ['--workloads', '', '--out', '/somewhere/else', '--first-steps', '9', '--out=there'];
  expect(commandLine(args)).toBe("npm run bench:peers -- --workloads '' --first-steps 9");
  expect(commandLine(['--python', "it's here"])).toBe(
    String.raw`npm run bench:peers -- --python 'it'\''s here'`,
  );
});
