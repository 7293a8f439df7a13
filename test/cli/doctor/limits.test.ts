import { expect, it } from 'vitest';

import { describeLimits } from '../../../src/cli/doctor/limits.ts';
import { roundLimits } from '../../support/measuredLimits.ts';

it('measured limits are a table with units, spreads, and what was measured how', () => {
  const { arithmetic, latency } = roundLimits;
  const limits = {
    ...roundLimits,
    arithmetic: { ...arithmetic, value: 51_234e9 },
    latency: { ...latency, encode: { value: 0.25e-6, spread: 0, rounds: 1 } },
  };
  expect(describeLimits(limits)).toEqual([
    '  measured in 2.0 s:',
    '    multiply-adds  51,234  GFLOP/s  ± 5 %  8 × f32, workgroups of 64',
    '    memory, read     1.00  GB/s     ± 5 %  128 MiB',
    '    memory, copy    0.500  GB/s     ± 5 %  read and written, both counted',
    '    caches, read     10.0  GB/s     ± 5 %  1 KiB',
    '    dispatch         10.0  µs       ± 5 %  after one that it depends on',
    '    recording it    0.250  µs              of the host’s thread',
    '    submit           50.0  µs       ± 5 %  of the host’s thread',
    '    read-back       1,000  µs       ± 5 %  from submit to mapped',
  ]);
});

it('a read-back with empty submits is told where there is one', () => {
  const pokedReadback = { value: 1.4e-3, spread: 0.2, rounds: 9 };
  const latency = { ...roundLimits.latency, pokedReadback };
  expect(describeLimits({ ...roundLimits, latency }).at(-1)).toBe(
    '    read-back      1,400  µs       ± 10 %  with empty submits meanwhile',
  );
});
