import { describe, expect, it } from 'vitest';

import type { Tile } from '../../../shaders/matmul/matmul.ts';
import { ConfigurationError } from '../../../src/errors.ts';
import { requirePlan } from '../../../src/gpu/plan/check.ts';
import { choosePlan } from '../../../src/gpu/plan/choose.ts';
import type { Plan } from '../../../src/gpu/plan/plan.ts';
import { Network } from '../../../src/network/network.ts';
import { errorOf } from '../../support/failure.ts';

const target = { isSoftware: true, subgroupSize: 4, maxWorkgroupSize: 256 };
const network = new Network({ layers: [784, 16, 16, 10] });
const own = choosePlan(network, 100, target);
const tile: Tile = { loop: 'simple', rows4: 2, columns4: 1, workgroupSize: 64 };
/** A plan of which every part is used. */
const plan: Plan = {
  batchSize: 100,
  layers: own.layers.map(() => ({ forward: tile, hiddenDelta: tile, update: tile })),
  stepsPerSubmit: 1,
};

const refusal = (changed: Plan, batchSize = 100, on = target) => {
  const run = () => requirePlan(changed, network, batchSize, on);
  const { message } = errorOf(ConfigurationError, run);
  return message.replace(/^This plan cannot be used here\. /, '').replace(/ Tune one .*$/, '');
};
const withTile = (layer: number, changes: Partial<Plan['layers'][number]>): Plan => ({
  ...plan,
  layers: plan.layers.with(layer, { ...plan.layers[layer]!, ...changes }),
});

it('a plan that fits is given back', () => {
  expect(requirePlan(plan, network, 100, target)).toBe(plan);
});

it('a refusal is one fact and what to do about it', () => {
  expect(() => requirePlan(plan, network, 50, target)).toThrow(
    'This plan cannot be used here. It is for mini-batches of 100 samples, but the batch size is 50. ' +
      'Tune one for this network, mini-batch and adapter, or use the default plan.',
  );
});

describe('a plan is refused that', () => {
  it('is for another network', () => {
    expect(refusal({ ...plan, layers: plan.layers.slice(1) })).toBe(
      'It is for a network with 2 layers of weights, but the network 784-16-16-10 has 3.',
    );
  });

  it('has workgroups that the adapter has not, or that differ within a kernel', () => {
    const sized = (workgroupSize: number) =>
      refusal(withTile(1, { forward: { ...tile, workgroupSize } }));
    expect(sized(512)).toBe(
      'The workgroups for the forward of layer 1 have 512 invocations, but this adapter allows 256.',
    );
    expect(sized(12)).toBe(
      'The workgroups for the forward of layer 1 have 12 invocations, which is not a power of 2.',
    );
    expect(refusal(withTile(1, { update: { ...tile, workgroupSize: 32 } }))).toBe(
      'The updates of all layers share one kernel, so their workgroups must have the same size; got 64 and 32.',
    );
  });

  it('has tiles that do not fit', () => {
    expect(refusal(withTile(0, { forward: { ...tile, columns4: 5 } }))).toBe(
      'The tile for the forward of layer 0 is 20 columns wide, but its matrix has 16.',
    );
    expect(refusal(withTile(1, { forward: { ...tile, rows4: 17 } }))).toBe(
      'The tile for the forward of layer 1 has 17 blocks of sums, but registers hold at most 16.',
    );
  });

  it('fuses layers that are not there, or deals out samples unevenly', () => {
    const fused = (changes: Partial<NonNullable<Plan['fused']>>) =>
      refusal({
        ...plan,
        fused: { from: 1, loop: 'splitK', rows4: 1, workgroupSize: 64, ...changes },
      });
    expect(fused({ from: 3 })).toBe('It fuses layers from 3 on, but the last layer is 2.');
    const deep = new Network({ layers: [784, ...Array<number>(16).fill(16), 10] });
    const layers = Array<Plan['layers'][number]>(17).fill(plan.layers[0]!);
    const through = (from: number): Plan => ({
      ...{ ...plan, layers },
      fused: { from, loop: 'splitK', rows4: 1, workgroupSize: 64 },
    });
    expect(() => requirePlan(through(0), deep, 100, target)).toThrow(
      'It fuses 17 layers, but one kernel can have at most 16.',
    );
    expect(requirePlan(through(1), deep, 100, target)).toBeDefined();
    expect(fused({ rows4: 3 })).toBe(
      'In fused layers, the samples per workgroup of 64 must be a power of 2 from 4 to 256; got 12.',
    );
    expect(fused({ loop: 'simple', rows4: 2 })).toBe(
      'In fused layers, each invocation must process 4 samples; got 8.',
    );
  });

  it('shares in a way that does not come out even, or more memory than there is', () => {
    const forward = (changed: Tile) => refusal(withTile(0, { forward: changed }));
    const tiled = {
      loop: 'tiled',
      rows4: 1,
      columns4: 1,
      across: 8,
      tileK4: 4,
      workgroupSize: 64,
    } as const;
    expect(forward({ ...tiled, across: 24 })).toBe(
      'The workgroups for the forward of layer 0 have 64 invocations, which is not a multiple of the 24 side by side.',
    );
    expect(forward({ ...tiled, tileK4: 32 })).toBe(
      'The workgroup memory of the tile for the forward of layer 0 would be 32768 bytes, but the limit is 16384.',
    );
    expect(forward({ loop: 'splitK', splitK: 16, across: 8, workgroupSize: 64 })).toBe(
      'The workgroups for the forward of layer 0 have 64 invocations, which is not a multiple of the 128 side by side.',
    );
  });
});

it('tiles that no kernel has may be what they are', () => {
  const odd: Tile = { ...tile, rows4: 3, columns4: 99 };
  const fused = { from: 1, loop: 'simple', rows4: 1, workgroupSize: 4 } as const;
  const layers = plan.layers.map((layer, l) =>
    l === 0 ? { ...layer, hiddenDelta: odd } : { ...layer, forward: odd, hiddenDelta: odd },
  );
  expect(requirePlan({ ...plan, fused, layers }, network, 100, target)).toBeDefined();
});
