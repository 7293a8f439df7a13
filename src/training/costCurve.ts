/** The history of a training, in a limited number of points. */
import { ConfigurationError } from '../errors.ts';

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
type Row = [step: number, reports: number, samples: number, costSum: number, correct: number];
const columns = 5;

/** Maximum number of points; even, so that all points have a neighbour to be merged with. */
const maxPoints = 4096;

/**
 * Collects the reports of a training. When there are {@link maxPoints} points, neighbours are merged, and each later
 * point covers twice as many reports. The sums are kept, so a curve that is stored and continued has the bits of one that
 * was never stored.
 */
export class CostCurve {
  readonly #rows: Row[] = [];

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

  /** [points, 5] row-major, for {@link fromRows}: step, reports, samples, sum of costs, correct. */
  toRows(): Float64Array {
    return Float64Array.from(this.#rows.flat());
  }

  /**
   * The curve that {@link toRows} described.
   * @throws {ConfigurationError} for numbers that no curve has
   */
  static fromRows(values: Float64Array): CostCurve {
    const curve = new CostCurve();
    const count = values.length / columns;
    if (!Number.isInteger(count) || count > maxPoints) {
      throw new ConfigurationError(
        `A curve has at most ${maxPoints} points of ${columns} numbers; got ${values.length} numbers.`,
      );
    }
    let before = 0;
    for (let i = 0; i < count; i++) {
      const row = [...values.subarray(columns * i, columns * (i + 1))] as Row;
      const [step, reports, samples, costSum, correct] = row;
      const perPoint = values[1]!;
      const isFull = reports === perPoint || (i === count - 1 && reports < perPoint);
      const areCounts = [step, reports, samples].every((n) => Number.isSafeInteger(n) && n > 0);
      const isCorrect = Number.isSafeInteger(correct) && correct >= 0 && correct <= samples;
      if (!(areCounts && isFull && isCorrect && step > before && Number.isFinite(costSum))) {
        throw new ConfigurationError(
          `Point ${i} of the curve, [${row.join(', ')}], is none: it must be step, reports, samples, sum of costs and correct samples of a training.`,
        );
      }
      before = step;
      curve.#rows.push(row);
    }
    return curve;
  }

  /** A curve of its own with the same points. */
  copy(): CostCurve {
    return CostCurve.fromRows(this.toRows());
  }
}

function merge([, reports, samples, costSum, correct]: Row, next: Row): Row {
  return [next[0], reports + next[1], samples + next[2], costSum + next[3], correct + next[4]];
}
