/** What the page measures, as it travels and is kept. */

import type { Form } from '../../src/benchmark/peers/contender.ts';

export interface TimedRun {
  /** Steps or products. */
  readonly times: number;
  readonly seconds: number;
}

export interface TrainingMeasurement extends TimedRun {
  /** Of the mini-batch after the workload's checked steps. */
  readonly checkedCost: number;
  /** Of one more mini-batch after the timed run. */
  readonly finalCost: number;
  /** That a step asks of the GPU's queue, on average. */
  readonly commands?: { readonly dispatches: number; readonly submits: number };
  readonly form?: Form;
}

export interface MatmulMeasurement extends TimedRun {
  /** Of the two random matrices, [size, size] row-major. */
  readonly product: Float32Array<ArrayBuffer>;
  readonly form?: Form;
}

export interface TimeToAccuracy {
  readonly isReached: boolean;
  /** In order; `seconds` are of training alone. */
  readonly evaluations: readonly {
    readonly steps: number;
    readonly seconds: number;
    readonly accuracy: number;
  }[];
}
