/** Decides whether two results are comparable, and explains what prevents or weakens a comparison. */
import type { BenchmarkResult, Flag, WorkloadResult } from './schema.ts';
import { describeFlag, flagNames, plainText } from './words.ts';

type Pair = readonly [BenchmarkResult, BenchmarkResult];

const ordinals = ['first', 'second'] as const;

/**
 * Reasons against a verdict, in sentences; empty if the two results are comparable.
 * @param matches number of series of nudge's own backends that both results have
 */
export function findObstacles(pair: Pair, matches: number): string[] {
  return [...obstacles(pair, matches)];
}

function* obstacles(pair: Pair, matches: number): Generator<string> {
  const [before, after] = pair;
  if (matches === 0) yield 'The two have no workload in common that nudge trained on one backend.';
  if (before.data.sha256 !== after.data.sha256) {
    const [first, second] = pair.map(
      ({ data }) => `${plainText(data.name)}, SHA-256 ${data.sha256.slice(0, 12)}…`,
    );
    yield `They trained on different data: ${first!} and ${second!}.`;
  }
  for (const first of before.workloads) {
    const second = after.workloads.find(({ name }) => name === first.name);
    const differences = second ? definitionDifferences(first, second) : [];
    if (differences.length > 0) {
      yield `Workload '${plainText(first.name)}' is defined differently: ${differences.join('; ')}.`;
    }
  }
  const adapters = pair.map(({ workloads, environment }) =>
    workloads.some(ranOnGpu) ? environment.adapter?.isSoftware : undefined,
  );
  if (adapters.includes(true) && adapters.includes(false)) {
    const [first, second] = adapters.map((isSoftware) => (isSoftware ? 'software' : 'hardware'));
    yield `The first ran on a ${first!} adapter and the second on a ${second!} adapter. A software adapter computes on the CPU.`;
  }
  // Without several blocks, a difference cannot be told from chance.
  const old = pair.findIndex(({ blocks }) => blocks.length === 0);
  const single = pair.findIndex(({ settings }) => settings.blocks < 2);
  if (old >= 0) {
    yield `The ${ordinals[old]!} was made by an older nudge, which measured in one worker: it does not show how much a rerun differs.`;
  } else if (single >= 0) {
    yield `The ${ordinals[single]!} has only one block, so a difference cannot be told from chance. Measure at least 5 blocks.`;
  }
  for (const [n, result] of pair.entries()) yield* ownObstacles(result, ordinals[n]!);
}

/** 'batchSize is 100 and 128' */
function definitionDifferences(before: WorkloadResult, after: WorkloadResult): string[] {
  const fields = ['layers', 'activation', 'output', 'cost', 'batchSize', 'learningRate'] as const;
  return fields.flatMap((field) => {
    const [first, second] = [before, after].map((one) => plainText(String(one[field])));
    return first === second ? [] : [`${field} is ${first!} and ${second!}`];
  });
}

function ranOnGpu({ series }: WorkloadResult): boolean {
  return series.some(({ backend }) => backend === 'webgpu');
}

function* ownObstacles({ workloads, flags }: BenchmarkResult, which: string): Generator<string> {
  const unverified = workloads
    .filter((one) => (one.verification ? !one.verification.isVerified : ranOnGpu(one)))
    .map(({ name }) => `'${plainText(name)}'`);
  if (unverified.length > 0) {
    yield `The GPU of the ${which} is not verified on ${unverified.join(', ')}.`;
  }
  const voiding = flags.filter(({ isVoid }) => isVoid);
  if (voiding[0]) {
    const count = voiding.length === 1 ? 'a flag that voids' : `${voiding.length} flags that void`;
    yield `The ${which} has ${count} it. ${describeFlag(voiding[0])}`;
  }
  const busy = flags.find(({ kind, isVoid }) => !isVoid && kind === 'busy');
  if (busy) yield `The ${which} was measured on a busy machine. ${describeFlag(busy)}`;
}

/** Reasons to doubt a verdict, in sentences. */
export function findReservations(pair: Pair): string[] {
  const [before, after] = pair;
  return JSON.stringify(before) === JSON.stringify(after)
    ? ['Both are the same result.']
    : [...reservations(pair)];
}

const facts: Readonly<Record<string, (result: BenchmarkResult) => string>> = {
  'nudge versions': ({ nudge: { version, commit } }) =>
    commit === undefined ? version : `${version} (${commit})`,
  runtimes: ({ environment }) => environment.name,
  systems: ({ environment }) => environment.system,
  adapters: ({ environment: { adapter } }) =>
    adapter
      ? `${adapter.vendor} ${adapter.architecture} ${adapter.description}`.trim() || 'unnamed'
      : 'none',
  'thread counts': ({ environment }) => String(environment.threads),
  'repeat lengths': ({ settings }) => `${settings.repeatSeconds} s`,
  seeds: ({ settings }) => String(settings.seed),
};

function* reservations(pair: Pair): Generator<string> {
  for (const [what, read] of Object.entries(facts)) {
    const [first, second] = pair.map((result) => plainText(read(result)));
    if (first !== second) yield `Their ${what} differ: ${first!} and ${second!}.`;
  }
  const names = pair.map(({ workloads }) => workloads.map(({ name }) => name));
  for (const [n, which] of ordinals.entries()) {
    const alone = names[n]!.filter((name) => !names[1 - n]!.includes(name));
    const list = alone.map((name) => `'${plainText(name)}'`).join(', ');
    if (alone.length > 0) yield `Only the ${which} has ${list}.`;
  }
  for (const [n, { flags }] of pair.entries()) {
    const kinds = new Set(flags.filter(({ isVoid }: Flag) => !isVoid).map(({ kind }) => kind));
    const list = [...kinds].map((kind) => flagNames[kind]).join(', ');
    if (kinds.size > 0) yield `The ${ordinals[n]!} has flags: ${list}.`;
  }
}
