/** What another library has to do to be measured beside nudge. */
import type { Dataset } from '../../data/dataset.ts';
import type { Network } from '../../network/network.ts';

export interface LearningTask {
  /** Its parameters are the start of every library. */
  readonly network: Network;
  /** Whole mini-batches, taken in this order and then from the beginning again. */
  readonly training: Dataset;
  readonly batchSize: number;
  readonly learningRate: number;
}

/** A network that is ready to be trained. */
export interface Learner {
  /**
   * Makes steps, and resolves once they are computed.
   * @returns a cost that was read from the device after the last step. After a single step it is the mean cost of that step's
   *   mini-batch before the update.
   */
  train(steps: number): Promise<number>;
  /** Seconds that the last `train` took by the library's own clock. Without it, the caller's clock counts. */
  seconds?(): number | undefined;
  /** How the library computes here, for example 'SIMD, 2 threads'. Libraries with one form leave it out. */
  form?(): Promise<string | undefined> | string;
  dispose(): Promise<void> | void;
}

export interface Contender {
  learn(task: LearningTask): Promise<Learner>;
}
