import { describe, expect, it } from 'vitest';

import { ConfigurationError } from '../../src/errors.ts';
import type { AdapterDescription } from '../../src/gpu/adapter.ts';
import {
  adapterSentence,
  agreementSentence,
  errorSentence,
  formatDuration,
  gapSentence,
  limitSentence,
  listOf,
  ratioSentence,
  resultSentence,
  timeLeft,
} from '../../src/page/sentences.ts';

/** Without the spaces that do not break. */
const plain = (text: string) => text.replaceAll('\u00a0', ' ');

const swiftShader: AdapterDescription = {
  vendor: 'google',
  architecture: 'swiftshader',
  description: '',
  isSoftware: true,
  subgroupSize: 0,
};

describe('a duration is rounded to what matters', () => {
  it.each([
    [0.1, '1 s'],
    [9.4, '9 s'],
    [9.6, '10 s'],
    [57, '55 s'],
    [58, '1 min'],
    [84, '1 min 20 s'],
    [119, '2 min'],
    [299, '5 min'],
    [730, '12 min'],
  ])('%d seconds: %s', (seconds, text) => {
    expect(plain(formatDuration(seconds))).toBe(text);
  });
});

describe('the time left', () => {
  it('is what is left to do at the pace so far', () => {
    expect(plain(timeLeft(10, 0.25))).toBe('about 30 s left');
  });

  it('is not guessed from next to nothing', () => {
    expect(timeLeft(1, 0.5)).toBe('');
    expect(timeLeft(10, 0.001)).toBe('');
  });
});

describe('the ratio of speeds', () => {
  it.each([
    [3.14, false, 'The GPU was 3.1 times as fast as the CPU.'],
    [123.4, false, 'The GPU was 123 times as fast as the CPU.'],
    [1.02, false, 'The GPU and the CPU were equally fast.'],
    [0.482, false, 'The GPU was slower than the CPU: 0.48 of its speed.'],
    [0.482, true, 'WebGPU in software was slower than the CPU: 0.48 of its speed.'],
  ])('%d, in software %s: %s', (ratio, isSoftware, text) => {
    expect(ratioSentence(ratio, isSoftware)).toBe(text);
  });
});

it('the limit of an adapter is told with the longest part of it', () => {
  expect(plain(limitSentence({ bound: 'dispatch', fraction: 0.917 }))).toBe(
    'It reached 92 % of this adapter’s own limit, measured just now; most of that is what each dispatch takes beside its work.',
  );
  expect(plain(limitSentence({ bound: 'compute', fraction: 0.0042 }))).toContain(
    'reached 0.4 % of this adapter’s own limit, measured just now; most of that is arithmetic.',
  );
});

describe('an adapter', () => {
  it('in software is said to say nothing about a GPU', () => {
    expect(resultSentence(swiftShader)).toBe(
      'WebGPU adapter: google swiftshader (software). This is a software adapter: it computes on the CPU, ' +
        'so the ratio says nothing about a GPU.',
    );
  });

  it('in hardware is named and nothing more', () => {
    const adapter = {
      vendor: 'apple',
      architecture: 'metal-3',
      description: '',
      isSoftware: false,
      subgroupSize: 0,
    };
    expect(resultSentence(adapter)).toBe('WebGPU adapter: apple metal-3 (hardware).');
  });

  it('without a name is said to have none', () => {
    const adapter = {
      vendor: '',
      architecture: '',
      description: '',
      isSoftware: true,
      subgroupSize: 0,
    };
    expect(adapterSentence(adapter)).toBe('The WebGPU adapter does not say its name (software).');
  });
});

describe('the agreement', () => {
  const agreement = { what: 'first gradient', worst: 0.314, costDrift: 1e-9, verified: true };

  it('is said with the worst element and the difference of the costs', () => {
    expect(plain(agreementSentence(agreement))).toBe(
      'Verified: worst 0.31 of the bound (first gradient), test costs less than 0.001 % apart.',
    );
  });

  it('that fails is said to fail', () => {
    const failed = { ...agreement, worst: 2.5, costDrift: 0.05, verified: false };
    expect(plain(agreementSentence(failed))).toBe(
      'Not verified: worst 2.50 of the bound (first gradient), test costs 5.00 % apart. ' +
        'Please report it, with the adapter’s name.',
    );
  });

  it('of the curves is their widest gap', () => {
    expect(gapSentence(0.00002)).toMatch(/coincide/);
    expect(gapSentence(0.0123)).toBe('The cost curves are at most 0.0123 apart.');
  });
});

describe('an error', () => {
  it('of nudge’s is its own sentence', () => {
    expect(errorSentence(new ConfigurationError('A seed is whole.'))).toBe('A seed is whole.');
  });

  it('of anybody else’s is a bug', () => {
    expect(errorSentence(new TypeError('x is not a function'))).toBe(
      'Something went wrong that should not have: TypeError: x is not a function. ' +
        'This is a bug in nudge; please report it.',
    );
    expect(errorSentence('odd')).toMatch(/should not have: odd\. This is a bug/);
  });
});

it('a list has commas and an and', () => {
  expect(listOf(['a'])).toBe('“a”');
  expect(listOf(['a', 'b'])).toBe('“a” and “b”');
  expect(listOf(['a', 'b', 'c'])).toBe('“a”, “b” and “c”');
});
