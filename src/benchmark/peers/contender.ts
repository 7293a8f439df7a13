/** What every library has to be able to do to be measured. */
import type { Dataset } from '../../data/dataset.ts';
import type { Network } from '../../network/network.ts';

/** The form in which a library ran: what it found where it runs, not what it was asked for. */
export interface Form {
  /** 'SIMD, 2 threads' */
  readonly description: string;
  /** Why it could be faster on this machine, and what to do about it, in a sentence. */
  readonly shortfall?: string;
}

export interface LearningTask {
  /** With the parameters that everybody starts from. */
  readonly network: Network;
  /** A whole number of mini-batches, taken in this order, over and over. */
  readonly training: Dataset;
  /** For {@link Learner.accuracy}. */
  readonly test?: Dataset;
  readonly batchSize: number;
  readonly learningRate: number;
}

/** A network that is being trained, ready to make steps. */
export interface Learner {
  /**
   * Makes steps, and resolves once they are computed.
   * @returns a cost that was read from the device after the last step; after one step alone, the mean cost of its
   *   mini-batch before the update
   */
  train(steps: number): Promise<number>;
  /** That the last `train` took, by the library's own clock; left out where that is the caller's. */
  seconds?(): number | undefined;
  /** Waits until steps are as fast as they get, for who makes the first ones otherwise. */
  settle?(): Promise<void>;
  /** Share of the test set that it gets right. */
  accuracy?(): Promise<number>;
  /** How it computed, once it has. Left out where a library has one form alone. */
  form?(): Promise<Form | undefined> | Form;
  dispose(): Promise<void> | void;
}

export interface MatmulTask {
  readonly size: number;
  /** [size, size] row-major. */
  readonly a: Float32Array<ArrayBuffer>;
  /** [size, size] row-major. */
  readonly b: Float32Array<ArrayBuffer>;
}

/** Two matrices on the device. */
export interface Multiplier {
  /** A·B, [size, size] row-major. */
  product(): Promise<Float32Array>;
  /** Multiplies by B `times` times, and resolves once all products are computed. */
  multiply(times: number): Promise<void>;
  /** See {@link Learner.form}. */
  form?(): Promise<Form> | Form;
  dispose(): Promise<void> | void;
}

export interface Contender {
  learn(task: LearningTask): Promise<Learner>;
  /** Left out by who has no product of matrices of its own to show. */
  multiplier?(task: MatmulTask): Promise<Multiplier>;
}
