/** The persistent kernel with every activation, every output and cost, and every optimizer, to train and to evaluate. */
import type { Kernel } from '../../shaders/kernel.ts';
import type { UpdateRule } from '../../shaders/optimizer.ts';
import { persistent } from '../../shaders/persistent.ts';
import { outputsAndCosts, updateRules } from '../../src/benchmark/verification/kernels.ts';
import { stepLayers } from '../../src/gpu/layers.ts';
import { choosePersistentPlan } from '../../src/gpu/plan/persistent.ts';
import type { Network } from '../../src/network/network.ts';
import { updateRuleOf } from '../../src/gpu/optimizerScalars.ts';
import { activations } from '../../src/network/functions.ts';

type Functions = Pick<Network, 'activation' | 'output' | 'cost'>;

const shapes = [
  { layers: [784, 16, 16, 10], batchSize: 100, isSoftware: true, count: 3 },
  { layers: [784, 16, 16, 10], batchSize: 100, isSoftware: true, count: 64 },
  { layers: [17, 9, 6], batchSize: 9, isSoftware: false, count: 3 },
  { layers: [5, 3], batchSize: 1, isSoftware: true, count: 3 },
] as const;

const lecture: Functions = { activation: 'sigmoid', output: 'sigmoid', cost: 'squared-error' };
const plain = updateRuleOf(updateRules.plain!);

export function persistentVariants(): Kernel[] {
  return shapes.flatMap(({ layers, batchSize, isSoftware, count }) => {
    const kernel = (functions: Functions, optimizer: UpdateRule | undefined) => {
      const adapter = { isSoftware, subgroupSize: 8 };
      const plan = choosePersistentPlan({ layers }, batchSize, adapter, count);
      const step = stepLayers({ layers, ...functions }, batchSize);
      return persistent({
        ...plan,
        step,
        parameterStride: 15000,
        optimizer,
        networks: count,
      });
    };
    return [
      ...activations.map((activation) => kernel({ ...lecture, activation }, plain)),
      ...outputsAndCosts.map(([output, cost]) => kernel({ ...lecture, output, cost }, plain)),
      ...Object.values(updateRules).flatMap((optimizer) =>
        optimizer ? [kernel(lecture, updateRuleOf(optimizer))] : [],
      ),
      ...activations.map((activation) => kernel({ ...lecture, activation }, undefined)),
    ];
  });
}
