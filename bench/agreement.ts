/** Whether several harnesses measure the same speed. Pure functions. */
import { formatRate, formatRatio } from '../src/benchmark/result/words.ts';
import { median } from '../src/benchmark/statistics.ts';
import { formatTable } from '../src/cli/table.ts';

/** The harness that the others are compared with. */
export const reference = 'bench';
/** The speed of a step's kernels alone, which no training exceeds. */
export const bound = 'bench:kernels';

/** The rates of one harness on one workload in one place. */
export interface Measured {
  /** 'firefox' */
  readonly place: string;
  readonly workload: string;
  readonly harness: string;
  /** Samples per second, one per round. */
  readonly rates: readonly number[];
  /** Why a round has no rate. */
  readonly failure?: string | undefined;
}

export interface Comparison extends Measured {
  /** Its median over the reference's; NaN if one of them has no rate. */
  readonly ratio: number;
  /** Undefined for the reference itself. */
  readonly agrees: boolean | undefined;
}

/**
 * Compares each measurement with the reference of the same workload and place.
 * @param tolerance share by which rates may differ, in addition to half the spread of each
 */
export function compareHarnesses(all: readonly Measured[], tolerance: number): Comparison[] {
  return all.map((one) => {
    const own = all.find(
      ({ harness, place, workload }) =>
        harness === reference && place === one.place && workload === one.workload,
    );
    const ratio = median(one.rates) / median(own?.rates ?? []);
    if (one === own) return { ...one, ratio, agrees: undefined };
    // Without a rate, the ratio is NaN and the comparisons below are false.
    const max = 1 + tolerance + halfSpread(one.rates) + halfSpread(own?.rates ?? []);
    const agrees = one.harness === bound ? 1 / ratio <= max : Math.max(ratio, 1 / ratio) <= max;
    return { ...one, ratio, agrees };
  });
}

/** Half the distance from the slowest to the fastest, as a share of the median. */
function halfSpread(rates: readonly number[]): number {
  return (Math.max(...rates) - Math.min(...rates)) / (2 * median(rates));
}

/** The comparisons as lines of a table. */
export function agreementTable(comparisons: readonly Comparison[]): string[] {
  const rows = comparisons.map(({ place, workload, harness, rates, failure, ratio, agrees }) => [
    ...[place, workload, harness],
    rates.length > 0 ? formatRate(median(rates)) : 'none',
    rates.length > 0 ? `±${Math.round(100 * halfSpread(rates))} %` : '',
    Number.isFinite(ratio) ? formatRatio(ratio) : '',
    agrees === undefined ? '' : agrees ? 'yes' : 'NO',
    failure ?? '',
  ]);
  const head = ['place', 'workload', 'harness', 'samples/s', '', `of ${reference}`, 'agrees', ''];
  return formatTable([head, ...rows], 'lllrrrll');
}
