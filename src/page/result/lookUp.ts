/** Finds parts of a result. */
import { backends as allBackends } from '../../benchmark/result/backends.ts';
import type {
  BackendName,
  BenchmarkResult,
  Series,
  WorkloadResult,
} from '../../benchmark/result/schema.ts';
import { findWorkload } from '../../benchmark/workloads.ts';

/** undefined if the backend did not run this workload. */
export function seriesOf(workload: WorkloadResult, backend: BackendName): Series | undefined {
  return workload.series.find((series) => series.backend === backend);
}

/** A table cell for each backend; '–' if it did not run. */
export function cellsOf(
  workload: WorkloadResult,
  backends: readonly BackendName[],
  format: (series: Series) => string,
): readonly string[] {
  return backends.map((backend) => {
    const series = seriesOf(workload, backend);
    return series ? format(series) : '–';
  });
}

/** The backends that ran anything, in the order in which they are shown. */
export function backendsOf({ workloads }: BenchmarkResult): readonly BackendName[] {
  return allBackends.filter((backend) => workloads.some((one) => seriesOf(one, backend)));
}

/** The workloads that differ in size, from the smallest to the largest. */
export function ladderOf({ workloads }: BenchmarkResult): readonly WorkloadResult[] {
  return workloads
    .filter(({ name }) => findWorkload(name)?.group !== 'batch')
    .sort((a, b) => a.parameterCount - b.parameterCount);
}

/** The workloads that differ in the mini-batch only, from the smallest to the largest; empty if there are fewer than two. */
export function batchSweepOf({ workloads }: BenchmarkResult): readonly WorkloadResult[] {
  const first = workloads.find(({ name }) => findWorkload(name)?.group === 'batch');
  const same = workloads.filter(({ layers }) => String(layers) === String(first?.layers));
  return same.length < 2 ? [] : same.sort((a, b) => a.batchSize - b.batchSize);
}

/** Whether the GPU was a software adapter, which computes on the CPU. */
export function isSoftware({ environment }: BenchmarkResult): boolean {
  return environment.adapter?.isSoftware === true;
}
