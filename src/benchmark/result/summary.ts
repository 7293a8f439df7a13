/** The part of a result that a short link carries: nested lists without names, as JSON. */
import * as v from 'valibot';

import { FormatError } from '../../errors.ts';
import { adapterName } from '../../gpu/adapter.ts';
import { show } from '../../network/arguments.ts';
import { backendsOf, disorder, names, repetitions, voided } from './consistency.ts';
import { rounded } from './rounding.ts';
import {
  ownBackends,
  backends as allBackends,
  type BenchmarkResult,
  type Estimate,
  type Flag,
  type Score,
  type BackendName,
} from './schema.ts';
import { gpuOverCpu } from './sentences.ts';
import { plainText } from './words.ts';

/** How much of a result its summary keeps. */
interface Sparing {
  readonly backends: readonly BackendName[];
  readonly workloads: number;
  readonly flags: number;
  /** Characters of each name. */
  readonly characters: number;
}

/** From the largest to the smallest; the last one fits into a short link for every result. */
export const sparings: readonly Sparing[] = [
  { backends: allBackends, workloads: 20, flags: 30, characters: 60 },
  { backends: ownBackends, workloads: 12, flags: 12, characters: 60 },
  { backends: ownBackends, workloads: 8, flags: 6, characters: 30 },
  { backends: ownBackends, workloads: 2, flags: 2, characters: 12 },
];

const format = 1;
const minuteMs = 60_000;
/** Significant digits; tables show three. */
const digits = 4;

/** Links store a flag's kind as its index in this list, so append new kinds. */
const flagKinds = [
  'hidden',
  'device-lost',
  'throttled',
  'not-steady',
  'not-verified',
  'stopped',
  'failed',
  'busy',
  'disturbed',
  'threads',
  'below-limit',
] as const satisfies readonly Flag['kind'][];

const text = v.pipe(v.string(), v.maxLength(60), v.transform(plainText));
const yesOrNo = v.pipe(
  v.picklist([0, 1]),
  v.transform((bit) => bit === 1),
);
const rate = v.pipe(v.number(), v.finite(), v.gtValue(0));
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const list = <const Item extends v.GenericSchema>(item: Item, max: number) =>
  v.pipe(v.array(item), v.maxLength(max));
/** An index into `all`, read as the item at this index. */
const itemOf = <const Item>(all: readonly Item[]) =>
  v.pipe(
    count,
    v.maxValue(all.length - 1),
    v.transform((index) => all[index]!),
  );
/** The same, or −1 for no item. */
const optionalItemOf = <const Item>(all: readonly Item[]) =>
  v.union([
    v.pipe(
      v.literal(-1),
      v.transform(() => undefined),
    ),
    itemOf(all),
  ]);

function classOf(backend: BackendName, isSoftware: boolean): Score['class'] {
  if (backend !== 'webgpu') return 'cpu';
  return isSoftware ? 'software' : 'hardware';
}

const summarySchema = v.pipe(
  v.strictTuple([
    v.literal(format),
    /** Minutes since 1970, up to the year 9999. */
    v.pipe(
      count,
      v.maxValue(4_223_371_680),
      v.transform((minutes) => new Date(minutes * minuteMs)),
    ),
    /** nudge's version. */
    text,
    /** Name of the data. */
    text,
    /** Name, system, threads, adapter name or '', whether the adapter is software. */
    v.strictTuple([text, text, count, text, yesOrNo]),
    /** Backend, middle, low, high, whether the score is complete. */
    list(v.strictTuple([itemOf(ownBackends), rate, rate, rate, yesOrNo]), ownBackends.length),
    /** Name; backend, middle, low and high of each series; the ratio, or an empty list. */
    list(
      v.strictTuple([
        text,
        list(v.strictTuple([itemOf(allBackends), rate, rate, rate]), allBackends.length),
        v.union([v.strictTuple([rate, rate, rate]), v.strictTuple([])]),
      ]),
      20,
    ),
    /** Kind, whether it voids, index of the workload or −1, backend. */
    list(
      v.strictTuple([
        itemOf(flagKinds),
        yesOrNo,
        v.pipe(v.number(), v.safeInteger(), v.minValue(-1)),
        optionalItemOf(allBackends),
      ]),
      30,
    ),
    /** Whether the GPU is verified, and the worst error; or an empty list. */
    v.union([
      v.strictTuple([yesOrNo, v.pipe(v.number(), v.finite(), v.minValue(0))]),
      v.strictTuple([]),
    ]),
  ]),
  v.transform(
    ([
      ,
      startedAt,
      version,
      data,
      [name, system, threads, gpu, isSoftware],
      scores,
      workloads,
      flags,
      [isVerified, worst],
    ]) => ({
      /** To the minute. */
      startedAt,
      version,
      data,
      machine: { name, system, threads, ...(gpu !== '' && { gpu }), isSoftware },
      scores: scores.map(([backend, middle, low, high, isComplete]) => ({
        ...{ backend, middle, low, high, isComplete },
        class: classOf(backend, isSoftware),
      })),
      workloads: workloads.map(([workload, series, ratio]) => ({
        name: workload,
        series: series.map(([backend, middle, low, high]) => ({ backend, middle, low, high })),
        /** The GPU relative to the CPU; missing unless both ran. */
        ...(ratio.length > 0 && {
          ratio: { middle: ratio[0]!, low: ratio[1]!, high: ratio[2]! },
        }),
      })),
      flags: flags.map(([kind, isVoid, workload, backend]) => ({
        ...{ kind, isVoid },
        ...(workloads[workload] && { workload: workloads[workload][0] }),
        ...(backend && { backend }),
      })),
      /** Missing if no GPU ran. */
      ...(isVerified !== undefined && { verification: { isVerified, worst: worst! } }),
    }),
  ),
);

export type ResultSummary = v.InferOutput<typeof summarySchema>;
export type SummaryWorkload = ResultSummary['workloads'][number];

/** @returns JSON */
export function packSummary(result: BenchmarkResult, sparing: Sparing): string {
  const { startedAt, nudge, data, environment, scores, flags } = result;
  const { adapter, name, system, threads } = environment;
  const shown = (words: string) => plainText(words, sparing.characters);
  const bit = (is: boolean) => (is ? 1 : 0);
  const indexOf = (backend: BackendName) => allBackends.indexOf(backend);
  const numbers = ({ middle, low, high }: Estimate) => [middle, low, high] as const;
  const workloads = result.workloads.slice(0, sparing.workloads);
  const checks = result.workloads.flatMap(({ verification }) => verification ?? []);
  // Flags that void a score come first.
  const sorted = flags.toSorted((a, b) => Number(b.isVoid) - Number(a.isVoid));
  const packed = [
    format,
    Math.floor(Date.parse(startedAt) / minuteMs) || 0,
    shown(nudge.version),
    shown(data.name),
    [
      shown(name),
      shown(system),
      threads,
      adapter ? shown(adapterName(adapter)) : '',
      bit(adapter?.isSoftware === true),
    ],
    scores.map((score) => [indexOf(score.backend), ...numbers(score), bit(score.isComplete)]),
    workloads.map((workload) => {
      const ratio = gpuOverCpu(workload);
      return [
        shown(workload.name),
        workload.series
          .filter(({ backend }) => sparing.backends.includes(backend))
          .map((series) => [indexOf(series.backend), ...numbers(series.estimate)]),
        ratio ? numbers(ratio) : [],
      ];
    }),
    sorted
      .slice(0, sparing.flags)
      .map(({ kind, isVoid, workload, backend }) => [
        flagKinds.indexOf(kind),
        bit(isVoid),
        workloads.findIndex((one) => one.name === workload),
        backend === undefined ? -1 : indexOf(backend),
      ]),
    checks.length === 0
      ? []
      : [
          bit(checks.every(({ isVerified }) => isVerified)),
          Math.max(...checks.map(({ worst }) => worst)),
        ],
  ];
  return JSON.stringify(rounded(packed, digits));
}

/**
 * Reads a summary from a link.
 * @throws {FormatError} if the text has another version or shape, or figures that contradict each other
 */
export function readSummary(json: string): ResultSummary {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    refuse('it is not JSON', { cause });
  }
  if (Array.isArray(value) && value[0] !== format) {
    refuse(`its version is ${show(value[0])}; this nudge reads version ${format}`);
  }
  const { success, output } = v.safeParse(summarySchema, value, { abortEarly: true });
  if (!success) refuse('it does not have the shape of a summary');
  for (const contradiction of contradictions(output)) refuse(contradiction);
  return output;
}

function* contradictions(summary: ResultSummary): Generator<string> {
  const { scores, workloads, flags, machine, verification } = summary;
  yield* repetitions('scores', backendsOf(scores));
  yield* repetitions('workloads', names(workloads));
  for (const { name, series, ratio } of workloads) {
    yield* repetitions(`the backends of workload '${name}'`, backendsOf(series));
    for (const one of series) yield* disorder(`'${one.backend}' of workload '${name}'`, one);
    if (ratio) yield* disorder(`the ratio of workload '${name}'`, ratio);
  }
  for (const score of scores) {
    const what = `the score of '${score.backend}'`;
    yield* disorder(what, score);
    yield* voided(what, score.backend, flags);
    if (score.backend !== 'webgpu') continue;
    if (machine.gpu === undefined) yield 'it has a GPU score but no GPU';
    if (verification?.isVerified !== true) yield 'its GPU score is not verified';
  }
  if (verification?.isVerified === true && verification.worst > 1) {
    yield `it is verified with an error of ${verification.worst} of the tolerance`;
  }
}

function refuse(fact: string, options?: ErrorOptions): never {
  throw new FormatError(
    `Cannot read the summary in this link: ${fact}. Copy the whole link again.`,
    0,
    options,
  );
}
