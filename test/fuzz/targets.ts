/**
 * Everything of nudge that reads what a stranger may have made, with hostile cases for each. `hostileInput.test.ts` runs 100,000
 * cases with every change, `fuzz.ts` as many as wanted.
 */

import fc from 'fast-check';

import { addressTargets } from './addressTargets.ts';
import { idxTargets } from './idxTargets.ts';
import { jsonTargets } from './jsonTargets.ts';
import type { Target } from './target.ts';
import { tensorTargets } from './tensorTargets.ts';

export const targets: readonly Target[] = [
  ...idxTargets,
  ...tensorTargets,
  ...jsonTargets,
  ...addressTargets,
];

/** The number of cases of each target, of `cases` in all. */
export function sharesOf(cases: number, chosen = targets): number[] {
  const all = chosen.reduce((sum, { weight }) => sum + weight, 0);
  return chosen.map(({ weight }) => Math.ceil((cases * weight) / all));
}

/** Cases that share a seed. A run of fewer has the first ones of a longer run. */
const chunk = 10_000;

/**
 * Runs cases of a target.
 * @param seed of the first chunk; each chunk after it has the next one
 * @param onCase called after each case
 * @returns how many cases were read; the others were refused
 * @throws the first failure, with the seed and the shortest input that fast-check finds
 */
export async function runCases(
  { cases, take }: Target,
  { count, seed, signal }: { count: number; seed: number; signal?: AbortSignal },
): Promise<number> {
  let read = 0;
  for (let done = 0; done < count; done += chunk) {
    signal?.throwIfAborted();
    await fc.assert(
      fc.asyncProperty(cases, async (input) => {
        if (await take(input)) read++;
      }),
      { numRuns: Math.min(chunk, count - done), seed: seed + done / chunk },
    );
  }
  return read;
}
