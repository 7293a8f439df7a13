/** The history of a training, in a limited number of points. */
/** The mean over some steps of a training. */
export interface CurvePoint {
  /** The last of the steps, counting from 1 over all epochs. */
  readonly step: number;
  /** Samples of these steps. */
  readonly samples: number;
  /** Mean cost of the samples, computed before each step's update. */
  readonly cost: number;
  /** Share of the samples predicted correctly, 0 to 1. */
  readonly accuracy: number;
}

/** What a report adds to the curve. */
export interface CurveReport {
  readonly samples: number;
  readonly costSum: number;
  readonly correct: number;
}

/** Sums, not means, so that merging is exact in `samples` and `correct`, and repeatable in `costSum`. */
export type CurveRow = readonly [
  step: number,
  reports: number,
  samples: number,
  costSum: number,
  correct: number,
];

/** Maximum number of points; even, so that all points have a neighbour to be merged with. */
export const maxPoints = 4096;

/**
 * Collects the reports of a training. When there are {@link maxPoints} points, neighbours are merged, and each later
 * point covers twice as many reports. The sums are kept, so a curve that is stored and continued has the bits of one that
 * was never stored.
 */
export class CostCurve {
  readonly #rows: CurveRow[];

  /** @param rows of another curve; copied */
  constructor(rows: readonly CurveRow[] = []) {
    this.#rows = [...rows];
  }

  /** Reports that a full point covers. All points but the last are full. */
  get #reportsPerPoint(): number {
    return this.#rows[0]?.[1] ?? 1;
  }

  /** @param step the steps made so far, over all epochs */
  add({ samples, costSum, correct }: CurveReport, step: number): void {
    const rows = this.#rows;
    const last = rows.at(-1);
    if (last && last[1] < this.#reportsPerPoint) {
      rows[rows.length - 1] = merge(last, [step, 1, samples, costSum, correct]);
      return;
    }
    if (rows.length === maxPoints) {
      for (let i = 0; i < maxPoints / 2; i++) rows[i] = merge(rows[2 * i]!, rows[2 * i + 1]!);
      rows.length = maxPoints / 2;
    }
    rows.push([step, 1, samples, costSum, correct]);
  }

  /** Forgets the points after a step. */
  cutAfter(step: number): void {
    while ((this.#rows.at(-1)?.[0] ?? 0) > step) this.#rows.pop();
  }

  /** The points, in order. */
  get points(): readonly CurvePoint[] {
    return this.#rows.map(([step, , samples, costSum, correct]) => ({
      ...{ step, samples, cost: costSum / samples, accuracy: correct / samples },
    }));
  }

  /** The points as they are stored. All but the last cover the same number of reports, and the last at most as many. */
  get rows(): readonly CurveRow[] {
    return this.#rows;
  }
}

function merge([, reports, samples, costSum, correct]: CurveRow, next: CurveRow): CurveRow {
  return [next[0], reports + next[1], samples + next[2], costSum + next[3], correct + next[4]];
}
