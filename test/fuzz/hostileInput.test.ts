/** Hostile input: 100,000 files, texts and addresses that are damaged or made up are read whole, or refused with a typed error. */
import { describe, expect, it } from 'vitest';

import { runCases, sharesOf, targets } from './targets.ts';

const cases = 100_000;
/** Another one each time. A failure names it, and `npm run fuzz -- --seed` takes it. */
const seed = Math.floor(Math.random() * 2 ** 31);

describe(`hostile input, seed ${seed}`, () => {
  const shares = sharesOf(cases);
  it.each(targets.map((target, n) => ({ target, name: target.name, count: shares[n]! })))(
    '$name: $count cases',
    async ({ target, count }) => {
      const read = await runCases(target, { count, seed });
      // Cases that are all refused, or all valid, would test half of the reader.
      expect(read).toBeGreaterThan(0);
      if (target.refuses) expect(read).toBeLessThan(count);
    },
  );
});
