/** The page's side of a lab: the benchmark's blocks are measured in workers, and decided upon in the page. */
import type {
  AccuracyTask,
  Lab,
  LabContext,
  LabFacts,
  LabOpening,
  LabTask,
} from '../../benchmark/lab.ts';
import type { Pulse } from '../../benchmark/pulse.ts';
import type { TimeToAccuracy } from '../../benchmark/result/schema.ts';
import { runBenchmark, type BenchmarkOptions } from '../../benchmark/runBenchmark.ts';
import type { BenchmarkResult } from '../../benchmark/result/schema.ts';
import type { JobData } from '../../benchmark/trainJob.ts';
import type { WorkloadOutcome } from '../../benchmark/workloadRun.ts';
import type { MeasuredLimits } from '../../gpu/probes/probeAdapter.ts';
import { BenchmarkWorker, type AskBeyond } from './benchmarkWorker.ts';

export interface PageRunOptions extends Omit<BenchmarkOptions, 'openLab' | 'training' | 'test'> {
  readonly data: JobData;
  /** Whether the page found an adapter. */
  readonly hasGpu: boolean;
  /** Missing where no program drives the page. */
  readonly askBeyond?: AskBeyond;
}

/** {@link runBenchmark}, with a fresh worker for each block. */
export async function runInWorkers({
  data,
  hasGpu,
  askBeyond,
  ...options
}: PageRunOptions): Promise<BenchmarkResult> {
  const { hidden } = options;
  return await runBenchmark({
    ...options,
    ...data,
    openLab: async () =>
      new RemoteLab(await BenchmarkWorker.start(hasGpu, askBeyond), data, hidden),
  });
}

class RemoteLab implements Lab {
  readonly #worker: BenchmarkWorker;
  readonly #data: JobData;
  readonly #hidden: AbortSignal | undefined;
  readonly #hide = () => this.#worker.hide();

  constructor(worker: BenchmarkWorker, data: JobData, hidden: AbortSignal | undefined) {
    this.#worker = worker;
    this.#data = data;
    this.#hidden = hidden;
    hidden?.addEventListener('abort', this.#hide);
    if (hidden?.aborted === true) this.#hide();
  }

  async open(opening: LabOpening): Promise<LabFacts> {
    return await this.#worker.call('open', { ...opening, ...this.#data });
  }

  async watch(looks: number): Promise<readonly Pulse[]> {
    return await this.#worker.call('watch', looks);
  }

  async probe(context: LabContext): Promise<MeasuredLimits | undefined> {
    return await this.#worker.call('probe', undefined, context);
  }

  async measure(task: LabTask, context: LabContext): Promise<WorkloadOutcome> {
    return await this.#worker.call('measure', task, context);
  }

  async trainToAccuracy(
    task: AccuracyTask,
    context: LabContext,
  ): Promise<readonly TimeToAccuracy[]> {
    return await this.#worker.call('trainToAccuracy', task, context);
  }

  close(): void {
    this.#hidden?.removeEventListener('abort', this.#hide);
    this.#worker.end();
  }
}
