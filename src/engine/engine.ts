/**
 * The contract between a trainer and what does the arithmetic. Trainers know engines by this alone; an engine keeps
 * parameters and optimizer state in the layout that suits it.
 */
import type { Dataset } from '../data/dataset.ts';
import type { Network } from '../network/network.ts';
import type { TrainingPosition } from './cursor.ts';
import type { Optimizer } from './optimizers.ts';

export const backends = ['webgpu', 'cpu', 'reference'] as const;
/** @useDeclaredType */
export type Backend = (typeof backends)[number];

/**
 * How an engine cuts a step up, as data that only the engine reads. Given back to an engine for the same network,
 * mini-batch and adapter, it gives the same bits. `serializePlan` writes it to a file.
 */
export type EnginePlan = object;

/** What an engine is built for; none of it changes during the engine's life. */
export interface EngineOptions {
  readonly network: Network;
  readonly batchSize: number;
  readonly optimizer: Optimizer;
  /** The global 2-norm that the gradient of all layers is kept within. Default: none, the gradient as it is. */
  readonly clipNorm?: number | undefined;
}

/** Sums over the steps of one {@link Engine.run}; the caller divides. */
export interface StepMetrics {
  /** Steps really made: fewer than asked for only after an abort. */
  readonly steps: number;
  readonly samples: number;
  /** Sum over samples of the cost, each taken before its step's update. */
  readonly costSum: number;
  /** Samples whose largest output was their label's. */
  readonly correct: number;
  /**
   * The first update that was not finite, in this run or before: its layer, counting from 0, and its step, counting
   * from 0 over all epochs. An update is not finite where the gradient, a moment or a parameter is not. Where several
   * layers' were, the last of them, from which it went back to the others.
   */
  readonly nonFinite?: { readonly layer: number; readonly step: number };
  /** Seconds the GPU was busy, where the device can tell. */
  readonly gpuSeconds?: number;
}

/** How a network does on a dataset. */
export interface Evaluation {
  /** Mean cost a sample. */
  readonly cost: number;
  /** Share of samples whose largest output was their label's, 0 to 1. */
  readonly accuracy: number;
  /** [label][prediction] sample counts. */
  readonly confusion: readonly (readonly number[])[];
}

/** What getting ready to train took. The two begin together and go on side by side. */
export interface Preparation {
  /** Seconds until the kernels were compiled. */
  readonly compileSeconds: number;
  /** Seconds until the training set was where it is needed. */
  readonly uploadSeconds: number;
}

export interface Engine {
  readonly backend: Backend;
  /** How a step is cut up, in words, where there is something to say. */
  readonly plan?: string;
  /** Threads that share a step on the CPU; 0 where the calling thread computes. */
  readonly threads?: number | undefined;
  /** The same as data, which makes a GPU give the same bits again. */
  readonly exactPlan?: EnginePlan;
  /** Of a training step, where it is made of dispatches; undefined before a training set is loaded. */
  readonly dispatchesPerStep?: number | undefined;

  /** Of the last `load` and `settle`, where the engine tells the two apart. */
  readonly preparation?: Preparation | undefined;

  /** Takes the training set; replaces the one before. Every later `beginEpoch` orders this one. */
  load(training: Dataset): Promise<void>;

  /**
   * Waits until the training set is where it is needed, and says in `preparation` what getting ready took. For callers
   * that measure. Absent where `load` leaves nothing to wait for.
   */
  settle?(): Promise<void>;

  /**
   * Starts an epoch, or resumes one.
   * @param order [sampleCount] the sample each position visits; step s takes positions
   *   s·batchSize up to (s + 1)·batchSize, the last step of an epoch what is left
   * @param at where the next `run` begins: at this step of the epoch, and after so many steps over all epochs. The
   *   engine counts on from there, also where another engine made the steps before: rates follow the steps over all epochs.
   *   It is copied.
   */
  beginEpoch(order: Uint32Array<ArrayBuffer>, at: TrainingPosition): void;

  /**
   * Makes `steps` steps of the epoch. Calls may be made before earlier ones have resolved; they run, and
   * resolve, in order.
   * @param signal stops early, between steps; the metrics then say how many were made
   */
  run(steps: number, signal?: AbortSignal): Promise<StepMetrics>;

  /** Cost, accuracy and confusion matrix on any dataset, with the parameters as they are. */
  evaluate(dataset: Dataset): Promise<Evaluation>;

  /** The outputs for each sample, [sampleCount, outputs] row-major. */
  predict(dataset: Dataset): Promise<Float32Array<ArrayBuffer>>;

  /** The parameters after all steps run so far, in the layout of `parameterLayout`. */
  readParameters(): Promise<Float32Array<ArrayBuffer>>;

  /** Frees everything. Calling it again does nothing. */
  dispose(): Promise<void>;
}
