import { describe, expect, it } from 'vitest';

import type { TuneResult } from '../../../src/benchmark/tuneJob.ts';
import { describeTuning } from '../../../src/cli/commands/tune.ts';
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

describe('what tuning found', () => {
  it('is a line a question, and the gain of a step', () => {
    expect(describeTuning({ ...found, tuning })).toEqual([
      'what                default             ms  best of the others    ms  ratio  taken  tried',
      'forward of layer 0  4×4               2.00  8×4                 1.00  2.00×  yes        5',
      'workgroups          workgroups of 64  3.00                                   no         0',
      '',
      'Dropped 16×4 (forward of layer 0): Kernel does not compile',
      'A step takes 2.50 ms by the tuned plan and 4.00 ms by the default one: 1.60 times as fast. Measured: 5 candidates in 4.2 s on acme one (hardware).',
      'Plan: workgroups of 64.',
    ]);
  });

  it('may be nothing, and cut short', () => {
    const nothing = { ...tuning, decisions: [], isDefault: true, ended: 'budget' } as const;
    expect(describeTuning({ ...found, tuning: nothing })).toEqual([
      'Nothing was surely faster than the default plan, 4.00 ms a step. Measured: 0 candidates in 4.2 s on acme one (hardware). The budget ended it before every candidate was measured; give more with --budget.',
      'Plan: workgroups of 64.',
    ]);
  });
});

describe('--plan', () => {
  it('other than default is for the GPU, which it implies', () => {
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
      `--plan tuned says how a step is cut up for a GPU, and backend '${backend}' has none. Leave --plan out, or use --backend webgpu.`,
    );
  });
});
