/** The four runs of the figure "You need data", as both its view and the worker know them. */

export const dataCounts = [100, 1000, 10_000, 60_000] as const;
/** Steps of each run. */
export const dataSteps = 3000;

export interface DataPoint {
  readonly step: number;
  /** Accuracy on test digits. */
  readonly test: number;
  /** Accuracy on the training digits. */
  readonly own: number;
}

export interface DataRun {
  /** Number of training digits. */
  readonly count: number;
  readonly points: readonly DataPoint[];
  /** Whether it makes no more steps. */
  readonly isOver: boolean;
}
