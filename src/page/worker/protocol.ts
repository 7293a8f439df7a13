/**
 * What the page and its worker say to each other. Everything is plain data that the browser copies; errors travel as
 * wire.ts writes them, so that they keep their class.
 */
import type { BenchmarkEvent } from '../../benchmark/events.ts';
import type { BenchmarkResult } from '../../benchmark/result/schema.ts';
import type { Surroundings } from '../../benchmark/runBenchmark.ts';
import type { BenchmarkSettings } from '../../benchmark/settings.ts';
import type { VerificationReport } from '../../benchmark/verification/verify.ts';
import type { CheckEvent } from '../../benchmark/works.ts';
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

/** The data is there; what follows is the run. */
export interface LoadedEvent {
  readonly type: 'loaded';
  readonly data: DataDescription;
}

export interface RunArguments {
  readonly settings: BenchmarkSettings;
  readonly data: DataSource;
  readonly surroundings: Surroundings;
  readonly nudge: BenchmarkResult['nudge'];
  /** An earlier result that was stopped, to go on from. */
  readonly resume?: BenchmarkResult | undefined;
}

export interface VerifyArguments {
  /** Of the random draws. */
  readonly seed: number;
  /** Draws of each kernel. */
  readonly rounds: number;
}

/** What the worker does: what each task takes, tells on the way, and gives. */
export interface Tasks {
  load: { arguments: DataSource; event: DataEvent; value: DataDescription };
  run: {
    arguments: RunArguments;
    event: DataEvent | LoadedEvent | BenchmarkEvent;
    value: BenchmarkResult;
  };
  verify: { arguments: VerifyArguments; event: CheckEvent; value: VerificationReport };
}

export type TaskName = keyof Tasks;

/** From the page to the worker. */
export type Request =
  | { readonly type: 'start'; readonly id: number; readonly task: TaskName; readonly args: unknown }
  | { readonly type: 'stop'; readonly id: number }
  /** The page is not looked at any more. */
  | { readonly type: 'hide'; readonly id: number };

/** From the worker to the page. */
export type Reply =
  /** First of all. */
  | { readonly type: 'ready'; readonly hasAdapter: boolean }
  /** Every second, whatever else is said: a worker that says nothing is dead. */
  | { readonly type: 'alive' }
  | { readonly type: 'event'; readonly id: number; readonly event: unknown }
  | { readonly type: 'done'; readonly id: number; readonly value: unknown }
  | { readonly type: 'failed'; readonly id: number; readonly error: WireError };

/** Either end of the line: a worker, its inside, or an end of a message channel. */
export interface Port {
  postMessage(message: unknown): void;
  onmessage: ((event: MessageEvent<never>) => void) | null;
}
