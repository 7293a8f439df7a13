import { describe, expect, it } from 'vitest';

import { UsageError } from '../../src/cli/errors.ts';
import { parseList, parseNumber, parseSwitch, parseWhole } from '../../src/cli/values.ts';

/** The message of the UsageError that `run` throws. */
function complaint(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    return (error as Error).message;
  }
  throw new Error('it was accepted');
}

describe('an integer', () => {
  it('is plain digits', () => {
    expect(parseWhole('--epochs', '5')).toBe(5);
    expect(parseWhole('--seed', '0', 0)).toBe(0);
    expect(parseWhole('--seed', '4294967295', 0, 4294967295)).toBe(4294967295);
    expect(parseWhole('--steps', '007')).toBe(7);
  });

  it.each(['', ' ', '1e', '1e3', '5x', 'x5', '5.0', '-1', '+5', '0x10', 'NaN', '٣', '1 000'])(
    "is not '%s'",
    (text) => {
      expect(complaint(() => parseWhole('--epochs', text))).toBe(
        `--epochs must be a positive integer; got '${text}'.`,
      );
    },
  );

  it('has a range', () => {
    expect(complaint(() => parseWhole('--epochs', '0'))).toContain("a positive integer; got '0'");
    expect(complaint(() => parseWhole('--seed', '4294967296', 0, 4294967295))).toContain(
      "--seed must be an integer from 0 to 4294967295; got '4294967296'.",
    );
    expect(complaint(() => parseWhole('--steps', '9007199254740993'))).toContain('--steps');
  });
});

describe('a number', () => {
  it.each([
    ['3', 3],
    ['0.05', 0.05],
    ['.5', 0.5],
    ['5.', 5],
    ['1e-3', 0.001],
    ['2.5E+1', 25],
    ['-1', -1],
  ])("'%s' is %d", (text, value) => {
    expect(parseNumber('--learning-rate', text)).toBe(value);
  });

  it.each(['', '.', '1e', 'e5', '0.1x', '0,1', '0x1', 'Infinity', 'NaN', '1e999', '1 2', '--1'])(
    "is not '%s'",
    (text) => {
      expect(complaint(() => parseNumber('--learning-rate', text))).toBe(
        `--learning-rate must be a number such as 0.1; got '${text}'.`,
      );
    },
  );
});

it('a number has a range', () => {
  const parse = (text: string) =>
    parseNumber('--wait', text, 'from 0 to 9', (s) => s >= 0 && s <= 9);
  expect(parse('9')).toBe(9);
  expect(complaint(() => parse('-1'))).toBe("--wait must be a number from 0 to 9; got '-1'.");
});

it.each([
  ['784,16,10', ['784', '16', '10']],
  ['784 16 10', ['784', '16', '10']],
  [' 784 ,16\t 10  ', ['784', '16', '10']],
  ['784, 16,', ['784', '16']],
  ['784,,10', ['784', '', '10']],
  ['784;16', ['784;16']],
  ['', ['']],
])("the list '%s' has these parts", (text, parts) => {
  expect(parseList(text)).toEqual(parts);
});

it('a switch is on or off and nothing else', () => {
  expect(parseSwitch('--shuffle', 'on')).toBe(true);
  expect(parseSwitch('--shuffle', 'off')).toBe(false);
  for (const text of ['', 'yes', 'ON', 'true', '1']) {
    expect(complaint(() => parseSwitch('--shuffle', text))).toBe(
      `--shuffle must be on or off; got '${text}'.`,
    );
  }
});
