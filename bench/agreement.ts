/** Whether several harnesses measure the same speed. Pure functions. */
import { median } from '../src/benchmark/statistics.ts';
import { formatRate, formatRatio, formatSpread, markdownTable } from './peers/report.ts';
import { spread } from './peers/statistics.ts';

/** The harness that the others are compared with. */
export const reference = 'bench:peers';
/** The speed of a step's kernels alone, which no training exceeds. */
export const bound = 'bench:kernels';

/** What one harness measured of one workload in one place. */
export interface Measured {
  /** 'firefox' */
  readonly place: string;
  readonly workload: string;
  readonly harness: string;
  /** Samples a second, one a round. */
  readonly rates: readonly number[];
  /** Why a round gave none. */
  readonly failure?: string | undefined;
}

export interface Comparison extends Measured {
  /** To the reference; NaN where one of them has no rate. */
  readonly ratio: number;
  /** Undefined of the reference itself. */
  readonly agrees: boolean | undefined;
}

/**
 * Each measurement beside the reference's of the same workload and place.
 * @param tolerance rates may differ by this share, and by half of the way from the slowest to the fastest round of each
 */
export function compareHarnesses(all: readonly Measured[], tolerance: number): Comparison[] {
  return all.map((one) => {
    const own = all.find(
      ({ harness, place, workload }) =>
        harness === reference && place === one.place && workload === one.workload,
    );
    const ratio = median(one.rates) / median(own?.rates ?? []);
    if (one === own) return { ...one, ratio, agrees: undefined };
    // NaN agrees with nothing.
    const max = 1 + tolerance + spread(one.rates) / 2 + spread(own?.rates ?? []) / 2;
    const agrees = one.harness === bound ? 1 / ratio <= max : Math.max(ratio, 1 / ratio) <= max;
    return { ...one, ratio, agrees };
  });
}

/** The comparisons as a table in Markdown. */
export function agreementTable(comparisons: readonly Comparison[]): string[] {
  const rows = comparisons.map(({ place, workload, harness, rates, failure, ratio, agrees }) => [
    `${place}, ${workload}, ${harness}`,
    rates.length > 0 ? `${formatRate(median(rates))} ${formatSpread(rates)}` : 'none',
    Number.isFinite(ratio) ? formatRatio(ratio) : '',
    agrees === undefined ? '' : agrees ? 'yes' : 'NO',
    failure ?? '',
  ]);
  return markdownTable(['', 'samples/s', `of ${reference}`, 'agrees', 'failure'], rows);
}
