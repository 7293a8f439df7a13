/** Messages between the page and its worker: plain data that the browser copies. Errors keep their class: see wire.ts. */
import type { CheckEvent } from '../../benchmark/jobs.ts';
import type {
  AccuracyTask,
  Lab,
  LabEvent,
  LabFacts,
  LabOpening,
  LabTask,
} from '../../benchmark/lab.ts';
import type { JobData } from '../../benchmark/trainJob.ts';
import type { VerificationReport } from '../../benchmark/verification/verify.ts';
import type { PageDataSource } from '../pageData.ts';
import type { WireError } from '../wire.ts';

/** The data of a run: from the page itself, or the reader's files. */
export type DataSource =
  | PageDataSource
  | {
      readonly kind: 'files';
      /** The worker reads the files of one number once. */
      readonly id: number;
      readonly files: readonly File[];
      /** The most training samples to use. */
      readonly samples: number;
    };

export interface DataDescription {
  /** Of the training set. */
  readonly name: string;
  readonly trainingCount: number;
  readonly testCount: number;
  /** The first samples of the training set, at most 200. */
  readonly preview: {
    /** [samples, 784], one byte per pixel. */
    readonly features: Uint8Array;
    readonly labels: Uint8Array;
  };
}

interface DataEvent {
  readonly type: 'data';
  /** Share of the digits that is generated, 0 to 1. */
  readonly done: number;
}

interface Task<Arguments, Event, Value> {
  arguments: Arguments;
  event: Event;
  value: Value;
}

type LabTaskOf<Name extends keyof Lab, Arguments, Event = LabEvent> = Task<
  Arguments,
  Event,
  Awaited<ReturnType<Lab[Name]>>
>;

/** The worker's tasks. */
export interface Tasks {
  load: Task<DataSource, DataEvent, DataDescription>;
  /** Returns the data itself. */
  data: Task<DataSource, DataEvent, JobData>;
  open: Task<LabOpening & JobData, never, LabFacts>;
  watch: LabTaskOf<'watch', number, never>;
  probe: LabTaskOf<'probe', undefined>;
  measure: LabTaskOf<'measure', LabTask>;
  trainToAccuracy: LabTaskOf<'trainToAccuracy', AccuracyTask>;
  /** `rounds`: random cases of each kernel. */
  verify: Task<{ readonly seed: number; readonly rounds: number }, CheckEvent, VerificationReport>;
}

export type TaskName = keyof Tasks;

/** From the page to the worker. */
export type Request =
  | { readonly type: 'start'; readonly id: number; readonly task: TaskName; readonly args: unknown }
  | { readonly type: 'stop'; readonly id: number }
  /** The page is hidden. */
  | { readonly type: 'hide' };

/** From the worker to the page. */
export type Reply =
  /** The first message. */
  | { readonly type: 'ready'; readonly hasAdapter: boolean }
  /** Sent every second: the page treats a silent worker as dead. */
  | { readonly type: 'alive' }
  | { readonly type: 'event'; readonly id: number; readonly event: unknown }
  | { readonly type: 'done'; readonly id: number; readonly value: unknown }
  | { readonly type: 'failed'; readonly id: number; readonly error: WireError }
  /** Asks for a thread. Carries two ports: the first for the thread, the second for its errors and its end. */
  | { readonly type: 'thread' }
  /** Asks for a connection to a library in Node. Carries its port. */
  | { readonly type: 'peer' };

/** A worker, the inside of a worker, or an end of a message channel. */
export interface Port {
  postMessage(message: unknown, options?: StructuredSerializeOptions): void;
  onmessage: ((event: MessageEvent<never>) => void) | null;
}
