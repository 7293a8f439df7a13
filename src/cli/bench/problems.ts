/** Whether a benchmark's result is one to rely on: verified, complete, and void for no reason. */
import type { BenchmarkResult } from '../../benchmark/result/schema.ts';
import { isOwn, backendNames } from '../../benchmark/result/backends.ts';
import { findWorkload, backendsOf } from '../../benchmark/workloads.ts';

/** Whether the exit status is to be 0. */
export function isSound(result: BenchmarkResult): boolean {
  return (
    problemsOf(result).length === 0 &&
    result.flags.every(({ isVoid }) => !isVoid) &&
    result.workloads.every(({ verification }) => verification?.isVerified ?? true)
  );
}

/** What is missing from a result, a sentence each; what its flags and verification say is not said again. */
export function problemsOf(result: BenchmarkResult): string[] {
  const { environment, settings, workloads, flags } = result;
  const problems: string[] = [];
  if (environment.noAdapter !== undefined) {
    problems.push(
      'Not verified: there was no GPU. Where none is wanted, leave it out with --backends cpu-1 cpu.',
    );
  }
  // Another library that fails takes nothing from what nudge did.
  const own = settings.backends.filter(isOwn);
  const missing = settings.workloads.flatMap((name) => {
    const found = workloads.find((workload) => workload.name === name);
    if (!found) return [name];
    const known = findWorkload(name);
    return (known ? backendsOf(known, own) : own)
      .filter((backend) => !found.series.some((series) => series.backend === backend))
      .map((backend) => `${name} on ${backendNames[backend]}`);
  });
  // Of a run that was stopped, its flag says how much is missing.
  const isStopped = flags.some(({ kind }) => kind === 'stopped');
  if (missing.length > 0 && !isStopped)
    problems.push(`Not complete, missing: ${missing.join('; ')}.`);
  const unchecked = workloads.filter(
    ({ series, verification }) =>
      !verification && series.some(({ backend }) => backend === 'webgpu'),
  );
  if (unchecked.length > 0) {
    problems.push(`Not verified: ${unchecked.map(({ name }) => name).join(', ')}.`);
  }
  return problems;
}
