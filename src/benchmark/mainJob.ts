/**
 * The main job: trains presets on the CPU and on the GPU, holds the two against each other, and says how fast each
 * was. Knows neither DOM nor Node; the page and the command line show what it reports.
 */
import type { Dataset } from '../data/dataset.ts';
import type { AdapterDescription } from '../gpu/adapter.ts';
import type { PresetName } from '../network/presets.ts';

export interface MainJobOptions {
  readonly training: Dataset;
  readonly test: Dataset;
  /** Default `navigator.gpu`. */
  readonly gpu?: GPU | undefined;
  /** Default `lecture` and `modern`. */
  readonly presets?: readonly PresetName[];
  /** Default 1. */
  readonly epochs?: number;
  /** Seeds initialisation and shuffling. Default 1. */
  readonly seed?: number;
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: (event: MainJobEvent) => void;
}

/** The two sides of the comparison, in the order in which they run. */
export const sides = ['cpu', 'webgpu'] as const;
export type SideName = (typeof sides)[number];

/** What happens while the job runs. */
export type MainJobEvent =
  | {
      readonly type: 'progress';
      readonly preset: PresetName;
      readonly side: SideName;
      /** Share of the whole job that is done, 0 to 1. */
      readonly done: number;
      readonly epoch: number;
      readonly step: number;
      /** Mean cost of the samples since the last event. */
      readonly cost: number;
      /** Share of them that the network got right. */
      readonly accuracy: number;
      readonly samplesPerSecond: number;
    }
  | {
      readonly type: 'side';
      readonly preset: PresetName;
      readonly side: SideName;
      readonly result: Side;
    };

/** How one backend did on one preset. */
export interface Side {
  /** Samples trained on, per second of training; evaluation not counted. */
  readonly samplesPerSecond: number;
  /** Seconds of training. */
  readonly seconds: number;
  /** Mean cost and accuracy on the test set after training. */
  readonly cost: number;
  readonly accuracy: number;
}

/** How far the GPU's results are from the reference's, as a share of the bound they must keep: at most 1. */
export interface Agreement {
  readonly worst: number;
  /** What was compared: 'parameters after 5 steps'. */
  readonly what: string;
}

export interface MainJobRow {
  readonly preset: PresetName;
  readonly layers: readonly number[];
  readonly batchSize: number;
  readonly epochs: number;
  readonly cpu: Side;
  /** Missing where there is no adapter. */
  readonly webgpu?: Side;
  /** GPU samples/s over CPU samples/s. */
  readonly ratio?: number;
  readonly agreement?: Agreement;
}

export interface MainJobResult {
  /** Name of the training set. */
  readonly data: string;
  readonly adapter?: AdapterDescription;
  /** Why there is no GPU side, in a sentence. */
  readonly noAdapter?: string;
  readonly rows: readonly MainJobRow[];
}
