/** Whether two results were measured alike, and if not, why a ratio of the two says nothing, or less than it seems. */
import type { BenchmarkResult, WorkloadResult } from './schema.ts';
import { describeFlag, flagNames, plainText } from './words.ts';

/** In each of the two, so that a sentence can say which. */
const ordinals = ['first', 'second'] as const;

/**
 * What forbids a verdict, in sentences; none where the two are comparable.
 * @param matches pairs of series of nudge's own backends that both have
 */
export function findObstacles(
  before: BenchmarkResult,
  after: BenchmarkResult,
  matches: number,
): string[] {
  return [
    ...(matches === 0
      ? ['The two have no workload in common that nudge trained on the same backend.']
      : []),
    ...dataObstacles(before, after),
    ...definitionObstacles(before, after),
    ...adapterObstacles(before, after),
    ...blockObstacles(before, after),
    ...[before, after].flatMap((result, n) => ownObstacles(result, ordinals[n]!)),
  ];
}

function dataObstacles(before: BenchmarkResult, after: BenchmarkResult): string[] {
  const [first, second] = [before, after].map(
    ({ data }) => `${plainText(data.name)}, SHA-256 ${data.sha256.slice(0, 12)}…`,
  );
  return before.data.sha256 === after.data.sha256
    ? []
    : [`They trained on other data: the first on ${first!}, the second on ${second!}.`];
}

function definitionObstacles(before: BenchmarkResult, after: BenchmarkResult): string[] {
  return before.workloads.flatMap((first) => {
    const second = after.workloads.find(({ name }) => name === first.name);
    const differences = second ? definitionDifferences(first, second) : [];
    return differences.length === 0
      ? []
      : [`Workload '${plainText(first.name)}' is not the same in both: ${differences.join('; ')}.`];
  });
}

/** 'batchSize is 100 and 128' */
function definitionDifferences(before: WorkloadResult, after: WorkloadResult): string[] {
  const names = ['layers', 'activation', 'output', 'cost', 'batchSize', 'learningRate'] as const;
  return names.flatMap((name) => {
    const [first, second] = [before, after].map((one) => plainText(String(one[name])));
    return first === second ? [] : [`${name} is ${first!} and ${second!}`];
  });
}

function adapterObstacles(before: BenchmarkResult, after: BenchmarkResult): string[] {
  const [first, second] = [before, after].map((result) =>
    result.workloads.some(({ series }) => series.some(({ backend }) => backend === 'webgpu'))
      ? result.environment.adapter?.isSoftware
      : undefined,
  );
  if (first === undefined || second === undefined || first === second) return [];
  const name = (isSoftware: boolean) => (isSoftware ? 'a software adapter' : 'a hardware adapter');
  return [
    `The GPU of the first is ${name(first)} and that of the second ${name(second)}: one of them computes on the CPU.`,
  ];
}

/** Nothing to tell a difference from chance by. */
function blockObstacles(before: BenchmarkResult, after: BenchmarkResult): string[] {
  const without = [before, after].findIndex(({ blocks }) => blocks.length === 0);
  if (without >= 0) {
    return [
      `The ${ordinals[without]!} was made by an older nudge, which measured all in one worker: it does not say how much a rerun differs.`,
    ];
  }
  const single = [before, after].findIndex(({ settings }) => settings.blocks < 2);
  return single < 0
    ? []
    : [
        `The ${ordinals[single]!} has a single block, which cannot tell a difference from chance. Measure with 5 blocks or more.`,
      ];
}

/** Flags of a machine that was not left alone: the figures stand, and a comparison says nothing of nudge. */
const disturbing: readonly string[] = ['busy'];

/** What is wrong with one of the two by itself. */
function ownObstacles({ workloads, flags }: BenchmarkResult, which: string): string[] {
  const unverified = workloads
    .filter(({ verification, series }) =>
      verification ? !verification.isVerified : series.some(({ backend }) => backend === 'webgpu'),
    )
    .map(({ name }) => `'${plainText(name)}'`);
  const voiding = flags.filter(({ isVoid }) => isVoid);
  const [first] = voiding;
  const count = voiding.length === 1 ? 'a flag that voids' : `${voiding.length} flags that void`;
  return [
    ...(unverified.length === 0
      ? []
      : [`The GPU of the ${which} is not verified on ${unverified.join(', ')}.`]),
    ...(first ? [`The ${which} has ${count} it. ${describeFlag(first)}`] : []),
    ...flags
      .filter(({ kind, isVoid }) => !isVoid && disturbing.includes(kind))
      .slice(0, 1)
      .map((flag) => `The ${which} was measured on a busy machine. ${describeFlag(flag)}`),
  ];
}

/** What to bear in mind with a verdict. */
export function findReservations(before: BenchmarkResult, after: BenchmarkResult): string[] {
  if (JSON.stringify(before) === JSON.stringify(after)) {
    return ['Both are the same result: nothing but 1 can come out.'];
  }
  return [
    ...differences(before, after),
    ...missingWorkloads(before, after),
    ...[before, after].flatMap((result, n) => weaknesses(result, ordinals[n]!)),
  ];
}

function differences(before: BenchmarkResult, after: BenchmarkResult): string[] {
  const facts: Readonly<Record<string, (result: BenchmarkResult) => string>> = {
    'versions of nudge': ({ nudge: { version, commit } }) =>
      commit === undefined ? version : `${version} (${commit})`,
    runtimes: ({ environment }) => environment.name,
    systems: ({ environment }) => environment.system,
    adapters: ({ environment: { adapter } }) =>
      adapter
        ? `${adapter.vendor} ${adapter.architecture} ${adapter.description}`.trim() || 'unnamed'
        : 'none',
    'numbers of threads': ({ environment }) => String(environment.threads),
    'lengths of a repeat': ({ settings }) => `${settings.repeatSeconds} s`,
    seeds: ({ settings }) => String(settings.seed),
  };
  return Object.entries(facts).flatMap(([what, read]) => {
    const [first, second] = [before, after].map((result) => plainText(read(result)));
    return first === second ? [] : [`Their ${what} differ: ${first!} and ${second!}.`];
  });
}

function missingWorkloads(before: BenchmarkResult, after: BenchmarkResult): string[] {
  const names = [before, after].map(({ workloads }) => workloads.map(({ name }) => name));
  return ordinals.flatMap((which, n) => {
    const alone = names[n]!.filter((name) => !names[1 - n]!.includes(name));
    return alone.length === 0
      ? []
      : [`Only the ${which} has ${alone.map((name) => `'${plainText(name)}'`).join(', ')}.`];
  });
}

function weaknesses({ flags }: BenchmarkResult, which: string): string[] {
  const kinds = new Set(flags.filter(({ isVoid }) => !isVoid).map(({ kind }) => flagNames[kind]));
  return [...(kinds.size > 0 ? [`The ${which} has flags: ${[...kinds].join(', ')}.`] : [])];
}
