/** The tasks of the benchmark's worker. */
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
import type { Task } from './messages.ts';

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

type LabTaskOf<Name extends keyof Lab, Arguments, Event = LabEvent> = Task<
  Arguments,
  Event,
  Awaited<ReturnType<Lab[Name]>>
>;

/** The worker's tasks. */
export interface Tasks {
  /** The page is hidden. */
  hide: Task<undefined, never, void>;
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
