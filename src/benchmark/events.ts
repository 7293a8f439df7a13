/** What a benchmark run tells while it goes on. Plain data: it crosses from a worker, and from a browser to Node. */
import type { BenchmarkResult, CurvePoint, BackendName, WorkloadResult } from './result/schema.ts';

/** What is being done. */
export type Phase =
  | 'prepare'
  | 'wait'
  | 'compile'
  | 'verify'
  | 'warm-up'
  | 'measure'
  | 'evaluate'
  | 'accuracy'
  | 'probe';

export type BenchmarkEvent =
  | {
      readonly type: 'phase';
      readonly phase: Phase;
      /** Missing for what is done once for all workloads. */
      readonly workload?: string;
      readonly backend?: BackendName;
      /** Counting from 1; missing for what is done once for all blocks. */
      readonly block?: number;
      /** Of `measure`, counting from 1. */
      readonly round?: number;
      /** Share of the whole run that is done, 0 to 1; never less than before. */
      readonly done: number;
    }
  | {
      /** One repeat of one backend is over. */
      readonly type: 'repeat';
      readonly workload: string;
      readonly backend: BackendName;
      readonly round: number;
      readonly samplesPerSecond: number;
    }
  | {
      /** Cost and accuracy, as the network learns. */
      readonly type: 'point';
      readonly workload: string;
      readonly backend: BackendName;
      readonly point: CurvePoint;
    }
  | { readonly type: 'workload'; readonly result: WorkloadResult }
  /** The result as it would be if the run were stopped now; after each workload. */
  | { readonly type: 'result'; readonly result: BenchmarkResult };
