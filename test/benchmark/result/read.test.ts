import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { maxCharacters, readResult } from '../../../src/benchmark/result/read.ts';
import type { BenchmarkResult } from '../../../src/benchmark/result/schema.ts';
import { FormatError } from '../../../src/errors.ts';
import { makeBenchmarkResult } from '../../support/benchmarkResult.ts';
import { errorOf } from '../../support/failure.ts';
import { resultWith } from '../../support/resultWith.ts';

const result = makeBenchmarkResult();
const text = JSON.stringify(result);

/** The sentence with which `wrong` is refused. */
function refusalOf(wrong: string): string {
  const { message } = errorOf(FormatError, () => readResult(wrong));
  expect(message).toMatch(
    /^This is not a benchmark result that can be read: .*\. Get it again from where it was made, or run the benchmark again\.$/,
  );
  return message;
}

const refusalWith = (path: readonly (string | number)[], value: unknown) =>
  refusalOf(JSON.stringify(resultWith(result, path, value)));

it('reads what was written, whole', () => {
  expect(readResult(text)).toEqual(result);
});

const written = (name: string) =>
  readFileSync(join(import.meta.dirname, '../../../bench/results', name), 'utf8');
/** The same text with the names that version 3 has. */
const inNewNames = (old: string) =>
  JSON.parse(
    old
      .replace(/"side":/g, '"backend":')
      .replace(/"sides":/g, '"backends":')
      .replace(/"marks":/g, '"flags":')
      .replace(/"mostDrift":/g, '"maxDrift":'),
  ) as BenchmarkResult;

it('reads version 1: its medians stay, its rounds become blocks', () => {
  const old = written('2026-11-26-swiftshader-chromium-benchmark.json');
  expect(old).toContain('"version": 1');
  const { scores, workloads } = inNewNames(old);
  const read = readResult(old);
  expect(read).toMatchObject({ version: 3, blocks: [], settings: { blocks: 10, repeats: 10 } });
  expect(read).toMatchObject({ scores, workloads });
});

it('reads version 2: four fields have new names', () => {
  const old = written('2026-11-30-lavapipe-firefox-benchmark.json');
  expect(old).toContain('"version": 2');
  expect(readResult(old)).toEqual({ ...inNewNames(old), version: 3 });
});

describe('a text is refused that', () => {
  it('is no JSON', () => {
    for (const wrong of ['', '{', '\0', 'NaN', text.slice(0, -1), text.replace('118.4', 'NaN')]) {
      expect(refusalOf(wrong)).toContain('it is no JSON');
    }
  });

  it('is too long, before it is parsed', () => {
    expect(refusalOf(' '.repeat(maxCharacters) + text)).toContain(
      `it has ${maxCharacters + text.length} characters, and a result has at most 4000000`,
    );
    expect(readResult(text + ' '.repeat(maxCharacters - text.length))).toEqual(result);
  });

  it('is no object', () => {
    expect(refusalOf('null')).toContain('the whole is null, and an object belongs there');
    expect(refusalOf('3')).toContain('the whole is 3, and an object belongs there');
    expect(refusalOf('[]')).toContain('the whole has no "format"');
  });

  it('is of another format or version, whatever else is wrong', () => {
    expect(refusalOf('{}')).toContain('its format is missing, not "nudge-benchmark"');
    expect(refusalOf('{"format": {}}')).toContain('its format is an object');
    expect(refusalOf('{"format": "nudge-benchmark", "version": 4}')).toContain(
      'its version is 4, and this nudge reads versions 1 to 3',
    );
  });

  it('is nested deeply, wherever', () => {
    const deep = '['.repeat(200_000) + ']'.repeat(200_000);
    refusalOf(deep);
    refusalOf('{"a":'.repeat(200_000));
    refusalOf(text.replace('"repeats":10', `"repeats":${deep}`));
    refusalOf(text.replace('"repeats":10', `"repeats":10,"more":${deep}`));
  });
});

describe('the sentence says where and what belongs there', () => {
  const estimate = ['workloads', 2, 'series', 0, 'estimate'] as const;
  it.each([
    [
      [...estimate, 'low'],
      'fast',
      'low of estimate of item 1 of series of item 3 of workloads is "fast", and a number belongs there',
    ],
    [
      [...estimate, 'low'],
      undefined,
      'estimate of item 1 of series of item 3 of workloads has no "low"',
    ],
    [[...estimate, 'low'], 0, 'is 0, and a number above 0 belongs there'],
    [
      [...estimate, 'more'],
      1,
      'estimate of item 1 of series of item 3 of workloads has "more", which no result has',
    ],
    [['seconds'], -1, 'seconds is -1, and a number of at least 0 belongs there'],
    [['settings', 'repeats'], 2.5, 'repeats of settings is 2.5, and a whole number belongs there'],
    [
      ['data', 'sha256'],
      'abc',
      'sha256 of data is "abc", and a hash of 64 hexadecimal digits belongs there',
    ],
    [
      ['startedAt'],
      'today',
      'startedAt is "today", and a time such as 2026-11-26T09:30:00.000Z belongs there',
    ],
    [
      ['environment', 'battery', 'level'],
      2,
      'level of battery of environment is 2, and a number of at most 1 belongs there',
    ],
    [['environment', 'isIsolated'], 'yes', 'and true or false belongs there'],
    [
      ['environment', 'runtime'],
      'deno',
      'runtime of environment is "deno", and one of "browser", "node" belongs there',
    ],
    [['nudge', 'version'], 'x'.repeat(501), 'and a text of at most 500 characters belongs there'],
    [['scores'], {}, 'scores is an object, and a list belongs there'],
    [
      ['flags'],
      result.flags.concat(Array(200).fill(result.flags[0])),
      'flags is a list of 201, and a list of at most 200 items belongs there',
    ],
    [
      ['limits', 'flopPerSecond'],
      null,
      'flopPerSecond of limits is null, and a number belongs there',
    ],
  ])('%j: %j', (path, value, sentence) => {
    expect(refusalWith(path, value)).toContain(sentence);
  });

  it('numbers that overflow are not finite', () => {
    expect(refusalOf(text.replace('"seconds":118.4', '"seconds":1e999'))).toContain(
      'seconds is Infinity, and a finite number belongs there',
    );
  });

  it('without a character that a terminal would obey', () => {
    const escape = '\u001b[2J\u009b31m\u202e';
    for (const refusal of [
      refusalWith(['format'], escape),
      refusalWith(['environment', 'runtime'], escape),
      refusalWith([escape], 1),
      refusalWith(['environment', 'limits', escape], 'x'),
      refusalOf(escape),
    ]) {
      expect(refusal).not.toMatch(/[\p{Cc}\p{Cf}]/u);
      expect(refusal.length).toBeLessThan(500);
    }
  });
});

it('keys that are properties of every object do not pass for others', () => {
  for (const key of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
    const withKey = (place: string) => text.replace(place, `${place}"${key}":{"isVoid":true},`);
    expect(refusalOf(withKey('{'))).toContain(`the whole has "${key}"`);
    expect(refusalOf(withKey('"settings":{'))).toContain(`settings has "${key}"`);
  }
  for (const key of ['__proto__', 'constructor']) {
    const wrong = text.replace('"limits":{', `"limits":{"${key}":1,`);
    expect(refusalOf(wrong)).toContain(`limits of environment has "${key}", which no result has`);
  }
});

it('a list is no object, empty or not', () => {
  for (const path of [['environment', 'limits'], ['settings'], []]) {
    for (const list of [[], [1]]) {
      const wrong = path.length === 0 ? list : resultWith(result, path, list);
      refusalOf(JSON.stringify(wrong));
    }
  }
});

it('whatever stands in a text, it is read or refused in a sentence', () => {
  const paths = [
    [],
    ['settings'],
    ['settings', 'workloads'],
    ['environment', 'adapter'],
    ['environment', 'limits'],
    ['workloads', 0],
    ['workloads', 0, 'layers'],
    ['workloads', 0, 'series', 1, 'samplesPerSecond'],
    ['workloads', 0, 'series', 1, 'estimate', 'middle'],
    ['workloads', 0, 'verification'],
    ['flags', 0],
    ['scores', 2, 'workloads'],
    ['crossover'],
    ['nudge', 'version'],
  ] as const;
  fc.assert(
    fc.property(fc.constantFrom(...paths), fc.jsonValue(), (path, value) => {
      const changed = JSON.stringify(path.length === 0 ? value : resultWith(result, path, value));
      try {
        expect(JSON.parse(changed)).toEqual(readResult(changed));
      } catch (error) {
        expect(error).toBeInstanceOf(FormatError);
      }
    }),
    { numRuns: 150 },
  );
});
