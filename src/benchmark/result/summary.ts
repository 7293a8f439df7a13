/** A result in little: what a short link carries, as nested lists without names. */
import * as v from 'valibot';

import { FormatError } from '../../errors.ts';
import { adapterName } from '../../gpu/adapter.ts';
import { rounded } from './rounding.ts';
import {
  ownSides,
  sides as allSides,
  type BenchmarkResult,
  type Estimate,
  type Mark,
  type OwnSideName,
  type Score,
  type SideName,
} from './schema.ts';
import { gpuOverCpu } from './sentences.ts';
import { plainText } from './words.ts';

export interface ResultSummary {
  /** To the minute. */
  readonly startedAt: Date;
  /** nudge's. */
  readonly version: string;
  /** Name of the data. */
  readonly data: string;
  readonly machine: {
    readonly name: string;
    readonly system: string;
    readonly threads: number;
    /** Name of the adapter; missing where there was none. */
    readonly gpu?: string;
    readonly isSoftware: boolean;
  };
  readonly scores: readonly SummaryScore[];
  readonly workloads: readonly SummaryWorkload[];
  readonly marks: readonly SummaryMark[];
  /** Missing where no GPU ran. */
  readonly verification?: { readonly isVerified: boolean; readonly worst: number };
}

export interface SummaryScore extends Estimate {
  readonly side: OwnSideName;
  readonly class: Score['class'];
  readonly isComplete: boolean;
}

export interface SummaryWorkload {
  readonly name: string;
  /** Samples/s. */
  readonly series: readonly (Estimate & { readonly side: SideName })[];
  /** The GPU over the CPU, block by block; missing where not both ran. */
  readonly ratio?: Estimate;
}

export interface SummaryMark {
  readonly kind: Mark['kind'];
  readonly isVoid: boolean;
  readonly workload?: string;
  readonly side?: SideName;
}

/** How much of a result its summary has. */
export interface Sparing {
  readonly sides: readonly SideName[];
  readonly workloads: number;
  readonly marks: number;
  /** Characters of each name. */
  readonly characters: number;
}

/** Each smaller than the one before; the last fits into a short link whatever the result. */
export const sparings: readonly Sparing[] = [
  { sides: allSides, workloads: 20, marks: 30, characters: 60 },
  { sides: ownSides, workloads: 12, marks: 12, characters: 60 },
  { sides: ownSides, workloads: 8, marks: 6, characters: 30 },
  { sides: ownSides, workloads: 2, marks: 2, characters: 12 },
];

const format = 1;
const minuteMs = 60_000;
/** Significant digits; tables show three. */
const digits = 4;

const text = v.pipe(v.string(), v.maxLength(60));
const flag = v.picklist([0, 1]);
const rate = v.pipe(v.number(), v.finite(), v.gtValue(0));
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
/** A place in a list, or −1 for none. */
const place = v.pipe(v.number(), v.safeInteger(), v.minValue(-1));
const list = <const Item extends v.GenericSchema>(item: Item, most: number) =>
  v.pipe(v.array(item), v.maxLength(most));
const markKinds = [
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
] as const satisfies readonly Mark['kind'][];

const estimate = [rate, rate, rate] as const;

/** Sides by their place in `sides` of the schema, marks by theirs in `markKinds`, workloads by theirs in the summary. */
const packedSchema = v.strictTuple([
  v.literal(format),
  /** Minutes since 1970; until the year 9999. */
  v.pipe(count, v.maxValue(4_223_371_680)),
  text,
  text,
  /** Name, system, threads, name of the adapter or '', whether that is software. */
  v.strictTuple([text, text, count, text, flag]),
  /** Side, middle, low, high, whether it is complete. */
  list(v.strictTuple([count, ...estimate, flag]), ownSides.length),
  /** Name, then side, middle, low and high of each, then the ratio or nothing. */
  list(
    v.strictTuple([
      text,
      list(v.strictTuple([count, ...estimate]), allSides.length),
      v.union([v.strictTuple([...estimate]), v.strictTuple([])]),
    ]),
    20,
  ),
  /** Kind, whether it voids, workload, side. */
  list(v.strictTuple([count, flag, place, place]), 30),
  /** Whether it is verified, and the worst error, or nothing. */
  v.union([
    v.strictTuple([flag, v.pipe(v.number(), v.finite(), v.minValue(0))]),
    v.strictTuple([]),
  ]),
]);

type Packed = v.InferOutput<typeof packedSchema>;

/** @returns JSON */
export function packSummary(result: BenchmarkResult, sparing: Sparing): string {
  const { startedAt, nudge, data, environment, scores, marks } = result;
  const { adapter, name, system, threads } = environment;
  const shown = (words: string) => plainText(words, sparing.characters);
  const flagOf = (is: boolean) => (is ? 1 : 0);
  const placeOf = (side: SideName) => allSides.indexOf(side);
  const numbers = ({ middle, low, high }: Estimate) => [middle, low, high] as const;
  const workloads = result.workloads.slice(0, sparing.workloads);
  const checks = result.workloads.flatMap(({ verification }) => verification ?? []);
  // Those that void a score first.
  const chosen = [...marks].sort((a, b) => Number(b.isVoid) - Number(a.isVoid));
  const packed: Packed = [
    format,
    Math.floor(Date.parse(startedAt) / minuteMs) || 0,
    shown(nudge.version),
    shown(data.name),
    [
      shown(name),
      shown(system),
      threads,
      adapter ? shown(adapterName(adapter)) : '',
      flagOf(adapter?.isSoftware === true),
    ],
    scores.map((score) => [placeOf(score.side), ...numbers(score), flagOf(score.isComplete)]),
    workloads.map((workload) => {
      const ratio = gpuOverCpu(workload);
      return [
        shown(workload.name),
        workload.series
          .filter(({ side }) => sparing.sides.includes(side))
          .map((series) => [placeOf(series.side), ...numbers(series.estimate)]),
        ratio ? [...numbers(ratio)] : [],
      ];
    }),
    chosen
      .slice(0, sparing.marks)
      .map(({ kind, isVoid, workload, side }) => [
        markKinds.indexOf(kind),
        flagOf(isVoid),
        workloads.findIndex((one) => one.name === workload),
        side === undefined ? -1 : placeOf(side),
      ]),
    checks.length === 0
      ? []
      : [
          flagOf(checks.every(({ isVerified }) => isVerified)),
          Math.max(...checks.map(({ worst }) => worst)),
        ],
  ];
  return JSON.stringify(rounded(packed, digits));
}

/**
 * Reads a summary that comes from anywhere.
 * @throws {FormatError} for text of another shape, and for figures that contradict each other
 */
export function readSummary(json: string): ResultSummary {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    refuse('it is no JSON', { cause });
  }
  if (Array.isArray(value) && value[0] !== format) {
    refuse(
      `its version is ${plainText(String(value[0]), 20)}, and this nudge reads version ${format}`,
    );
  }
  const { success, output } = v.safeParse(packedSchema, value, { abortEarly: true });
  if (!success) refuse('it does not have the parts of a summary');
  const summary = unpackSummary(output);
  const contradiction = contradictions(summary).next();
  if (contradiction.done !== true) refuse(contradiction.value);
  return summary;
}

function unpackSummary(packed: Packed): ResultSummary {
  const [, minutes, version, data, machine, scores, workloads, marks, [isVerified, worst]] = packed;
  const [name, system, threads, gpu, software] = machine;
  const isSoftware = software === 1;
  return {
    startedAt: new Date(minutes * minuteMs),
    version: plainText(version),
    data: plainText(data),
    machine: {
      name: plainText(name),
      system: plainText(system),
      threads,
      ...(gpu !== '' && { gpu: plainText(gpu) }),
      isSoftware,
    },
    scores: scores.map(([side, middle, low, high, isComplete]) => ({
      side: nameAt(ownSides, side),
      middle,
      low,
      high,
      class: nameAt(ownSides, side) !== 'webgpu' ? 'cpu' : isSoftware ? 'software' : 'hardware',
      isComplete: isComplete === 1,
    })),
    workloads: workloads.map(([workload, series, [middle, low, high]]) => ({
      name: plainText(workload),
      series: series.map(([side, ...numbers]) => ({
        side: nameAt(allSides, side),
        middle: numbers[0],
        low: numbers[1],
        high: numbers[2],
      })),
      ...(middle !== undefined && { ratio: { middle, low: low!, high: high! } }),
    })),
    marks: marks.map(([kind, isVoid, workload, side]) => ({
      kind: nameAt(markKinds, kind),
      isVoid: isVoid === 1,
      ...(workload >= 0 && { workload: nameAt(workloads, workload)[0] }),
      ...(side >= 0 && { side: nameAt(allSides, side) }),
    })),
    ...(isVerified !== undefined && {
      verification: { isVerified: isVerified === 1, worst: worst! },
    }),
  };
}

function nameAt<Name>(names: readonly Name[], place: number): Name {
  const name = names[place];
  if (name === undefined) refuse(`it names number ${place} of ${names.length}`);
  return name;
}

/** What a summary must keep to beyond its shape. */
function* contradictions(summary: ResultSummary): Generator<string, undefined> {
  const { scores, workloads, marks, machine, verification } = summary;
  yield* repetitions(
    'scores',
    scores.map(({ side }) => side),
  );
  yield* repetitions(
    'workloads',
    workloads.map(({ name }) => name),
  );
  for (const { name, series, ratio } of workloads) {
    yield* repetitions(
      `the sides of workload '${name}'`,
      series.map(({ side }) => side),
    );
    for (const one of series) yield* disorder(`'${one.side}' of workload '${name}'`, one);
    if (ratio) yield* disorder(`the ratio of workload '${name}'`, ratio);
  }
  for (const score of scores) {
    yield* disorder(`the score of '${score.side}'`, score);
    const isVoid = marks.some(
      (mark) => mark.isVoid && (mark.side === undefined || mark.side === score.side),
    );
    if (isVoid) yield `the score of '${score.side}' is there, and a mark voids it`;
    if (score.side !== 'webgpu') continue;
    if (machine.gpu === undefined) yield 'it has a score of the GPU, and no GPU';
    if (verification?.isVerified !== true) yield 'it has a score of the GPU, which is not verified';
  }
  if (verification?.isVerified === true && verification.worst > 1) {
    yield `it is verified with an error of ${verification.worst} of the tolerance`;
  }
  return undefined;
}

function* repetitions(what: string, names: readonly string[]): Generator<string> {
  const repeated = names.find((name, n) => names.indexOf(name) !== n);
  if (repeated !== undefined) yield `${what} have '${repeated}' twice`;
}

function* disorder(what: string, { middle, low, high }: Estimate): Generator<string> {
  if (!(low <= middle && middle <= high)) {
    yield `${what} is ${middle}, outside of its own interval from ${low} to ${high}`;
  }
}

function refuse(fact: string, options?: ErrorOptions): never {
  throw new FormatError(
    `This link carries no summary that can be read: ${fact}. Copy the whole link again.`,
    0,
    options,
  );
}
