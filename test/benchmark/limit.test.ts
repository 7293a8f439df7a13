import { describe, expect, it } from 'vitest';

import { describeVerdict, judgeStep } from '../../src/benchmark/limit.ts';
import { roundLimits } from '../support/measuredLimits.ts';

/** 100→100: 40,000 FLOP per sample in two products; per sample, 200 bytes of data and 800 of activations; 80,800 of weights. */
const layers = [100, 100];

describe('the limit of a step', () => {
  it('is arithmetic plus dispatches if arithmetic takes longer than transfer', () => {
    const verdict = judgeStep(roundLimits, {
      layers,
      batchSize: 10,
      dispatches: 3,
      seconds: 500e-6,
    });
    expect(verdict.seconds.compute).toBeCloseTo(400e-6, 12);
    expect(verdict.seconds.memory).toBeCloseTo((80_800 + 10 * 1000) / 1e9, 12);
    expect(verdict.seconds.dispatch).toBeCloseTo(30e-6, 12);
    expect(verdict.seconds.host).toBeCloseTo(3e-6, 12);
    expect(verdict.seconds.limit).toBeCloseTo(430e-6, 12);
    expect(verdict.bound).toBe('compute');
    expect(verdict.fraction).toBeCloseTo(0.86, 12);
  });

  it('is transfer plus dispatches if transfer takes longer', () => {
    const step = { layers, batchSize: 1, dispatches: 1, seconds: 100e-6 };
    const verdict = judgeStep(roundLimits, step);
    expect(verdict.seconds.memory).toBeCloseTo(81.8e-6, 12);
    expect(verdict.seconds.limit).toBeCloseTo(91.8e-6, 12);
    expect(verdict.bound).toBe('memory');
  });

  it('uses the bandwidth of the caches for data that fits', () => {
    const step = { layers: [10, 10], batchSize: 1, dispatches: 1, seconds: 1 };
    // 20 + 8 · (110 + 10) = 980 bytes
    expect(judgeStep(roundLimits, step).seconds.memory).toBeCloseTo(980 / 1e10, 15);
    // 2 · 20 + 8 · (110 + 20) = 1080 bytes
    const more = judgeStep(roundLimits, { ...step, batchSize: 2 });
    expect(more.seconds.memory).toBeCloseTo(1080 / 1e9, 15);
  });

  it('is bound by dispatches if they take longer than the work', () => {
    const step = { layers, batchSize: 1, dispatches: 9, seconds: 180e-6 };
    const verdict = judgeStep(roundLimits, step);
    expect(verdict.seconds.limit).toBeCloseTo(171.8e-6, 12);
    expect(verdict.bound).toBe('dispatch');
    expect(describeVerdict(verdict)).toBe('95 %, limited by the cost of dispatches');
  });

  it('has no bound if no part takes half of the step', () => {
    const step = { layers, batchSize: 10, dispatches: 3 };
    // Arithmetic takes 400 µs, dispatches 30.
    expect(judgeStep(roundLimits, { ...step, seconds: 800e-6 }).bound).toBe('compute');
    const verdict = judgeStep(roundLimits, { ...step, seconds: 801e-6 });
    expect(verdict).toMatchObject({ bound: 'none', longest: 'compute' });
  });

  it('is the host if recording takes longer than the GPU', () => {
    const limits = {
      ...roundLimits,
      latency: { ...roundLimits.latency, encode: { value: 20e-6, spread: 0, rounds: 1 } },
    };
    const step = { layers: [10, 10], batchSize: 1, dispatches: 5, seconds: 200e-6 };
    const verdict = judgeStep(limits, step);
    expect(verdict.seconds.host).toBeCloseTo(100e-6, 12);
    expect(verdict.seconds.limit).toBeCloseTo(100e-6, 12);
    expect(verdict.bound).toBe('host');
  });

  it('is shown with a decimal only below 1 %', () => {
    expect(describeVerdict({ bound: 'none', fraction: 0.0042 })).toBe(
      '0.4 %, no single limit dominates',
    );
    expect(describeVerdict({ bound: 'compute', fraction: 1.037 })).toBe(
      '104 %, limited by arithmetic',
    );
  });
});
