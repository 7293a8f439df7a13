/**
 * The interface between a trainer and the engine that computes. Each engine keeps parameters and optimizer state in a
 * layout of its own.
 */
import type { Dataset } from '../data/dataset.ts';
import type { Network } from '../network/network.ts';
import type { TrainingPosition } from './cursor.ts';
import type { Optimizer } from './optimizers.ts';
import type { JoinedPass, Values } from './pass.ts';

export const backends = ['webgpu', 'cpu', 'reference'] as const;
/** @useDeclaredType */
export type Backend = (typeof backends)[number];

/**
 * How an engine divides a step into kernels, as opaque data. An engine with the same network, batch size, adapter and
 * plan computes the same bits. `serializePlan` writes a plan to a file.
 */
export type EnginePlan = object;

/** Settings of an engine. They cannot change after it is created. */
export interface EngineOptions {
  readonly network: Network;
  readonly batchSize: number;
  readonly optimizer: Optimizer;
  /** The maximum 2-norm of the gradient over all layers; longer gradients are scaled down. Default: no clipping. */
  readonly clipNorm?: number | undefined;
}

/** Sums over the steps of one {@link Engine.run}, not means. */
export interface StepMetrics {
  /** Steps made; fewer than requested only after an abort. */
  readonly steps: number;
  readonly samples: number;
  /** Sum of the samples' costs. Each cost is computed before its step's update. */
  readonly costSum: number;
  /** Number of samples predicted correctly: the largest output is the label's. */
  readonly correct: number;
  /**
   * The first non-finite update of this run or an earlier one. Layers count from 0; steps count from 0 over all epochs.
   * An update is non-finite if a gradient, moment or parameter is NaN or infinite. If this happens in several layers at
   * once, this is the last layer, because backpropagation spreads NaN from there to the layers before.
   */
  readonly nonFinite?: { readonly layer: number; readonly step: number };
  /** Seconds the GPU was busy; undefined if the device cannot measure it. */
  readonly gpuSeconds?: number;
}

/** Results of a network on a dataset. */
export interface Evaluation {
  /** Mean cost per sample. */
  readonly cost: number;
  /** Share of samples predicted correctly, 0 to 1. */
  readonly accuracy: number;
  /** [label][prediction] sample counts. */
  readonly confusion: readonly (readonly number[])[];
}

/** How long preparation took. Compilation and upload start together and run concurrently. */
export interface Preparation {
  /** Seconds until the kernels were compiled. */
  readonly compileSeconds: number;
  /** Seconds until the training set was uploaded. */
  readonly uploadSeconds: number;
}

/** What training has changed, beside the position. All arrays are in the layout of `parameterLayout`. */
export interface EngineState {
  readonly parameters: Values;
  /** The arrays that the optimizer keeps; none for plain SGD. */
  readonly moments: readonly Values[];
}

export interface Engine {
  readonly backend: Backend;
  /** How the engine divides a step, in words. */
  readonly plan?: string;
  /** Number of CPU threads that share a step; 0 if the calling thread computes. */
  readonly threads?: number | undefined;
  /** The plan as data. A GPU computes the same bits again from it. */
  readonly exactPlan?: EnginePlan;
  /** GPU dispatches per training step; undefined before a training set is loaded, and on the CPU. */
  readonly dispatchesPerStep?: number | undefined;

  /** Timings of the last `load` and `settle`, if the engine measures them. */
  readonly preparation?: Preparation | undefined;

  /** Loads the training set, replacing the previous one. Later `beginEpoch` calls refer to it. */
  load(training: Dataset): Promise<void>;

  /**
   * Waits until the training set is uploaded, then sets `preparation`. It is meant for benchmarks. Engines omit it if
   * `load` already waits for everything.
   */
  settle?(): Promise<void>;

  /**
   * Starts an epoch, or resumes one.
   * @param order [sampleCount] sample indices in the order of visits. Step s uses the positions from s·batchSize up to
   *   (s + 1)·batchSize; the last step may have fewer.
   * @param at the position where the next `run` begins; copied. Another engine may have made the steps before it. The
   *   learning rate depends on `at.step`, the steps over all epochs.
   */
  beginEpoch(order: Uint32Array<ArrayBuffer>, at: TrainingPosition): void;

  /**
   * Makes `steps` steps of the epoch. A caller need not wait for earlier calls: calls run and resolve in order.
   * @param signal stops between steps; the metrics then say how many were made
   */
  run(steps: number, signal?: AbortSignal): Promise<StepMetrics>;

  /** Cost, accuracy and confusion matrix on any dataset, with the current parameters. */
  evaluate(dataset: Dataset): Promise<Evaluation>;

  /** The outputs for each sample, [sampleCount, outputs] row-major. */
  predict(dataset: Dataset): Promise<Float32Array<ArrayBuffer>>;

  /**
   * A forward and backward pass over some samples with the current parameters, all of one moment. Training goes on with
   * the same bits as without the call.
   * @param samples indices of at least one sample, in any order
   */
  explain(dataset: Dataset, samples: Uint32Array<ArrayBuffer>): Promise<JoinedPass>;

  /** The current parameters, in the layout of `parameterLayout`. */
  readParameters(): Promise<Float32Array<ArrayBuffer>>;

  /** Copies of parameters and moments, both of one moment, in the precision of the engine. */
  readState(): Promise<EngineState>;

  /**
   * Sets parameters and moments after all runs submitted before. The next run follows a `beginEpoch`.
   * @param state of a network and optimizer of this shape; do not change it until the promise resolves
   * @param at the position that the state is of, for an engine that keeps snapshots; the next `beginEpoch` decides where
   *   training goes on
   */
  writeState(state: EngineState, at?: TrainingPosition): Promise<void>;

  /** Frees everything. Calling it again does nothing. */
  dispose(): Promise<void>;
}
