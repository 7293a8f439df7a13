import { describe, expect, it } from 'vitest';

import type { Agreement, MainJobResult } from '../../../src/benchmark/mainJob.ts';
import { describeMainJob, isProved } from '../../../src/cli/commands/bench.ts';
import { roundLimits } from '../../support/measuredLimits.ts';

const cpu = { samplesPerSecond: 20_000, seconds: 3, cost: 0.27821, accuracy: 0.8212 };
const webgpu = { samplesPerSecond: 50_000, seconds: 1.2, cost: 0.27831, accuracy: 0.8213 };
const agreement: Agreement = {
  what: 'first gradient against float64',
  worst: 0.31,
  costDrift: 0.00014,
  verified: true,
};
const result: MainJobResult = {
  data: 'mnist training set',
  adapter: {
    vendor: 'acme',
    architecture: 'one',
    description: '',
    isSoftware: false,
    subgroupSize: 0,
  },
  rows: [
    {
      preset: 'lecture',
      layers: [784, 16, 16, 10],
      batchSize: 100,
      epochs: 1,
      cpu,
      webgpu,
      ratio: 2.5,
      agreement,
    },
  ],
};

it('the main job is one table, what was verified, the data and the adapter', () => {
  expect(describeMainJob(result)).toEqual([
    'preset   network       on   samples/s  ratio  test cost  test accuracy',
    'lecture  784-16-16-10  CPU     20,000            0.2782        82.12 %',
    '                       GPU     50,000  2.50×     0.2783        82.13 %',
    '',
    'lecture: verified, worst 0.31 of the bound (first gradient against float64), test costs 0.01 % apart (at most 2.00 %).',
    'Data: mnist training set.',
    'GPU: acme one (hardware).',
  ]);
  expect(isProved(result)).toBe(true);
});

it('where the adapter was measured, how near its limit the GPU came is the last column', () => {
  const seconds = { compute: 1e-5, memory: 1e-6, dispatch: 9e-5, host: 1e-6, limit: 1e-4 };
  const limit = { bound: 'dispatch', fraction: 0.92, seconds } as const;
  const rows = [{ ...result.rows[0]!, limit }];
  expect(describeMainJob({ ...result, limits: roundLimits, rows }).slice(0, 3)).toEqual([
    'preset   network       on   samples/s  ratio  test cost  test accuracy  of its own limit',
    'lecture  784-16-16-10  CPU     20,000            0.2782        82.12 %',
    '                       GPU     50,000  2.50×     0.2783        82.13 %  dispatch-bound, 92 %',
  ]);
});

describe('nothing is proved', () => {
  const row = result.rows[0]!;

  it('when the two do not agree', () => {
    const failed = { ...agreement, worst: 1.7, verified: false };
    const bad = { ...result, rows: [row, { ...row, agreement: failed }] };
    expect(isProved(bad)).toBe(false);
    expect(describeMainJob(bad).join('\n')).toContain(
      'lecture: NOT VERIFIED, worst 1.7 of the bound (first gradient against float64), test costs 0.01 % apart (at most 2.00 %). ' +
        "Run 'nudge check' to see where the GPU's numbers go wrong.",
    );
  });

  it('when there was no GPU', () => {
    const { preset, layers, batchSize, epochs } = row;
    const none: MainJobResult = {
      data: 'digits training set',
      noAdapter: 'There is no adapter here.',
      rows: [{ preset, layers, batchSize, epochs, cpu }],
    };
    expect(isProved(none)).toBe(false);
    expect(describeMainJob(none).slice(-3)).toEqual([
      'lecture: not verified.',
      'Data: digits training set.',
      'GPU: none. There is no adapter here.',
    ]);
  });
});
