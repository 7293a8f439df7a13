import { describe, expect, it } from 'vitest';

import { choosePlan, describePlan } from '../../src/gpu/plan.ts';
import { parameterBuffers } from '../../src/gpu/parameterStore.ts';
import { evaluationStep, sourceBuffers, trainingStep } from '../../src/gpu/step.ts';
import { Network } from '../../src/network/network.ts';
import { sgd } from '../../src/training/optimizers.ts';

const sizes = [1, 2, 3, 4, 5, 10, 16, 17, 30, 33, 128, 784, 1024];
const plain = sgd({ learningRate: 1 });
const heavy = sgd({ learningRate: 1, momentum: 0.9 });

describe('a plan', () => {
  it('has tiles that cover rows and columns exactly, for any sizes', () => {
    for (const isSoftware of [true, false]) {
      for (const batchSize of [1, 2, 7, 10, 100, 128, 1000]) {
        for (const hidden of sizes) {
          for (const outputs of sizes) {
            const layers = [784, hidden, outputs];
            const plan = choosePlan({ layers }, batchSize, isSoftware);
            expect(plan.rows).toBeGreaterThanOrEqual(batchSize);
            expect(plan.rows).toBeLessThan(batchSize + 8);
            plan.layers.forEach(({ forward, hiddenDelta, update }, l) => {
              const columns = Math.ceil(layers[l + 1]! / 4);
              expect(plan.rows % forward.rows).toBe(0);
              expect(plan.rows % hiddenDelta.rows).toBe(0);
              expect(columns % forward.quads).toBe(0);
              expect(columns % update.quads).toBe(0);
            });
          }
        }
      }
    }
  });

  it('is the same for the same arguments, and says what it is', () => {
    const layers = [784, 16, 16, 10];
    expect(choosePlan({ layers }, 100, true)).toEqual(choosePlan({ layers }, 100, true));
    expect(describePlan(choosePlan({ layers }, 100, true))).toMatch(
      /^workgroups of 16; layer 0: forward \d×\d+, update 4×\d+; layer 1: .*hidden delta \d×4.*; layer 2: /,
    );
  });

  it('puts few steps into the first submit, and of a large network only one', () => {
    const first = (layers: number[], batchSize: number) =>
      choosePlan({ layers }, batchSize, true).stepsPerSubmit;
    expect(first([784, 16, 16, 10], 100)).toBe(5);
    expect(first([784, 16, 16, 10], 1)).toBeGreaterThan(100);
    expect(first([784, 1024, 1024, 10], 1024)).toBe(1);
  });
});

describe('a step', () => {
  const network = new Network({ layers: [784, 16, 16, 10] });
  const plan = choosePlan(network, 100, true);

  it('goes forward, back and then updates, once per layer each', () => {
    const labels = trainingStep(network, plan, plain).dispatches.map(({ kernel }) => kernel.label);
    expect(labels).toEqual([
      'forward 784→16',
      'forward 16→16',
      'forward 16→10',
      'output delta 10',
      'hidden delta 16←10',
      'hidden delta 16←16',
      'update 16→10',
      'update 16→16',
      'update 784→16',
    ]);
  });

  it('binds every binding of every kernel to a buffer that somebody makes', () => {
    const gelu = new Network({ layers: [784, 16, 16, 10], activation: 'gelu' });
    for (const of of [network, gelu]) {
      for (const [optimizer, clipNorm] of [[plain], [heavy], [plain, 1], [heavy, 1]] as const) {
        const layouts = parameterBuffers(of, optimizer, clipNorm !== undefined);
        const parameters = layouts.flatMap(({ name, ranges }) => [
          name,
          ...ranges.map((_, l) => `${name}.${l}`),
        ]);
        const steps = [trainingStep(of, plan, optimizer, clipNorm), evaluationStep(of, plan)];
        for (const step of steps) {
          const made = new Set([...parameters, ...step.buffers.keys(), ...sourceBuffers]);
          for (const { kernel, buffers } of step.dispatches) {
            for (const { name } of kernel.bindings) {
              expect(made, `${kernel.label}: ${name}`).toContain(buffers[name]);
            }
          }
        }
      }
    }
  });

  it('never binds one buffer twice in a dispatch, once to read and once to write', () => {
    const steps = [undefined, 1].map((clip) => trainingStep(network, plan, heavy, clip));
    for (const { kernel, buffers } of steps.flatMap(({ dispatches }) => dispatches)) {
      const bound = kernel.bindings.map(({ name }) => buffers[name]);
      expect(new Set(bound).size, kernel.label).toBe(bound.length);
    }
  });

  it('has three kernels more where gradients are clipped, the last of which updates', () => {
    const { dispatches } = trainingStep(network, plan, heavy, 1);
    expect(dispatches.slice(-3).map(({ kernel }) => kernel.label)).toEqual([
      'sum of squares',
      'clip scale',
      'apply gradients',
    ]);
    const writers = (name: string) =>
      dispatches.filter(({ kernel: { bindings }, buffers }) =>
        bindings.some((one) => one.access === 'read_write' && buffers[one.name]!.startsWith(name)),
      );
    expect(writers('parameters')).toEqual(dispatches.slice(-1));
    expect(writers('moments')).toEqual(dispatches.slice(-1));
    expect(writers('gradients')).toHaveLength(3);
  });

  it('keeps moments only for an optimizer that has any', () => {
    expect(parameterBuffers(network, plain, false).map(({ name }) => name)).toEqual(['parameters']);
    const names = parameterBuffers(network, heavy, false).map(({ name }) => name);
    expect(names).toEqual(['parameters', 'moments']);
  });
});
