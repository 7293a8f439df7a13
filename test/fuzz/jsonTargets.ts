/** Hostile JSON: plans, reports and results, in files and in links. */
import assert from 'node:assert/strict';
import { deflateRawSync } from 'node:zlib';

import fc from 'fast-check';

import { decodeLink, decodeSummary } from '../../src/benchmark/result/link.ts';
import { readResult } from '../../src/benchmark/result/read.ts';
import { packSummary, sparings } from '../../src/benchmark/result/summary.ts';
import { writeResult } from '../../src/benchmark/result/write.ts';
import { readReport, requireSame } from '../../src/cli/commands/tune.ts';
import { UsageError } from '../../src/cli/errors.ts';
import { noteOf, readNote } from '../../src/cli/trainCheckpoint.ts';
import { ConfigurationError, FormatError, LimitError } from '../../src/errors.ts';
import { requirePlan } from '../../src/gpu/plan/check.ts';
import { choosePlan } from '../../src/gpu/plan/choose.ts';
import { parsePlan, planFile, serializePlan } from '../../src/gpu/plan/file.ts';
import { readPlanCache } from '../../src/node/planCache.ts';
import { makeBenchmarkResult } from '../support/benchmarkResult.ts';
import { damaged, damagedText, hostileJson } from './damage.ts';
import { target, utf8, type Target } from './target.ts';

const planned = { layers: [784, 16, 16, 10] };
const adapters = [
  { isSoftware: true, subgroupSize: 0, maxWorkgroupSize: 256 },
  { isSoftware: false, subgroupSize: 32, maxWorkgroupSize: 1024 },
];
const planTexts = adapters.map((adapter) =>
  serializePlan(planned, choosePlan(planned, 100, adapter)),
);

/** The plan of a text; refused for an adapter only with the errors that say so. */
function checkPlan(text: string): void {
  const plan = parsePlan(text, planned);
  assert.deepEqual(planFile(planned, plan), JSON.parse(text));
  for (const adapter of adapters) {
    try {
      requirePlan(plan, planned, plan.batchSize, adapter);
    } catch (error) {
      if (!(error instanceof ConfigurationError || error instanceof LimitError)) throw error;
    }
  }
}

const planCacheText = JSON.stringify({
  format: 'nudge plan cache',
  plans: { one: planTexts[0], two: planTexts[1] },
});

function checkPlanCache(text: string): void {
  const plans = readPlanCache(text);
  for (const plan of plans?.values() ?? []) assert.equal(typeof plan, 'string');
}

const machine = {
  runtime: { name: 'node' as const, version: '20', adapter: { vendor: 'acme' } },
  processor: 'One',
};
const tuneReport = JSON.stringify({
  ...{ command: 'tune', ...machine, key: 'nudge | acme', isComplete: false },
  configuration: {
    network: { layers: planned.layers, activation: 'sigmoid', seed: 1 },
    ...{ batchSize: 100, optimizer: 'sgd', learningRate: 1, momentum: 0, budgetMs: 5000 },
  },
  measured: [
    { key: 'a', found: 1e-4, at: 0.1 },
    { key: 'b', found: null, at: 0.2 },
    { key: 'c', found: 'It is wrong.', at: 0.3 },
  ],
});
const trainNote = noteOf({
  ...{ data: 'digits', preset: 'lecture', load: null, plan: 'default', runtime: 'node' },
  training: {
    ...{ epochs: 2, batchSize: 100, seed: 1, shuffle: true, backend: 'cpu' },
    ...{ optimizer: 'sgd', learningRate: 1, momentum: 0 },
    schedule: { kind: 'cosine', warmUpSteps: 3 },
  },
});

const result = makeBenchmarkResult({
  ...{ repeats: 2, blocks: 1, curvePoints: 1, workloads: ['tiny'] },
});
const resultText = JSON.stringify(result);
const summaryText = packSummary(makeBenchmarkResult({ workloads: ['tiny', 'mid'] }), sparings[0]!);

function checkResult(text: string): void {
  const read = readResult(text);
  const again = readResult(writeResult(read));
  // JSON has no -0.
  const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
  assert.deepEqual(plain(again), plain(read));
}

/** A link with a text, or with damage after or before it was packed. */
function links(key: string, texts: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const pack = (bytes: Uint8Array) => Buffer.from(deflateRawSync(bytes)).toString('base64url');
  const packed = texts.map((text) => pack(utf8.encode(text)));
  const unpacked = texts.map((text) => utf8.encode(text));
  return fc
    .oneof(
      { weight: 6, arbitrary: packed },
      { weight: 1, arbitrary: damagedText(packed) },
      { weight: 1, arbitrary: damaged(unpacked).map(pack) },
    )
    .map((text) => `#${key}=${text}`);
}

export const jsonTargets: readonly Target[] = [
  target('train note', hostileJson(trainNote), readNote, { weight: 2 }),
  target('plan file', hostileJson(...planTexts), checkPlan, { weight: 2 }),
  target('plan cache', hostileJson(planCacheText), checkPlanCache, { errors: [], weight: 2 }),
  target(
    'tune report',
    hostileJson(tuneReport),
    (text) => {
      const report = readReport(text);
      assert.ok(report.measured.every(({ at }) => at >= 0));
      requireSame(machine, report);
    },
    { errors: [FormatError, UsageError], weight: 2 },
  ),
  target('result', hostileJson(resultText), checkResult, { weight: 2 }),
  target('result link', links('result', hostileJson(resultText)), decodeLink),
  target('summary link', links('summary', hostileJson(summaryText)), decodeSummary),
];
