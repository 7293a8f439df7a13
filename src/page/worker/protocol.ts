/**
 * What the page and its worker say to each other. Everything is plain data that the browser copies; errors travel as
 * wire.ts writes them, so that they keep their class.
 */
import type { AccuracyTask, LabEvent, LabFacts, LabOpening, LabTask } from '../../benchmark/lab.ts';
import type { Pulse } from '../../benchmark/pulse.ts';
import type { TimeToAccuracy } from '../../benchmark/result/schema.ts';
import type { JobData } from '../../benchmark/trainJob.ts';
import type { VerificationReport } from '../../benchmark/verification/verify.ts';
import type { WorkloadOutcome } from '../../benchmark/workloadRun.ts';
import type { CheckEvent } from '../../benchmark/jobs.ts';
import type { MeasuredLimits } from '../../gpu/probes/probeAdapter.ts';
import type { PageDataSource } from '../pageData.ts';
import type { WireError } from '../wire.ts';

/** What a run trains on: what the page can find by itself, or files that the reader handed in. */
export type DataSource =
  | PageDataSource
  | {
      readonly kind: 'files';
      /** Of these files: the same number, the same files, which are then not read again. */
      readonly id: number;
      readonly files: readonly File[];
      /** Training samples at most. */
      readonly samples: number;
    };

/** What was loaded, in little. */
export interface DataDescription {
  /** Of the training set. */
  readonly name: string;
  readonly trainingCount: number;
  readonly testCount: number;
  /** The first samples of the training set, at most 200. */
  readonly preview: {
    /** [samples, 784], a byte a pixel. */
    readonly features: Uint8Array;
    readonly labels: Uint8Array;
  };
}

/** Share of the data that is generated, 0 to 1. */
export interface DataEvent {
  readonly type: 'data';
  readonly done: number;
}

/** Opens the lab that the worker is; the data is copied. */
export interface OpenArguments extends LabOpening, JobData {}

export interface VerifyArguments {
  /** Of the random draws. */
  readonly seed: number;
  /** Draws of each kernel. */
  readonly rounds: number;
}

/** What the worker does: what each task takes, tells on the way, and gives. */
export interface Tasks {
  load: { arguments: DataSource; event: DataEvent; value: DataDescription };
  /** The whole of what `load` describes. */
  data: { arguments: DataSource; event: DataEvent; value: JobData };
  open: { arguments: OpenArguments; event: never; value: LabFacts };
  watch: { arguments: number; event: never; value: readonly Pulse[] };
  probe: { arguments: undefined; event: LabEvent; value: MeasuredLimits | undefined };
  measure: { arguments: LabTask; event: LabEvent; value: WorkloadOutcome };
  trainToAccuracy: {
    arguments: AccuracyTask;
    event: LabEvent;
    value: readonly TimeToAccuracy[];
  };
  verify: { arguments: VerifyArguments; event: CheckEvent; value: VerificationReport };
}

export type TaskName = keyof Tasks;

/** From the page to the worker. */
export type Request =
  | { readonly type: 'start'; readonly id: number; readonly task: TaskName; readonly args: unknown }
  | { readonly type: 'stop'; readonly id: number }
  /** The page is not looked at any more. */
  | { readonly type: 'hide' };

/** From the worker to the page. */
export type Reply =
  /** First of all. */
  | { readonly type: 'ready'; readonly hasAdapter: boolean }
  /** Every second, whatever else is said: a worker that says nothing is dead. */
  | { readonly type: 'alive' }
  | { readonly type: 'event'; readonly id: number; readonly event: unknown }
  | { readonly type: 'done'; readonly id: number; readonly value: unknown }
  | { readonly type: 'failed'; readonly id: number; readonly error: WireError }
  /** Asks for a thread, with two ports: for the thread, and for its end and its errors. */
  | { readonly type: 'thread' }
  /** Asks for a line to a library that the program beyond the page has, with its port. */
  | { readonly type: 'peer' };

/** Either end of the line: a worker, its inside, or an end of a message channel. */
export interface Port {
  postMessage(message: unknown, options?: StructuredSerializeOptions): void;
  onmessage: ((event: MessageEvent<never>) => void) | null;
}
