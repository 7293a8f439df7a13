/** A result in little: what a short link carries, as nested lists without names. */
import * as v from 'valibot';

import { FormatError } from '../../errors.ts';
import { adapterName } from '../../gpu/adapter.ts';
import { rounded } from './rounding.ts';
import {
  ownBackends,
  backends as allBackends,
  type BenchmarkResult,
  type Estimate,
  type Flag,
  type OwnBackendName,
  type Score,
  type BackendName,
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
  readonly flags: readonly SummaryFlag[];
  /** Missing where no GPU ran. */
  readonly verification?: { readonly isVerified: boolean; readonly worst: number };
}

export interface SummaryScore extends Estimate {
  readonly backend: OwnBackendName;
  readonly class: Score['class'];
  readonly isComplete: boolean;
}

export interface SummaryWorkload {
  readonly name: string;
  /** Samples/s. */
  readonly series: readonly (Estimate & { readonly backend: BackendName })[];
  /** The GPU over the CPU, block by block; missing where not both ran. */
  readonly ratio?: Estimate;
}

export interface SummaryFlag {
  readonly kind: Flag['kind'];
  readonly isVoid: boolean;
  readonly workload?: string;
  readonly backend?: BackendName;
}

/** How much of a result its summary has. */
export interface Sparing {
  readonly backends: readonly BackendName[];
  readonly workloads: number;
  readonly flags: number;
  /** Characters of each name. */
  readonly characters: number;
}

/** Each smaller than the one before; the last fits into a short link whatever the result. */
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

const text = v.pipe(v.string(), v.maxLength(60));
const flag = v.picklist([0, 1]);
const rate = v.pipe(v.number(), v.finite(), v.gtValue(0));
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
/** A place in a list, or −1 for none. */
const place = v.pipe(v.number(), v.safeInteger(), v.minValue(-1));
const list = <const Item extends v.GenericSchema>(item: Item, max: number) =>
  v.pipe(v.array(item), v.maxLength(max));
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

const estimate = [rate, rate, rate] as const;

/** Backends by their place in `backends` of the schema, flags by theirs in `flagKinds`, workloads by theirs in the summary. */
const packedSchema = v.strictTuple([
  v.literal(format),
  /** Minutes since 1970; until the year 9999. */
  v.pipe(count, v.maxValue(4_223_371_680)),
  text,
  text,
  /** Name, system, threads, name of the adapter or '', whether that is software. */
  v.strictTuple([text, text, count, text, flag]),
  /** Backend, middle, low, high, whether it is complete. */
  list(v.strictTuple([count, ...estimate, flag]), ownBackends.length),
  /** Name, then backend, middle, low and high of each, then the ratio or nothing. */
  list(
    v.strictTuple([
      text,
      list(v.strictTuple([count, ...estimate]), allBackends.length),
      v.union([v.strictTuple([...estimate]), v.strictTuple([])]),
    ]),
    20,
  ),
  /** Kind, whether it voids, workload, backend. */
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
  const { startedAt, nudge, data, environment, scores, flags } = result;
  const { adapter, name, system, threads } = environment;
  const shown = (words: string) => plainText(words, sparing.characters);
  const flagOf = (is: boolean) => (is ? 1 : 0);
  const placeOf = (backend: BackendName) => allBackends.indexOf(backend);
  const numbers = ({ middle, low, high }: Estimate) => [middle, low, high] as const;
  const workloads = result.workloads.slice(0, sparing.workloads);
  const checks = result.workloads.flatMap(({ verification }) => verification ?? []);
  // Those that void a score first.
  const chosen = [...flags].sort((a, b) => Number(b.isVoid) - Number(a.isVoid));
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
    scores.map((score) => [placeOf(score.backend), ...numbers(score), flagOf(score.isComplete)]),
    workloads.map((workload) => {
      const ratio = gpuOverCpu(workload);
      return [
        shown(workload.name),
        workload.series
          .filter(({ backend }) => sparing.backends.includes(backend))
          .map((series) => [placeOf(series.backend), ...numbers(series.estimate)]),
        ratio ? [...numbers(ratio)] : [],
      ];
    }),
    chosen
      .slice(0, sparing.flags)
      .map(({ kind, isVoid, workload, backend }) => [
        flagKinds.indexOf(kind),
        flagOf(isVoid),
        workloads.findIndex((one) => one.name === workload),
        backend === undefined ? -1 : placeOf(backend),
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
  const [, minutes, version, data, machine, scores, workloads, flags, [isVerified, worst]] = packed;
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
    scores: scores.map(([backend, middle, low, high, isComplete]) => ({
      backend: nameAt(ownBackends, backend),
      middle,
      low,
      high,
      class:
        nameAt(ownBackends, backend) !== 'webgpu' ? 'cpu' : isSoftware ? 'software' : 'hardware',
      isComplete: isComplete === 1,
    })),
    workloads: workloads.map(([workload, series, [middle, low, high]]) => ({
      name: plainText(workload),
      series: series.map(([backend, ...numbers]) => ({
        backend: nameAt(allBackends, backend),
        middle: numbers[0],
        low: numbers[1],
        high: numbers[2],
      })),
      ...(middle !== undefined && { ratio: { middle, low: low!, high: high! } }),
    })),
    flags: flags.map(([kind, isVoid, workload, backend]) => ({
      kind: nameAt(flagKinds, kind),
      isVoid: isVoid === 1,
      ...(workload >= 0 && { workload: nameAt(workloads, workload)[0] }),
      ...(backend >= 0 && { backend: nameAt(allBackends, backend) }),
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
  const { scores, workloads, flags, machine, verification } = summary;
  yield* repetitions(
    'scores',
    scores.map(({ backend }) => backend),
  );
  yield* repetitions(
    'workloads',
    workloads.map(({ name }) => name),
  );
  for (const { name, series, ratio } of workloads) {
    yield* repetitions(
      `the backends of workload '${name}'`,
      series.map(({ backend }) => backend),
    );
    for (const one of series) yield* disorder(`'${one.backend}' of workload '${name}'`, one);
    if (ratio) yield* disorder(`the ratio of workload '${name}'`, ratio);
  }
  for (const score of scores) {
    yield* disorder(`the score of '${score.backend}'`, score);
    const isVoid = flags.some(
      (flag) => flag.isVoid && (flag.backend === undefined || flag.backend === score.backend),
    );
    if (isVoid) yield `the score of '${score.backend}' is there, and a flag voids it`;
    if (score.backend !== 'webgpu') continue;
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
