import { describe, expect, it } from 'vitest';

import type { Kernel } from '../../../shaders/kernel.ts';
import { choosePlan } from '../../../src/gpu/plan/choose.ts';
import { describePlan, type Plan } from '../../../src/gpu/plan/plan.ts';
import { requirePlan } from '../../../src/gpu/plan/check.ts';
import { parameterBuffers } from '../../../src/gpu/parameterStore.ts';
import {
  evaluationBuffers,
  evaluationStep,
  sourceBuffers,
  trainingBuffers,
  trainingStep,
} from '../../../src/gpu/step.ts';
import { Network } from '../../../src/network/network.ts';
import { sgd } from '../../../src/engine/optimizers.ts';

const sizes = [1, 2, 3, 4, 5, 10, 16, 17, 30, 33, 128, 784, 1024];
const plain = sgd({ learningRate: 1 });
const heavy = sgd({ learningRate: 1, momentum: 0.9 });

const gpu = { isSoftware: false, subgroupSize: 32 };
const software = { isSoftware: true, subgroupSize: 0 };
const sharing = { isSoftware: true, subgroupSize: 4 };
const adapters = [gpu, software, sharing];

describe('a plan', () => {
  it('can be used, and computes little for nothing, for any sizes', () => {
    for (const adapter of adapters) {
      const target = { ...adapter, maxWorkgroupSize: 256 };
      for (const batchSize of [1, 2, 7, 10, 100, 128, 1000]) {
        for (const hidden of sizes) {
          for (const outputs of sizes) {
            const layers = [784, hidden, outputs];
            const plan = choosePlan({ layers }, batchSize, adapter);
            expect(requirePlan(plan, { layers }, batchSize, target)).toBe(plan);
          }
        }
      }
    }
  });

  it('is the same for the same arguments, and says what it is', () => {
    const layers = [784, 16, 16, 10];
    expect(choosePlan({ layers }, 100, software)).toEqual(choosePlan({ layers }, 100, software));
    expect(describePlan(choosePlan({ layers: [784, 128, 10] }, 100, gpu))).toMatch(
      /^layers from 0 on .*, 4 samples a workgroup of 256; layer 0: update 4×4 in \d+ parts, \d across by 256; layer 1: update /,
    );
  });

  it('puts few steps into the first submit, and of a large network only one', () => {
    const first = (layers: number[], batchSize: number) =>
      choosePlan({ layers }, batchSize, software).stepsPerSubmit;
    expect(first([784, 16, 16, 10], 100)).toBe(5);
    expect(first([784, 16, 16, 10], 1)).toBeGreaterThan(100);
    expect(first([784, 1024, 1024, 10], 1024)).toBe(1);
  });
});

describe('a step', () => {
  const network = new Network({ layers: [784, 16, 16, 10] });
  const plan = choosePlan(network, 100, software);

  it('goes forward, back and then updates all layers at once', () => {
    const labels = (of: Plan) => trainingStep(network, of, plain).map(({ label }) => label);
    const update = 'update 784→16, 16→16, 16→10';
    const { batchSize, layers, stepsPerSubmit } = plan;
    expect(labels({ batchSize, layers, stepsPerSubmit })).toEqual([
      'forward 784→16',
      'forward 16→16',
      'forward 16→10',
      'output delta 10',
      'hidden delta 16←10',
      'hidden delta 16←16',
      update,
    ]);
    const fusedFrom = (from: number) =>
      labels({ ...plan, fused: { from, loop: 'simple', rows4: 1, workgroupSize: 8 } });
    expect(fusedFrom(0)).toEqual(['forward and back 784→16→16→10', update]);
    expect(fusedFrom(1)).toEqual(['forward 784→16', 'forward and back 16→16→10', update]);
    expect(fusedFrom(2)).toEqual([
      'forward 784→16',
      'forward 16→16',
      'forward and back 16→10',
      'hidden delta 16←16',
      update,
    ]);
  });

  // Compilers refuse chains of more than 127 branches, and SwiftShader crashes on a kernel of 124 layers.
  it('has at most 16 layers in a kernel, and ends with the last update, however deep the network', () => {
    const deep = new Network({ layers: [784, ...Array<number>(124).fill(4), 10] });
    for (const adapter of adapters) {
      const plan = choosePlan(deep, 100, adapter);
      expect(requirePlan(plan, deep, 100, { ...adapter, maxWorkgroupSize: 256 })).toBe(plan);
      const kernels = trainingStep(deep, plan, plain);
      const layersIn = ({ label }: Kernel) => label.match(/→/g)?.length ?? 1;
      expect(Math.max(...kernels.map(layersIn))).toBe(16);
      const updates = kernels.filter(({ label }) => label.startsWith('update '));
      expect(updates.map(layersIn)).toEqual([16, 16, 16, 16, 16, 16, 16, 13]);
      expect(updates.map(({ code }) => /nonFinite\[(\d+)u\]/.exec(code)![1])).toEqual(
        [0, 16, 32, 48, 64, 80, 96, 112].map(String),
      );
      const ending = kernels.filter(({ code }) => code.includes('counter.step = step + 1u'));
      expect(ending).toEqual([updates.at(-1)]);
    }
  });

  it('binds every binding of every kernel to a buffer that somebody makes', () => {
    const gelu = new Network({ layers: [784, 16, 16, 10], activation: 'gelu' });
    for (const of of [network, gelu]) {
      for (const [optimizer, clipNorm] of [[plain], [heavy], [plain, 1], [heavy, 1]] as const) {
        const parameters = parameterBuffers(of, optimizer, clipNorm !== undefined);
        const steps = [
          [trainingStep(of, plan, optimizer, clipNorm), trainingBuffers(of, 100, clipNorm)],
          [evaluationStep(of, plan), evaluationBuffers(of, 100)],
        ] as const;
        for (const [kernels, buffers] of steps) {
          const made = new Set<string>([
            ...parameters.map(({ name }) => name),
            ...buffers.keys(),
            ...sourceBuffers,
          ]);
          for (const { label, bindings } of kernels) {
            // This network's kernels read no textures; those of test/gpu/software/swapped.test.ts do.
            for (const { name } of bindings) expect(made, label).toContain(name);
            // WebGPU lets a dispatch either read a buffer or write it.
            expect(new Set(bindings.map(({ name }) => name)).size, label).toBe(bindings.length);
          }
        }
      }
    }
  });

  it('has three kernels more where gradients are clipped, the last of which updates', () => {
    const kernels = trainingStep(network, plan, heavy, 1);
    expect(kernels.slice(-3).map(({ label }) => label)).toEqual([
      'sum of squares',
      'clip scale',
      'apply gradients',
    ]);
    const writers = (name: string) =>
      kernels.filter(({ bindings }) =>
        bindings.some((one) => one.access === 'read_write' && one.name === name),
      );
    expect(writers('parameters')).toEqual(kernels.slice(-1));
    expect(writers('moments')).toEqual(kernels.slice(-1));
    expect(writers('gradients')).toHaveLength(1);
  });

  it('keeps moments only for an optimizer that has any', () => {
    expect(parameterBuffers(network, plain, false).map(({ name }) => name)).toEqual(['parameters']);
    const names = parameterBuffers(network, heavy, false).map(({ name }) => name);
    expect(names).toEqual(['parameters', 'moments']);
  });
});
