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

/** The message that refuses `wrong`. */
function refusalOf(wrong: string): string {
  const { message } = errorOf(FormatError, () => readResult(wrong));
  expect(message).toMatch(
    /^Cannot read this benchmark result: .*\. Export it again, or run the benchmark again\.$/,
  );
  return message;
}

const refusalWith = (path: readonly (string | number)[], value: unknown) =>
  refusalOf(JSON.stringify(resultWith(result, path, value)));

it('reads a whole result', () => {
  expect(readResult(text)).toEqual(result);
});

const written = (name: string) =>
  readFileSync(join(import.meta.dirname, '../../../bench/results', name), 'utf8');
/** The same result with the names of version 3. */
const inNewNames = (old: string) =>
  JSON.parse(
    old
      .replace(/"side":/g, '"backend":')
      .replace(/"sides":/g, '"backends":')
      .replace(/"marks":/g, '"flags":')
      .replace(/"mostDrift":/g, '"maxDrift":'),
  ) as BenchmarkResult;

it('converts version 1: its rounds become blocks and its medians stay', () => {
  const old = written('2026-11-26-swiftshader-chromium-benchmark.json');
  expect(old).toContain('"version": 1');
  const { scores, workloads } = inNewNames(old);
  const read = readResult(old);
  expect(read).toMatchObject({ version: 3, blocks: [], settings: { blocks: 10, repeats: 10 } });
  expect(read).toMatchObject({ scores, workloads });
});

it('converts version 2: four fields get new names', () => {
  const old = written('2026-11-30-lavapipe-firefox-benchmark.json');
  expect(old).toContain('"version": 2');
  expect(readResult(old)).toEqual({ ...inNewNames(old), version: 3 });
});

describe('a text is refused that', () => {
  it('is not JSON', () => {
    for (const wrong of ['', '{', '\0', 'NaN', text.slice(0, -1), text.replace('118.4', 'NaN')]) {
      expect(refusalOf(wrong)).toContain('it is not JSON');
    }
  });

  it('is too long, before it is parsed', () => {
    expect(refusalOf(' '.repeat(maxCharacters) + text)).toContain(
      `it has ${maxCharacters + text.length} characters; the maximum is 4000000`,
    );
    expect(readResult(text + ' '.repeat(maxCharacters - text.length))).toEqual(result);
  });

  it('is not an object', () => {
    expect(refusalOf('null')).toContain('Expected Object but received null');
    expect(refusalOf('3')).toContain('Expected Object but received 3');
    expect(refusalOf('[]')).toContain('Expected "format" but received undefined');
  });

  it('has another format or version, even if more is wrong', () => {
    expect(refusalOf('{}')).toContain('its format is missing, not "nudge-benchmark"');
    expect(refusalOf('{"format": {}}')).toContain('its format is an object');
    expect(refusalOf('{"format": "nudge-benchmark", "version": 4}')).toContain(
      'its version is 4; this nudge reads versions 1 to 3',
    );
  });

  it('is nested deeply', () => {
    const deep = '['.repeat(200_000) + ']'.repeat(200_000);
    refusalOf(deep);
    refusalOf('{"a":'.repeat(200_000));
    refusalOf(text.replace('"repeats":10', `"repeats":${deep}`));
    refusalOf(text.replace('"repeats":10', `"repeats":10,"more":${deep}`));
  });
});

describe('the message has the path and what was expected', () => {
  const estimate = ['workloads', 2, 'series', 0, 'estimate'] as const;
  it.each([
    [
      [...estimate, 'low'],
      'fast',
      'workloads.2.series.0.estimate.low: Invalid type: Expected number but received "fast"',
    ],
    [
      [...estimate, 'low'],
      undefined,
      'workloads.2.series.0.estimate.low: Invalid key: Expected "low" but received undefined',
    ],
    [[...estimate, 'low'], 0, 'Expected >0 but received 0'],
    [
      [...estimate, 'more'],
      1,
      'workloads.2.series.0.estimate.more: Invalid key: Expected never but received "more"',
    ],
    [['seconds'], -1, 'seconds: Invalid value: Expected >=0 but received -1'],
    [['settings', 'repeats'], 2.5, 'settings.repeats: Invalid safe integer: Received 2.5'],
    [
      ['data', 'sha256'],
      'abc',
      'data.sha256: Invalid format: Expected /^[0-9a-f]{64}$/ but received "abc"',
    ],
    [['startedAt'], 'today', 'startedAt: Invalid timestamp: Received "today"'],
    [
      ['environment', 'battery', 'level'],
      2,
      'environment.battery.level: Invalid value: Expected <=1 but received 2',
    ],
    [['environment', 'isIsolated'], 'yes', 'Expected boolean but received "yes"'],
    [
      ['environment', 'runtime'],
      'deno',
      'environment.runtime: Invalid type: Expected ("browser" | "node") but received "deno"',
    ],
    [['nudge', 'version'], 'x'.repeat(501), 'Invalid length: Expected <=500 but received 501'],
    [['scores'], {}, 'scores: Invalid type: Expected Array but received Object'],
    [
      ['flags'],
      result.flags.concat(Array(200).fill(result.flags[0])),
      'flags: Invalid length: Expected <=200 but received 201',
    ],
    [
      ['limits', 'flopPerSecond'],
      null,
      'limits.flopPerSecond: Invalid type: Expected number but received null',
    ],
  ])('%j: %j', (path, value, sentence) => {
    expect(refusalWith(path, value)).toContain(sentence);
  });

  it('numbers that overflow are not finite', () => {
    expect(refusalOf(text.replace('"seconds":118.4', '"seconds":1e999'))).toContain(
      'seconds: Invalid finite: Received Infinity',
    );
  });

  it('it has no control characters', () => {
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

it('refuses keys that every object inherits', () => {
  for (const key of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
    const withKey = (place: string) => text.replace(place, `${place}"${key}":{"isVoid":true},`);
    expect(refusalOf(withKey('{'))).toContain(`: ${key}: Invalid key`);
    expect(refusalOf(withKey('"settings":{'))).toContain(`settings.${key}: Invalid key`);
  }
  for (const key of ['__proto__', 'constructor']) {
    const wrong = text.replace('"limits":{', `"limits":{"${key}":1,`);
    expect(refusalOf(wrong)).toContain(`environment.limits: Invalid key "${key}"`);
  }
});

it('refuses a list in place of an object', () => {
  for (const path of [['environment', 'limits'], ['settings'], []]) {
    for (const list of [[], [1]]) {
      const wrong = path.length === 0 ? list : resultWith(result, path, list);
      refusalOf(JSON.stringify(wrong));
    }
  }
});

it('reads or refuses every JSON text', () => {
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
