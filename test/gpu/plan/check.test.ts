import { describe, expect, it } from 'vitest';

import type { Tile } from '../../../shaders/matmul/matmul.ts';
import { ConfigurationError, LimitError } from '../../../src/errors.ts';
import { requirePlan } from '../../../src/gpu/plan/check.ts';
import { choosePlan } from '../../../src/gpu/plan/choose.ts';
import type { Plan, PlanAdapter } from '../../../src/gpu/plan/plan.ts';
import { requireShortLoops } from '../../../src/gpu/software/loops.ts';
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

describe('a tile that is swapped is refused', () => {
  const swapped = {
    loop: 'swapped',
    rows4: 4,
    columns4: 1,
    workgroupSize: 64,
    fromTextures: true,
  } as const;

  it('where subgroups are not of four, or cannot share it evenly', () => {
    const changed = withTile(1, { forward: swapped });
    expect(requirePlan(changed, network, 100, target)).toBe(changed);
    expect(refusal(changed, 100, { ...target, subgroupSize: 32 })).toBe(
      'The tile for the forward of layer 1 is swapped between the four invocations of a subgroup, but this adapter has subgroups of 32.',
    );
    expect(refusal(changed, 100, { ...target, subgroupSize: 0 })).toContain(
      'no subgroups of one size',
    );
    expect(refusal(withTile(1, { forward: { ...swapped, rows4: 6 } }))).toBe(
      'The tile for the forward of layer 1 has 24 rows for workgroups of 64, which four invocations cannot share evenly.',
    );
  });

  it('where a matrix is larger than textures may be', () => {
    const layers = [9000, 16];
    const only = { ...plan, layers: [{ ...plan.layers[0]!, forward: swapped }] };
    expect(() => requirePlan(only, { layers }, 100, target)).toThrow(
      'The forward of layer 0 reads textures, which hold at most 8192 neurons and 8192 rows, but it is 9000→16 with 100 rows.',
    );
    const many = { ...only, batchSize: 8200 };
    expect(() => requirePlan(many, { layers: [784, 16] }, 8200, target)).toThrow(
      'but it is 784→16 with 8200 rows.',
    );
  });

  it('where one kernel would read more textures than every adapter has', () => {
    const layers = Array.from({ length: 10 }, () => 16);
    const deep = {
      ...plan,
      layers: layers.slice(1).map(() => ({ ...plan.layers[0]!, update: swapped })),
    };
    expect(() => requirePlan(deep, { layers }, 100, target)).toThrow(
      'The updates of 9 layers read textures, but at most 8 layers can.',
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

describe('loops that llvmpipe would end before they are through', () => {
  const llvmpipe = { isSoftware: true, subgroupSize: 8 };
  const check = (layers: number[], batchSize: number, adapter: PlanAdapter) => () =>
    requireShortLoops({ layers }, { batchSize }, adapter);

  it('are refused with both numbers', () => {
    const { message } = errorOf(LimitError, check([784, 10], 270_000, llvmpipe));
    expect(message).toContain('Mini-batches of 270000 samples need loops of 67500 iterations');
    expect(message).toContain('silently end them after 64511');
    expect(check([300_000, 10], 100, llvmpipe)).toThrow('Layers of 300000 neurons');
    expect(check([784, 40_000], 100, llvmpipe)).toThrow('40000 outputs need loops of 80000');
  });

  it('are refused where one invocation takes samples through layers that are too large together', () => {
    const layers = [784, 2000];
    const through = (fused: NonNullable<Plan['fused']>, adapter = llvmpipe) =>
      requireShortLoops({ layers }, { batchSize: 100, fused }, adapter);
    const alone = { from: 0, loop: 'simple', rows4: 1, workgroupSize: 8 } as const;
    const { message } = errorOf(LimitError, () => through(alone));
    const [, iterations] = /^Layers from 0 on in one dispatch need loops of (\d+) /.exec(message)!;
    // For 125 times four columns of four outputs: 196 steps each.
    expect(Number(iterations)).toBeGreaterThan((500 / 4) * 196);
    expect(() => through(alone, target)).not.toThrow();
    expect(() => through({ ...alone, loop: 'splitK', workgroupSize: 64 })).not.toThrow();
    expect(() => through({ ...alone, loop: 'splitK', workgroupSize: 1 })).toThrow(
      'in one dispatch',
    );
  });

  it('are no matter where they are short, and on other adapters', () => {
    for (const run of [
      check([784, 10], 250_000, llvmpipe),
      check([784, 10], 270_000, target),
      check([300_000, 10], 270_000, { isSoftware: false, subgroupSize: 32 }),
    ]) {
      expect(run).not.toThrow();
    }
  });
});
