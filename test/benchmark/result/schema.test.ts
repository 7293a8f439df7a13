import { readFile } from 'node:fs/promises';

import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';

import { readResult } from '../../../src/benchmark/result/read.ts';
import { makeBenchmarkResult } from '../../support/benchmarkResult.ts';
import { resultWith } from '../../support/resultWith.ts';
import { resultJsonSchema, schemaPath } from '../../writeResultSchema.ts';

const published = await readFile(schemaPath, 'utf8');
const ajv = new Ajv2020({
  // The one format that the schema names, by RFC 3339.
  formats: { 'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/ },
});
const validate = ajv.compile(JSON.parse(published) as object);
const result = makeBenchmarkResult();

it('the published schema is up to date', async () => {
  expect(published, 'run `npm run schema`').toBe(await resultJsonSchema());
});

it('accepts complete results and results without optional fields', () => {
  expect(validate(result), JSON.stringify(validate.errors)).toBe(true);
  const { nudge, environment, workloads, limits, crossover, ...rest } = result;
  expect([limits, crossover]).not.toContain(undefined);
  const { userAgent, battery, adapter, ...hostEnvironment } = environment;
  expect([userAgent, battery, adapter]).not.toContain(undefined);
  const min = {
    ...rest,
    nudge: { version: nudge.version },
    environment: hostEnvironment,
    workloads: workloads.map(({ verification, ...workload }) => {
      expect(verification).toBeDefined();
      const [series] = workload.series;
      return { ...workload, ratios: [], series: [{ ...series!, curve: [] }] };
    }),
    flags: [],
    scores: [],
  };
  expect(validate(min), JSON.stringify(validate.errors)).toBe(true);
  expect(() => readResult(JSON.stringify(min))).not.toThrow();
});

describe('refuses, like nudge itself,', () => {
  it.each<[string, readonly (string | number)[], unknown]>([
    ['another format', ['format'], 'other'],
    ['another version', ['version'], 4],
    ['a result without data', ['data'], undefined],
    ['an unknown field', ['extra'], 1],
    ['a rate of 0', ['workloads', 0, 'series', 0, 'samplesPerSecond', 0], 0],
    ['a number as text', ['workloads', 0, 'batchSize'], '100'],
    ['half a repeat', ['settings', 'repeats'], 2.5],
    ['an unknown backend', ['workloads', 0, 'series', 0, 'backend'], 'tpu'],
    ['an invalid hash', ['data', 'sha256'], 'C0FFEE'],
    ['a day without a time', ['startedAt'], '2026-11-26'],
    ['a share above 1', ['workloads', 0, 'series', 0, 'curve', 0, 'accuracy'], 1.5],
    ['an estimate without a middle', ['scores', 0, 'middle'], undefined],
    ['a text without end', ['environment', 'system'], 'x'.repeat(501)],
    ['a limit that is not a number', ['environment', 'limits', 'maxBufferSize'], '1'],
    ['more flags than a run can make', ['flags'], Array<unknown>(201).fill(result.flags[0])],
    ['a list for an object', ['environment'], []],
  ])('%s', (_, path, value) => {
    const broken = resultWith(result, path, value);
    expect(validate(broken)).toBe(false);
    expect(() => readResult(JSON.stringify(broken))).toThrow();
  });
});
