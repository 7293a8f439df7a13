/** Medians, spreads and the judgement whether a fast result is a right one. Pure functions. */

import { costTolerance } from '../../src/benchmark/peerRun.ts';
import { median } from '../../src/benchmark/statistics.ts';

/** How far apart the largest and the smallest are, as a share of the median; 0 of one alone, NaN of none. */
export function spread(values: readonly number[]): number {
  return (Math.max(...values) - Math.min(...values)) / median(values);
}

export type Verdict =
  | { readonly kind: 'right' }
  /** It computed something else; its speed says nothing. */
  | { readonly kind: 'wrong'; readonly reason: string }
  /** It did not come to an end. */
  | { readonly kind: 'failed'; readonly reason: string };

/**
 * Whether a training computed what the reference did.
 * @param checkedCost after the same steps from the same parameters
 * @param finalCost after the timed run. The reference has not computed it, so that it only has to be finite
 */
export function judgeCost(checkedCost: number, reference: number, finalCost: number): Verdict {
  const off = Math.abs(checkedCost - reference) / reference;
  // Written so that a NaN is off.
  if (!(off <= costTolerance)) {
    return {
      kind: 'wrong',
      reason: `its cost was ${checkedCost.toPrecision(6)} where float64 has ${reference.toPrecision(6)}`,
    };
  }
  if (!Number.isFinite(finalCost)) {
    return { kind: 'wrong', reason: `its cost was ${finalCost} after the timed run` };
  }
  return { kind: 'right' };
}

/** @param error of `productError`: up to 1 is within the bound */
export function judgeProduct(error: number): Verdict {
  if (error <= 1) return { kind: 'right' };
  return {
    kind: 'wrong',
    reason: `its product was ${error.toPrecision(3)} times the bound from float64's`,
  };
}
