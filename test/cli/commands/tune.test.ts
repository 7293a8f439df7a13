import { describe, expect, it } from 'vitest';

import type { TuneResult } from '../../../src/benchmark/tuneJob.ts';
import { describeTuning, readReport, requireSame } from '../../../src/cli/commands/tune.ts';
import { configureTraining } from '../../../src/cli/configure.ts';
import { UsageError } from '../../../src/cli/errors.ts';
import { choosePlan } from '../../../src/gpu/plan/choose.ts';
import { planFile } from '../../../src/gpu/plan/file.ts';
import { errorOf } from '../../support/failure.ts';

const adapter = {
  vendor: 'acme',
  architecture: 'one',
  description: '',
  isSoftware: false,
  subgroupSize: 32,
};
const network = { layers: [784, 16, 10] };
const plan = choosePlan(network, 100, adapter);
const found: TuneResult = {
  adapter,
  from: 'tuning',
  planFile: planFile(network, plan),
  plan: 'workgroups of 64',
  tuned: {},
};
const tuning: NonNullable<TuneResult['tuning']> = {
  isDefault: false,
  decisions: [
    {
      question: 'forward of layer 0',
      before: { name: '4×4', seconds: 0.002 },
      best: { name: '8×4', seconds: 0.001 },
      isAccepted: true,
      tried: 5,
      dropped: [{ name: '16×4', why: 'Kernel does not compile\n  line 3' }],
    },
    {
      question: 'workgroups',
      before: { name: 'workgroups of 64', seconds: 0.003 },
      isAccepted: false,
      tried: 0,
      dropped: [],
    },
  ],
  step: { default: 0.004, tuned: 0.0025 },
  ended: 'complete',
  seconds: 4.21,
};

describe('the result of tuning', () => {
  it('has one line per decision, and the speed-up of a step', () => {
    expect(describeTuning({ ...found, tuning })).toEqual([
      'what                default             ms  best alternative    ms  ratio  taken  tried',
      'forward of layer 0  4×4               2.00  8×4               1.00  2.00×  yes        5',
      'workgroups          workgroups of 64  3.00                                 no         0',
      '',
      'Dropped 16×4 (forward of layer 0): Kernel does not compile',
      'A step takes 2.50 ms with the tuned plan and 4.00 ms with the default: 1.60 times as fast. Measured: 5 candidates in 4.2 s on acme one (hardware).',
      'Plan: workgroups of 64.',
    ]);
  });

  it('may be the default plan, and may be incomplete', () => {
    const nothing = { ...tuning, decisions: [], isDefault: true, ended: 'budget' } as const;
    expect(describeTuning({ ...found, tuning: nothing })).toEqual([
      'No plan was clearly faster than the default, 4.00 ms per step. Measured: 0 candidates in 4.2 s on acme one (hardware). The budget ended before all candidates were measured; give a larger --budget.',
      'Plan: workgroups of 64.',
    ]);
  });
});

describe('--plan', () => {
  it('other than default implies the GPU', () => {
    const backendOf = (...[options]: Parameters<typeof configureTraining>) =>
      configureTraining(options).training.backend;
    expect(backendOf({ plan: 'default' })).toBe('auto');
    expect(backendOf({ plan: 'tuned' })).toBe('webgpu');
    expect(backendOf({ plan: 'a.json', backend: 'auto' })).toBe('webgpu');
    expect(backendOf({ plan: 'default', backend: 'cpu' })).toBe('cpu');
  });

  it.each(['cpu', 'reference'] as const)('is refused with backend %s', (backend) => {
    const run = () => configureTraining({ backend, plan: 'tuned' });
    expect(errorOf(UsageError, run).message).toBe(
      `--plan tuned has no effect with backend '${backend}': plans are for a GPU. Leave --plan out, or use --backend webgpu.`,
    );
  });
});

it('a report of another machine is refused in a short sentence, however long or deep it is', () => {
  const report = (extra: string) =>
    readReport(
      `{"command":"tune","configuration":{"network":{},"batchSize":1,"budgetMs":1},"runtime":{"name":"node","x":${extra}},"processor":"One","key":"","measured":[]}`,
    );
  const now = { runtime: { name: 'node' }, processor: 'One' };
  for (const extra of [`"${'x'.repeat(5000)}"`, `${'['.repeat(20_000)}${']'.repeat(20_000)}`]) {
    const { message } = errorOf(UsageError, () => requireSame(now, report(extra)));
    expect(message.length).toBeLessThan(1000);
    expect(message).toContain('Start again without --resume.');
  }
});
