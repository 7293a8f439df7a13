/** Finding things in a result, by name. */
import type {
  BenchmarkResult,
  Ratio,
  Series,
  BackendName,
  WorkloadResult,
} from '../../benchmark/result/schema.ts';
import { backends as allBackends } from '../../benchmark/result/backends.ts';
import { findWorkload } from '../../benchmark/workloads.ts';

/** How `backend` did; undefined where it did not run. */
export function seriesOf(workload: WorkloadResult, backend: BackendName): Series | undefined {
  return workload.series.find((series) => series.backend === backend);
}

/** How many times `of` was as fast as `over`. */
export function ratioOf(
  workload: WorkloadResult,
  of: BackendName,
  over: BackendName,
): Ratio | undefined {
  return workload.ratios.find((ratio) => ratio.of === of && ratio.over === over);
}

/** The backends that ran anything, in the order in which they are shown. */
export function backendsOf({ workloads }: BenchmarkResult): readonly BackendName[] {
  const ran = new Set(workloads.flatMap(({ series }) => series.map(({ backend }) => backend)));
  return allBackends.filter((backend) => ran.has(backend));
}

/** The workloads that differ in size, from the smallest to the largest. */
export function ladderOf({ workloads }: BenchmarkResult): readonly WorkloadResult[] {
  return workloads
    .filter(({ name }) => findWorkload(name)?.group !== 'batch')
    .sort((a, b) => a.parameterCount - b.parameterCount);
}

/** The workloads that differ in nothing but the mini-batch, from the smallest to the largest; empty where there are no two. */
export function batchSweepOf({ workloads }: BenchmarkResult): readonly WorkloadResult[] {
  const first = workloads.find(({ name }) => findWorkload(name)?.group === 'batch');
  const same = workloads.filter(({ layers }) => String(layers) === String(first?.layers));
  return same.length < 2 ? [] : same.sort((a, b) => a.batchSize - b.batchSize);
}

/** Whether what counts as the GPU computed on the CPU. */
export function isSoftware({ environment }: BenchmarkResult): boolean {
  return environment.adapter?.isSoftware === true;
}

/** '784-16-16-10'. */
export function networkName({ layers }: WorkloadResult): string {
  return layers.join('-');
}
