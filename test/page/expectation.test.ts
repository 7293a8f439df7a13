import { describe, expect, it } from 'vitest';

import { expectedSeconds, planSentence, type Plan } from '../../src/page/expectation.ts';

const plan: Plan = {
  presets: ['lecture', 'modern'],
  epochs: 1,
  trainingCount: 60_000,
  gpu: 'hardware',
};

describe('what is said before a run', () => {
  it('names the networks and where they are trained', () => {
    expect(planSentence(plan)).toBe(
      'Two neural networks, “lecture” and “modern”, learn to read handwritten digits: ' +
        'each first on your CPU, then on your GPU, from the same start.',
    );
    expect(planSentence({ ...plan, presets: ['wide'], gpu: 'none' })).toBe(
      'A neural network, “wide”, learns to read handwritten digits: on your CPU, as there is no WebGPU here.',
    );
  });

  it('expects half the time where one side is trained, and twice as much for two epochs', () => {
    expect(expectedSeconds({ ...plan, gpu: 'none' })).toBeCloseTo(expectedSeconds(plan) / 2);
    expect(expectedSeconds({ ...plan, epochs: 2 })).toBeCloseTo(expectedSeconds(plan) * 2);
  });

  it('expects a GPU that is software to take longer than the CPU', () => {
    const software = expectedSeconds({ ...plan, gpu: 'software' });
    expect(software).toBeGreaterThan(2 * expectedSeconds(plan));
  });

  it('expects a wide network to take longer than all the others together', () => {
    const others = expectedSeconds({ ...plan, presets: ['lecture', 'nielsen', 'modern'] });
    expect(expectedSeconds({ ...plan, presets: ['wide'] })).toBeGreaterThan(others);
  });
});
