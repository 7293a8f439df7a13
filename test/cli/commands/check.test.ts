import { expect, it } from 'vitest';

import { describeReport } from '../../../src/cli/commands/check.ts';

const adapter = {
  vendor: 'acme',
  architecture: 'one',
  description: '',
  isSoftware: true,
  subgroupSize: 0,
};
const good = { name: "kernel 'forward'", cases: 16, worst: 0.254, passed: true };

it('each check is a row, with its worst error as a share of the bound', () => {
  expect(describeReport({ adapter, checks: [good], passed: true })).toEqual([
    'check             cases  worst/bound',
    "kernel 'forward'     16         0.25  passed",
    'All 1 check passed on acme one (software).',
  ]);
});

it('a check that failed names its first bad case', () => {
  const bad = { name: 'the same bits', cases: 2, worst: Infinity, passed: false, failed: 'twice' };
  const lines = describeReport({ adapter, checks: [good, bad], passed: false });
  expect(lines[2]).toBe('the same bits         2     Infinity  FAILED: twice');
  expect(lines[3]).toMatch(/^1 of 2 checks FAILED on acme one \(software\)\. .* report it/);
});
