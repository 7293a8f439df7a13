import { expect, it } from 'vitest';

import type { Comparison } from '../../../src/benchmark/result/compare.ts';
import { describeComparison } from '../../../src/benchmark/result/describeComparison.ts';

const slower = { middle: 0.8, low: 0.78, high: 0.82, verdict: 'slower' } as const;
const unclear = { middle: 1.01, low: 0.98, high: 1.04, verdict: 'no difference' } as const;
const comparison: Comparison = {
  pairs: [
    { workload: 'tiny', backend: 'cpu', before: 745_000, after: 596_000, ...slower },
    { workload: 'a|b', backend: 'webgpu', before: 8.4, after: 8.5, ...unclear },
  ],
  backends: [
    { backend: 'cpu', ...slower },
    { backend: 'webgpu', ...unclear },
  ],
  overall: { middle: 0.9, low: 0.88, high: 0.92, verdict: 'slower' },
  isComparable: true,
  warnings: ['Their runtimes differ: <a> and <b>.'],
};

it('has the verdict, a table of pairs and means, and the warnings', () => {
  expect(describeComparison(comparison).split('\n')).toEqual([
    '## nudge benchmark, compared',
    '',
    '**The second is slower: 0.900× as fast as the first, 95 % interval 0.880× to 0.920×.**',
    '',
    '| workload | backend | before | after | ratio | 95 % interval | verdict |',
    '| --- | --- | ---: | ---: | ---: | ---: | --- |',
    '| tiny | CPU | 745,000 | 596,000 | 0.800× | 0.780× to 0.820× | slower |',
    '| a\\|b | GPU | 8.4 | 8.5 | 1.01× | 0.980× to 1.04× | no difference shown |',
    '| mean | CPU |  |  | 0.800× | 0.780× to 0.820× | slower |',
    '| mean | GPU |  |  | 1.01× | 0.980× to 1.04× | no difference shown |',
    '| mean | nudge, all |  |  | 0.900× | 0.880× to 0.920× | slower |',
    '',
    'One in twenty 95 % intervals misses the true value by chance, so about 0.1 of these 2. Judge by the mean.',
    '',
    '- Their runtimes differ: &lt;a&gt; and &lt;b&gt;.',
    '',
  ]);
});

it('an interval that contains 1 shows no difference', () => {
  const text = describeComparison({ ...comparison, overall: unclear });
  expect(text).toContain(
    '**No difference is shown: the second is 1.01× as fast as the first, 95 % interval 0.980× to 1.04×.**',
  );
});

it('results that are not comparable have no verdict', () => {
  const [pair] = comparison.pairs;
  const { verdict, ...ratio } = pair!;
  expect(verdict).toBe('slower');
  const text = describeComparison({ ...comparison, pairs: [ratio], isComparable: false });
  expect(text).toContain('**The two are not comparable, so there is no verdict.**');
  expect(text).toContain('| 0.780× to 0.820× | none |');
  expect(text).not.toContain('One in twenty');
});
