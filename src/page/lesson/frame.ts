/** What the lesson's worker sends for every moment, and what the reader can do to the run. */
import type { Explanation } from '../../training/trainer.ts';
import type { Change, Example, Script } from './moment.ts';

/** Everything that the figures share. The worker sends one for every moment that it shows. */
export interface Frame {
  readonly script: Script;
  readonly step: number;
  readonly epoch: number;
  /** Training samples of the current epoch. */
  readonly trainingCount: number;
  readonly isPlaying: boolean;
  /** Seconds of training up to here, without pauses. */
  readonly seconds: number;
  /** Samples per second of the last training. */
  readonly samplesPerSecond: number;
  readonly backend: 'cpu' | 'webgpu';
  /** How the backend computes, in words. */
  readonly plan: string;
  /** Why the last command was not obeyed, or why the training stopped; a sentence. */
  readonly notice?: string;
  /** On the test samples. */
  readonly test: {
    readonly count: number;
    readonly cost: number;
    readonly accuracy: number;
    /** [label][prediction] sample counts. */
    readonly confusion: readonly (readonly number[])[];
  };
  readonly example: Example & { readonly pixels: Uint8Array; readonly label: number };
  /**
   * What the example wishes for, from the engine's own buffers, with all weights and biases (`usedParameters`, in the
   * layout of `parameterLayout`).
   */
  readonly nudges: Explanation;
  /** The largest error of a shown number relative to its tolerance: 1 or less matches the float64 reference. */
  readonly error: number;
}

/** A point of the run's history. */
export interface HistoryPoint {
  readonly step: number;
  readonly accuracy: number;
  readonly cost: number;
}

/** What the reader can do to the run. */
export type Command =
  | { readonly do: 'play' }
  | { readonly do: 'pause' }
  /** One step on the next training sample alone, then pauses. */
  | { readonly do: 'one' }
  /** Trains for some steps, or to the end of the epoch, then pauses. */
  | { readonly do: 'advance'; readonly steps: number | 'epoch' }
  /** Goes to a step of this run, back or on, then pauses. */
  | { readonly do: 'go'; readonly step: number }
  | { readonly do: 'change'; readonly change: Change }
  /** Takes back the last change and everything after it. */
  | { readonly do: 'undo' }
  | { readonly do: 'choose'; readonly example: Example }
  /** A new run on the reader's MNIST files. */
  | { readonly do: 'useFiles'; readonly files: readonly File[] }
  | { readonly do: 'compute'; readonly on: 'cpu' | 'webgpu' }
  /** A new run from the start. */
  | { readonly do: 'restart'; readonly script: Script };
