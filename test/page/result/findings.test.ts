import { describe, expect, it } from 'vitest';

import type { BenchmarkResult, Verification } from '../../../src/benchmark/result/schema.ts';
import { scoreTitle } from '../../../src/benchmark/result/words.ts';
import {
  crossoverSentence,
  limitWords,
  machineSentence,
  scoreNotes,
  scoreSentence,
  scoresLine,
  speedUpSentence,
  verificationSentence,
} from '../../../src/page/result/findings.ts';
import { makeBenchmarkResult } from '../../support/benchmarkResult.ts';

const result = makeBenchmarkResult();
/** Without the spaces that do not break. */
const plain = (text: string) => text.replaceAll('\u00a0', ' ');

const inSoftware: BenchmarkResult = {
  ...result,
  environment: {
    ...result.environment,
    adapter: { ...result.environment.adapter!, isSoftware: true },
  },
};

function without<Whole extends object, Key extends keyof Whole>(
  whole: Whole,
  key: Key,
): Omit<Whole, Key> {
  const entries = Object.entries(whole).filter(([name]) => name !== key);
  return Object.fromEntries(entries) as Omit<Whole, Key>;
}

/** The result with one workload, verified as given. */
function withVerification(changes: Partial<Verification>): BenchmarkResult {
  const workload = result.workloads[0]!;
  return {
    ...result,
    workloads: [{ ...workload, verification: { ...workload.verification!, ...changes } }],
  };
}

describe('who wins', () => {
  it.each([
    [{ kind: 'between', parameters: 101_770 }, 'The GPU wins from about 100,000 parameters.'],
    [{ kind: 'between', parameters: 1_863_690 }, 'The GPU wins from about 1.9 million parameters.'],
    [{ kind: 'never' }, 'The CPU wins at every size, up to 1.9 million parameters.'],
    [{ kind: 'always' }, 'The GPU wins at every size, from 13,000 parameters.'],
  ] as const)('%j: %s', (crossover, text) => {
    expect(crossoverSentence({ ...result, crossover })).toBe(text);
  });

  it('is not said to be a GPU where the adapter is software', () => {
    expect(crossoverSentence(inSoftware)).toMatch(/^WebGPU in software wins from/);
  });

  it('is not said where there was nothing to compare', () => {
    const alone = without(result, 'crossover');
    const apart = { ...alone, workloads: alone.workloads.map((one) => ({ ...one, ratios: [] })) };
    expect(crossoverSentence(apart)).toBe('No network was trained on both the GPU and the CPU.');
    const single = { ...alone, workloads: alone.workloads.slice(0, 1) };
    expect(crossoverSentence(single)).toMatch(/^One network does not show/);
    const environment = { ...result.environment, noAdapter: 'No adapter.' };
    expect(crossoverSentence({ ...alone, environment })).toBe('No GPU took part.');
  });

  it('is told with the largest speed-up', () => {
    const [ratio] = result.workloads.find(({ name }) => name === 'xl')!.ratios;
    expect(speedUpSentence(result)).toBe(
      `At best, on “xl”, the GPU trained ${ratio!.middle.toPrecision(2)} times as fast as the CPU.`,
    );
    const slow = makeBenchmarkResult({ factors: { webgpu: 0.001 } });
    expect(plain(speedUpSentence(slow))).toMatch(
      /“xl”, the GPU reached 0\.9\d* % of the CPU’s speed\.$/,
    );
  });
});

describe('whether it is verified', () => {
  it('is told with the worst error', () => {
    const worst = Math.max(...result.workloads.map(({ verification }) => verification!.worst));
    expect(verificationSentence(result)).toEqual({
      isVerified: true,
      text: `Verified. Worst error: ${worst.toFixed(2)} of the tolerance.`,
    });
  });

  it('names the tensor that failed, and the cost that drifted', () => {
    const failed = withVerification({
      isVerified: false,
      tensors: [
        { name: 'layers.0.weight', worst: 3.2 },
        { name: 'layers.0.bias', worst: 0.2 },
      ],
      costDrift: 0.05,
    });
    const { isVerified, text } = verificationSentence(failed)!;
    expect(isVerified).toBe(false);
    expect(plain(text)).toBe(
      'Not verified. tiny: the error of layers.0.weight is 3.2 times the tolerance, the cost drifted by 5 %, and 2 % is allowed.',
    );
  });

  it('is not said where no GPU ran', () => {
    const workloads = result.workloads.map((workload) => without(workload, 'verification'));
    expect(verificationSentence({ ...result, workloads })).toBeNull();
  });
});

describe('scores', () => {
  it('of whole runs on hardware need no reservation', () => {
    expect(scoreNotes(result.scores, result.scores[0]!.workloads)).toEqual([]);
    expect(result.scores.map(scoreTitle)).toEqual([
      'CPU score, one thread',
      'CPU score',
      'GPU score',
    ]);
  });

  it('of part of a run, and of software adapters, are said to be', () => {
    const scores = makeBenchmarkResult({ workloads: ['tiny'] }).scores.map((score) =>
      score.backend === 'webgpu' ? { ...score, class: 'software' as const } : score,
    );
    expect(scoreNotes(scores, ['tiny'])).toEqual([
      'From “tiny” only: do not compare it with the score of a full run.',
      expect.stringContaining('only with those of other software adapters') as unknown,
    ]);
    expect(scoreTitle(scores.at(-1)!)).toBe('GPU score, in software');
  });

  it('are told in sentences, the GPU’s first, and in few words', () => {
    const [one, cpu, webgpu] = result.scores;
    const whole = (value: number) => Math.round(value).toLocaleString('en');
    expect(scoreSentence(result)).toBe(
      [
        `GPU score: ${whole(webgpu!.middle)}, interval ${whole(webgpu!.low)} to ${whole(webgpu!.high)}.`,
        `CPU score: ${whole(cpu!.middle)}, interval ${whole(cpu!.low)} to ${whole(cpu!.high)}.`,
        `CPU score, one thread: ${whole(one!.middle)}, interval ${whole(one!.low)} to ${whole(one!.high)}.`,
      ].join(' '),
    );
    expect(plain(scoresLine(result))).toBe(
      `GPU ${whole(webgpu!.middle)} · CPU ${whole(cpu!.middle)} · 1 thread ${whole(one!.middle)}`,
    );
  });

  it('that are missing have their reason in their place', () => {
    const flags = [{ kind: 'stopped', message: 'The run was stopped.', isVoid: true }] as const;
    const stopped = { ...result, scores: [], flags };
    expect(scoreSentence(stopped)).toBe('No score. The run was stopped.');
    expect(scoresLine(stopped)).toBe('no score');
  });
});

it('the limit is told with what binds', () => {
  const series = result.workloads[0]!.series.at(-1)!;
  expect(plain(limitWords(series))).toBe('92 %, the cost of dispatches');
  const low = {
    ...series,
    limit: { ...series.limit!, bound: 'compute' as const, fraction: 0.0042 },
  };
  expect(plain(limitWords(low))).toBe('0.4 %, arithmetic');
  expect(limitWords(without(series, 'limit'))).toBe('–');
});

it('the machine is told in a line', () => {
  expect(machineSentence(result)).toBe(
    'acme roadrunner-2, ACME Roadrunner 2060 (hardware); 8 CPU threads; Chromium 156, Linux x86_64',
  );
});
