/** Events of a benchmark run. They are plain data, since they come from a worker or a browser. */
import type { BenchmarkResult, CurvePoint, BackendName, WorkloadResult } from './result/schema.ts';

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
      /** Missing in phases for all workloads. */
      readonly workload?: string;
      readonly backend?: BackendName;
      /** Starts at 1; missing in phases for all blocks. */
      readonly block?: number;
      /** In phase `measure`; starts at 1. */
      readonly round?: number;
      /** Completed share of the run, 0 to 1; never decreases. */
      readonly done: number;
    }
  | {
      readonly type: 'repeat';
      readonly workload: string;
      readonly backend: BackendName;
      readonly round: number;
      readonly samplesPerSecond: number;
    }
  | {
      readonly type: 'point';
      readonly workload: string;
      readonly backend: BackendName;
      readonly point: CurvePoint;
    }
  | { readonly type: 'workload'; readonly result: WorkloadResult }
  /** After each workload: the result so far. */
  | { readonly type: 'result'; readonly result: BenchmarkResult };
