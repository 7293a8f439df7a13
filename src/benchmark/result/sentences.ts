/** Sentences about a result that the terminal, Markdown and the page share. */
import { boundNames, describeFraction, type Bound } from '../limit.ts';
import { measuredMachines, referenceMachine } from '../score.ts';
import type { BenchmarkResult, Ratio, Series, BackendName, WorkloadResult } from './schema.ts';
import { formatCount, plainText, backendNames } from './words.ts';

/** Speed of the GPU relative to the faster CPU backend; undefined unless both ran. */
export function gpuOverCpu({ ratios, series }: WorkloadResult): Ratio | undefined {
  const rate = (backend: BackendName) =>
    series.find((one) => one.backend === backend)?.estimate.middle ?? 0;
  const over = rate('cpu-1') > rate('cpu') ? 'cpu-1' : 'cpu';
  return ratios.find((ratio) => ratio.of === 'webgpu' && ratio.over === over);
}

/** '2 threads', '1 thread', '1 or 2 threads'. */
export function describeThreads(threads: readonly number[]): string {
  const distinct = [...new Set(threads)].sort((a, b) => a - b);
  return `${distinct.join(' or ')} ${distinct.join() === '1' ? 'thread' : 'threads'}`;
}

/** 'CPU, 2 threads': includes the thread count that the engine chose in these series. */
export function backendTitle(backend: BackendName, series: readonly Series[]): string {
  const threads = series.flatMap((one) => (one.backend === backend ? (one.threads ?? []) : []));
  if (backend !== 'cpu' || threads.length === 0) return backendNames[backend];
  // 'CPU, 1 thread' is the title of the backend that always has one thread.
  return Math.max(...threads) === 1 ? 'CPU, chose 1 thread' : `CPU, ${describeThreads(threads)}`;
}

/** Names the limits of the GPU: one sentence for each limit, with its workloads. */
export function bottleneckSentences({ workloads }: BenchmarkResult): string[] {
  const byBound = new Map<Bound, { readonly name: string; readonly fraction: number }[]>();
  for (const { name, series } of workloads) {
    const limit = series.find(({ backend }) => backend === 'webgpu')?.limit;
    if (!limit) continue;
    const same = byBound.get(limit.bound) ?? [];
    byBound.set(limit.bound, [...same, { name: plainText(name), fraction: limit.fraction }]);
  }
  return [...byBound].map(([bound, some]) => {
    const names = enumerate(some.map(({ name }) => name));
    const share = range(some.map(({ fraction }) => fraction));
    const why = bound === 'none' ? 'no single limit dominates' : `limited by ${boundNames[bound]}`;
    return `${names}: ${why}. The GPU reached ${share} of what its own limits allow.`;
  });
}

/** '12 %', '12 to 34 %' */
function range(shares: readonly number[]): string {
  const [low, high] = [Math.min(...shares), Math.max(...shares)].map(describeFraction);
  return low === high ? low! : `${low!.replace(' %', '')} to ${high!}`;
}

/** 'a', 'a and b', 'a, b and c' */
function enumerate(names: readonly string[]): string {
  return names.length < 2
    ? names.join('')
    : `${names.slice(0, -1).join(', ')} and ${names.at(-1)!}`;
}

/** Explains the unit of scores, with examples. */
export function scaleSentence(): string {
  const others = measuredMachines.map(({ name, score }) => `${name}, ${formatCount(score)}`);
  return `1000 is the speed of ${referenceMachine.name}; 2000 is twice as fast. Measured so far: ${others.join('; ')}.`;
}

/** Explains what the intervals cover. */
export function intervalSentence({ blocks }: BenchmarkResult): string {
  const count = blocks.length;
  if (count === 0) {
    return 'Ranges are 95 % intervals of the noise within the run; a rerun can differ more.';
  }
  if (count === 1)
    return 'The run had only one block, so it does not show how much a rerun differs.';
  return (
    `Ranges are 95 % intervals from ${count} blocks, each in a fresh worker with a fresh device. They cover a rerun minutes later on the same machine, ` +
    'but not other drivers, temperatures or days.'
  );
}
