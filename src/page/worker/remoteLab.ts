/** Runs the benchmark with each block in a fresh worker. */
import type { Lab } from '../../benchmark/lab.ts';
import type { BenchmarkResult } from '../../benchmark/result/schema.ts';
import { runBenchmark, type BenchmarkOptions } from '../../benchmark/runBenchmark.ts';
import type { JobData } from '../../benchmark/trainJob.ts';
import { startBenchmarkWorker, type AskBeyond, type BenchmarkWorker } from './benchmarkWorker.ts';

export interface PageRunOptions extends Omit<BenchmarkOptions, 'openLab' | 'training' | 'test'> {
  readonly data: JobData;
  /** Whether the page found an adapter. */
  readonly hasGpu: boolean;
  /** undefined if no program drives the page. */
  readonly askBeyond?: AskBeyond;
}

/** {@link runBenchmark} in workers. */
export async function runInWorkers({
  data,
  hasGpu,
  askBeyond,
  ...options
}: PageRunOptions): Promise<BenchmarkResult> {
  return await runBenchmark({
    ...options,
    ...data,
    openLab: async () =>
      remoteLab(await startBenchmarkWorker(hasGpu, askBeyond), data, options.hidden),
  });
}

function remoteLab(worker: BenchmarkWorker, data: JobData, hidden: AbortSignal | undefined): Lab {
  // If the worker has ended, nothing can be hidden from it.
  const hide = () => void worker.call('hide', undefined).catch(() => undefined);
  hidden?.addEventListener('abort', hide);
  if (hidden?.aborted === true) hide();
  return {
    open: (opening) => worker.call('open', { ...opening, ...data }),
    watch: (looks) => worker.call('watch', looks),
    probe: (context) => worker.call('probe', undefined, context),
    measure: (task, context) => worker.call('measure', task, context),
    trainToAccuracy: (task, context) => worker.call('trainToAccuracy', task, context),
    close: () => {
      hidden?.removeEventListener('abort', hide);
      worker.end();
    },
  };
}
