/** Decides whether a benchmark result is reliable: verified, complete and not void. */
import { backendNames, isOwn } from '../../benchmark/result/backends.ts';
import type { BenchmarkResult } from '../../benchmark/result/schema.ts';
import { backendsOf, findWorkload } from '../../benchmark/workloads.ts';

/** Whether the exit code is 0. */
export function isSound(result: BenchmarkResult): boolean {
  return (
    problemsOf(result).length === 0 &&
    result.flags.every(({ isVoid }) => !isVoid) &&
    result.workloads.every(({ verification }) => verification?.isVerified ?? true)
  );
}

/** The missing parts of a result, one sentence each. Flags and verification are reported elsewhere. */
export function problemsOf({ environment, settings, workloads, flags }: BenchmarkResult): string[] {
  const problems: string[] = [];
  if (environment.noAdapter !== undefined) {
    problems.push(
      'Not verified: there was no GPU. To measure the CPU only, use --backends cpu-1 cpu.',
    );
  }
  // A failure of another library does not affect nudge's own results.
  const own = settings.backends.filter(isOwn);
  const missing = settings.workloads.flatMap((name) => {
    const found = workloads.find((workload) => workload.name === name);
    if (!found) return [name];
    const known = findWorkload(name);
    return (known ? backendsOf(known, own) : own)
      .filter((backend) => !found.series.some((series) => series.backend === backend))
      .map((backend) => `${name} on ${backendNames[backend]}`);
  });
  // The flag of a stopped run already says what is missing.
  const isStopped = flags.some(({ kind }) => kind === 'stopped');
  if (missing.length > 0 && !isStopped) problems.push(`Incomplete: ${missing.join('; ')}.`);
  const unchecked = workloads.filter(
    ({ series, verification }) =>
      !verification && series.some(({ backend }) => backend === 'webgpu'),
  );
  if (unchecked.length > 0) {
    problems.push(`Not verified: ${unchecked.map(({ name }) => name).join(', ')}.`);
  }
  return problems;
}
