import { deflateRawSync, inflateRawSync } from 'node:zlib';

import { describe, expect, it } from 'vitest';

import { decodeSummary, encodeSummary } from '../../../src/benchmark/result/link.ts';
import type { BenchmarkResult, Estimate } from '../../../src/benchmark/result/schema.ts';
import { FormatError } from '../../../src/errors.ts';
import { makeBenchmarkResult } from '../../support/benchmarkResult.ts';
import { failureOf } from '../../support/failure.ts';
import { resultWith } from '../../support/resultWith.ts';

const full = makeBenchmarkResult({
  workloads: ['tiny', 'mid', 'large', 'xl', 'huge', 'batch-1', 'batch-10', 'batch-1000'],
  curvePoints: 500,
});
/** Four digits are kept. */
const isNear = (found: Estimate, truth: Estimate) => {
  for (const end of ['middle', 'low', 'high'] as const) {
    expect(Math.abs(found[end] / truth[end] - 1)).toBeLessThan(5.1e-4);
  }
};

const packText = (text: string) => `#summary=${deflateRawSync(text).toString('base64url')}`;
const pack = (value: unknown) => packText(JSON.stringify(value));
const unpack = (link: string) =>
  JSON.parse(
    inflateRawSync(Buffer.from(link.slice('#summary='.length), 'base64url')).toString(),
  ) as unknown[];

it('a summary is short and has scores, medians with intervals, machine, date and flags', async () => {
  const link = await encodeSummary(full);
  expect(link).toMatch(/^#summary=[\w-]+$/);
  expect(link.length).toBeLessThan(900);
  const summary = await decodeSummary(link);
  expect(summary.startedAt.toISOString()).toBe('2026-11-26T09:30:00.000Z');
  expect(summary.version).toBe('0.1.0');
  expect(summary.machine).toEqual({
    name: 'Chromium 156',
    system: 'Linux x86_64',
    threads: 8,
    gpu: 'acme roadrunner-2, ACME Roadrunner 2060 (hardware)',
    isSoftware: false,
  });
  expect(summary.scores.map(({ backend, class: kind }) => [backend, kind])).toEqual([
    ['cpu-1', 'cpu'],
    ['cpu', 'cpu'],
    ['webgpu', 'hardware'],
  ]);
  summary.scores.forEach((score, n) => isNear(score, full.scores[n]!));
  expect(summary.workloads.map(({ name }) => name)).toEqual(full.settings.workloads);
  for (const [w, { series, ratio }] of summary.workloads.entries()) {
    const sent = full.workloads[w]!;
    expect(series.map(({ backend }) => backend)).toEqual(sent.series.map(({ backend }) => backend));
    series.forEach((one, n) => isNear(one, sent.series[n]!.estimate));
    const [one, all] = sent.series.map(({ estimate }) => estimate.middle);
    const over = one! > all! ? 'cpu-1' : 'cpu';
    isNear(
      ratio!,
      sent.ratios.find((one) => one.of === 'webgpu' && one.over === over)!,
    );
  }
  expect(summary.flags).toEqual([
    { kind: 'not-steady', isVoid: false, workload: 'tiny', backend: 'cpu' },
  ]);
  expect(summary.verification?.isVerified).toBe(true);
});

it('a summary of a run without a GPU has no GPU', async () => {
  let cpu = resultWith(full, ['environment', 'adapter'], undefined);
  cpu = resultWith(cpu, ['scores', 2], undefined);
  cpu = {
    ...cpu,
    workloads: cpu.workloads.map((one, n) => ({
      ...resultWith(cpu, ['workloads', n, 'verification'], undefined).workloads[n]!,
      series: one.series.slice(0, 2),
      ratios: one.ratios.slice(2),
    })),
  };
  const summary = await decodeSummary(await encodeSummary(cpu));
  expect(summary.machine.gpu).toBeUndefined();
  expect(summary.verification).toBeUndefined();
  expect(summary.workloads[0]!.ratio).toBeUndefined();
});

it('a summary stays short for every result, and keeps the flags that void it', async () => {
  // Characters of four bytes that do not compress.
  const wild = (n: number) =>
    Array.from({ length: 120 }, (_, i) =>
      String.fromCodePoint(0x20000 + ((n * 7919 + i * i * 104_729) % 40_000)),
    ).join('');
  const [first] = full.workloads;
  const names = Array.from({ length: 50 }, (_, n) => wild(n));
  const flag = { kind: 'not-steady', message: 'Slow.', isVoid: false } as const;
  const hostile: BenchmarkResult = {
    ...full,
    settings: { ...full.settings, workloads: names },
    workloads: names.map((name) => ({ ...first!, name })),
    timesToAccuracy: [],
    flags: [...Array.from({ length: 199 }, () => flag), { ...flag, kind: 'hidden', isVoid: true }],
    scores: [],
    environment: { ...full.environment, name: wild(61), system: wild(62) },
    data: { ...full.data, name: wild(63) },
  };
  const link = await encodeSummary(hostile);
  expect(link.length).toBeLessThanOrEqual(900);
  const summary = await decodeSummary(link);
  expect(summary.workloads.length).toBeGreaterThan(0);
  expect(summary.flags[0]).toMatchObject({ kind: 'hidden', isVoid: true });
});

describe('a fragment is refused that', () => {
  async function refusalOf(fragment: string): Promise<string> {
    return (await failureOf(decodeSummary(fragment), FormatError)).message;
  }

  it.each(['', '#summary=', '#result=AAAA'])('has no summary: %j', async (fragment) => {
    expect(await refusalOf(fragment)).toContain("it has no '#summary=…'");
  });

  it('is cut off, damaged, too long, or unpacks to too much', async () => {
    const link = await encodeSummary(full);
    expect(await refusalOf(link.slice(0, -9))).toMatch(/cut off|not JSON/);
    expect(await refusalOf('#summary=_____w')).toContain('it is damaged');
    expect(await refusalOf(`#summary=${'A'.repeat(901)}`)).toContain('the maximum is 900');
    const bomb = pack('0'.repeat(400_000));
    expect(bomb.length).toBeLessThan(900);
    expect(await refusalOf(bomb)).toContain('it unpacks to more than 20000 bytes');
  });

  it('has another shape or version', async () => {
    const whole = unpack(await encodeSummary(full));
    for (const value of [null, 7, {}, [1], whole.slice(0, -1), [...whole, 0]]) {
      expect(await refusalOf(pack(value))).toContain('does not have the shape of a summary');
    }
    expect(await refusalOf(pack([2, ...whole.slice(1)]))).toContain('its version is 2');
    // What no text can be made of, and what is nested deeper than the stack.
    const deep = `${'['.repeat(9000)}${']'.repeat(9000)}`;
    for (const text of ['[{"toString":1,"valueOf":1}]', deep]) {
      expect(await refusalOf(packText(text))).toMatch(/its version is an (object|array)/);
    }
  });

  /** The packed summary with another value at a path. */
  async function changed(path: readonly number[], value: unknown): Promise<string> {
    const whole = unpack(await encodeSummary(full));
    let at = whole;
    for (const place of path.slice(0, -1)) at = at[place] as unknown[];
    at[path.at(-1)!] = value;
    return pack(whole);
  }

  it.each([
    ['a score that is not a number', [5, 0, 1], 'much', 'shape of a summary'],
    ['a negative score', [5, 0, 1], -1, 'shape of a summary'],
    ['a text without end', [2], 'x'.repeat(61), 'shape of a summary'],
    ['a backend that is not there', [5, 0, 0], 99, 'shape of a summary'],
    ['a score outside of its interval', [5, 0, 1], 1e9, 'outside its own interval'],
    ['a median outside of its interval', [6, 0, 1, 0, 1], 1e-3, 'outside its own interval'],
    ['a score twice', [5, 0, 0], 1, "scores contain 'cpu' twice"],
    ['a workload twice', [6, 0, 0], 'mid', "workloads contain 'mid' twice"],
    ['a voided score', [7, 0, 1], 1, "although a flag 'not-steady' voids it"],
    ['a GPU’s score without a GPU', [4, 3], '', 'a GPU score but no GPU'],
    ['a score that is not verified', [8, 0], 0, 'not verified'],
    ['an error above the tolerance', [8, 1], 3, 'an error of 3 of the tolerance'],
  ] as const)('has %s', async (_, path, value, words) => {
    expect(await refusalOf(await changed(path, value))).toContain(words);
  });
});

it('untrusted text becomes one plain line', async () => {
  const wrong = resultWith(full, ['environment', 'system'], 'a\u202eb\n\u0000c');
  const { machine } = await decodeSummary(await encodeSummary(wrong));
  expect(machine.system).toBe('a b c');
});
