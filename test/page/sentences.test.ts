import { describe, expect, it } from 'vitest';

import {
  ConfigurationError,
  DeviceLostError,
  LimitError,
  NoAdapterError,
  OutOfMemoryError,
} from '../../src/errors.ts';
import { adapterSentence, doingSentence, errorSentence, listOf } from '../../src/page/sentences.ts';

const swiftShader = {
  vendor: 'google',
  architecture: 'swiftshader',
  description: '',
  isSoftware: true,
  subgroupSize: 0,
};

describe('an adapter', () => {
  it('in software is not taken for a GPU', () => {
    expect(adapterSentence(swiftShader)).toBe(
      'GPU: google swiftshader (software). This is a software adapter: it computes on the CPU, so its speed is not that of a GPU.',
    );
  });

  it('in hardware is named and nothing more', () => {
    const adapter = { ...swiftShader, vendor: 'apple', architecture: 'metal-3', isSoftware: false };
    expect(adapterSentence(adapter)).toBe('GPU: apple metal-3 (hardware).');
  });

  it('that keeps its name to itself is said to', () => {
    const adapter = { ...swiftShader, vendor: '', architecture: '', isSoftware: false };
    expect(adapterSentence(adapter)).toBe('GPU: the browser does not name it (hardware).');
  });
});

describe('the sentence of a phase', () => {
  const words = { repeats: 10, isSoftware: false };

  it.each([
    [{ phase: 'probe' }, 'Measuring the GPU’s limits'],
    [
      { phase: 'measure', workload: 'mid', backend: 'webgpu', round: 4 },
      'Measuring: mid on the GPU, repeat 4 of 10',
    ],
    [{ phase: 'compile', workload: 'tiny', backend: 'cpu-1' }, 'Compiling: tiny on one CPU thread'],
    [{ phase: 'verify', workload: 'xl' }, 'Checking the first step against the reference: xl'],
  ] as const)('%j is told', (doing, text) => {
    expect(doingSentence(doing, words)).toBe(text);
  });

  it('on a software adapter is not said to be on a GPU', () => {
    const doing = { phase: 'evaluate', workload: 'mid', backend: 'webgpu' } as const;
    expect(doingSentence(doing, { ...words, isSoftware: true })).toBe(
      'Evaluating: mid on the GPU in software',
    );
  });
});

describe('an error', () => {
  it('of nudge’s own speaks for itself', () => {
    expect(errorSentence(new ConfigurationError('Give a number.'))).toBe('Give a number.');
  });

  it.each([
    new NoAdapterError("There is no WebGPU here. Run 'nudge doctor', or use backend 'cpu'."),
    new LimitError("Use backend 'cpu'."),
    new OutOfMemoryError('Dispose of engines.'),
    new DeviceLostError('timeout', 'Request a new device; raise timeoutMs.'),
  ])('that advises a program advises the reader instead: %s', (error) => {
    const text = errorSentence(error);
    expect(text).not.toContain(error.message);
    expect(text).not.toMatch(/nudge doctor|backend '|device|timeoutMs|bug/);
    expect(text).toMatch(/Reload|Choose|Close|Start again/);
  });

  it.each([
    [new TypeError('x is undefined'), 'TypeError: x is undefined.'],
    ['a text', 'a text.'],
  ])('of any other kind is a bug, and said to be', (error, text) => {
    expect(errorSentence(error)).toContain(text);
    expect(errorSentence(error)).toMatch(/bug in nudge; please report it\.$/);
  });
});

it.each([
  [['tiny'], '“tiny”'],
  [['tiny', 'mid'], '“tiny” and “mid”'],
  [['tiny', 'mid', 'xl'], '“tiny”, “mid” and “xl”'],
])('%j in a sentence: %s', (names, text) => {
  expect(listOf(names)).toBe(text);
});
