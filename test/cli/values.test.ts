import { describe, expect, it } from 'vitest';

import { UsageError } from '../../src/cli/errors.ts';
import { parseLayers, parseNumber, parseSwitch, parseWhole } from '../../src/cli/values.ts';

/** The sentence that `run` fails with, as wrong usage. */
function complaint(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    return (error as Error).message;
  }
  throw new Error('it was accepted');
}

describe('a whole number', () => {
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
        `--epochs takes a whole number of at least 1, and '${text}' was given. Write it in plain digits, for example --epochs 10.`,
      );
    },
  );

  it('outside its range is refused with the range', () => {
    expect(complaint(() => parseWhole('--epochs', '0'))).toContain("at least 1, and '0' was given");
    expect(complaint(() => parseWhole('--seed', '4294967296', 0, 4294967295))).toContain(
      "a whole number from 0 to 4294967295, and '4294967296' was given",
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
    "'%s' is none",
    (text) => {
      expect(complaint(() => parseNumber('--learning-rate', text))).toBe(
        `--learning-rate takes a number, and '${text}' was given. Write it with a point, for example --learning-rate 0.1.`,
      );
    },
  );
});

describe('layer sizes', () => {
  it.each(['784,16,16,10', '784 16 16 10', '784, 16, 16, 10', ' 784 ,16\t16  10 '])(
    "'%s' are four",
    (text) => {
      expect(parseLayers(text)).toEqual([784, 16, 16, 10]);
    },
  );

  it.each([
    ['784,,10', 2, ''],
    ['784,16,10,', 4, ''],
    [',784,10', 1, ''],
    ['', 1, ''],
    ['784,1e1,10', 2, '1e1'],
    ['784;16;10', 1, '784;16;10'],
    ['784,-16,10', 2, '-16'],
    ['784,16.5,10', 2, '16.5'],
    ['784x16', 1, '784x16'],
  ])("'%s' are refused at part %d", (text, part, shown) => {
    expect(complaint(() => parseLayers(text))).toBe(
      `--layers takes layer sizes, and part ${part} of '${text}' is '${shown}'. ` +
        'Write whole numbers with commas or spaces between them, input first, for example --layers 784,16,16,10.',
    );
  });
});

it('a switch is on or off and nothing else', () => {
  expect(parseSwitch('--shuffle', 'on')).toBe(true);
  expect(parseSwitch('--shuffle', 'off')).toBe(false);
  for (const text of ['', 'yes', 'ON', 'true', '1']) {
    expect(complaint(() => parseSwitch('--shuffle', text))).toBe(
      `--shuffle takes on or off, and '${text}' was given.`,
    );
  }
});
