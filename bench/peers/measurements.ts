/** What the page measures, as it travels and is kept. */

export interface TimedRun {
  /** Steps or products. */
  readonly times: number;
  readonly seconds: number;
}

/** The form in which a library ran: what it found in the browser, not what it was asked for. */
export interface Form {
  /** 'SIMD, 2 threads' */
  readonly description: string;
  /** Why it could be faster on this machine, and what to do about it, in a sentence. */
  readonly shortfall?: string;
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
