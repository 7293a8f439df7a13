import { describe, expect, it } from 'vitest';

import { ConfigurationError, LimitError } from '../../../src/errors.ts';
import { choosePlan } from '../../../src/gpu/plan/choose.ts';
import type { Plan, PlanAdapter } from '../../../src/gpu/plan/plan.ts';
import { buildStep, requirePlan, rowsFor } from '../../../src/gpu/plan/check.ts';
import { requireShortLoops } from '../../../src/gpu/software/loops.ts';
import { Network } from '../../../src/network/network.ts';
import { sgd } from '../../../src/engine/optimizers.ts';
import { errorOf } from '../../support/failure.ts';

const target = { isSoftware: true, subgroupSize: 4, maxWorkgroupSize: 256 };
const network = new Network({ layers: [784, 16, 16, 10] });
const own = choosePlan(network, 100, target);
const tile = { rows: 8, quads: 1 };
/** A plan of which every part is used. */
const plan: Plan = {
  batchSize: 100,
  rows: 104,
  layers: own.layers.map(() => ({
    forward: tile,
    hiddenDelta: tile,
    update: { rows: 4, quads: 1 },
  })),
  lanes: { workgroupSize: 4, broadcast: 4 },
  stepsPerSubmit: 1,
};

const refusal = (changed: Plan, batchSize = 100) => {
  const run = () => requirePlan(changed, network, batchSize, target);
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
    'This plan cannot be used here. It is for mini-batches of 100 samples, and 50 are trained on. ' +
      'Tune one for this network, mini-batch and adapter, or use the default plan.',
  );
});

describe('a plan is refused that', () => {
  it('is for another network or mini-batch', () => {
    expect(refusal({ ...plan, layers: plan.layers.slice(1) })).toBe(
      'It is for a network with 2 layers of weights, and the network 784-16-16-10 has 3.',
    );
    expect(refusal({ ...plan, rows: 96 })).toBe(
      'Its buffers have 96 rows, and a mini-batch has 100 samples.',
    );
    expect(refusal({ ...plan, rows: 168 })).toBe(
      'Its buffers have 168 rows, and for a mini-batch of 100 samples they may have 164.',
    );
  });

  it('has workgroups or subgroups that the adapter has not', () => {
    const lanes = (workgroupSize: number, broadcast: number) =>
      refusal({ ...plan, lanes: { workgroupSize, broadcast } });
    expect(lanes(512, 4)).toBe('Its workgroups have 512 invocations, and this adapter allows 256.');
    expect(lanes(12, 4)).toBe('Its workgroups have 12 invocations, which is no power of 2.');
    expect(lanes(8, 8)).toBe(
      'Its subgroups share loads between 8 invocations, and those of this adapter have 4.',
    );
    expect(lanes(2, 4)).toBe(
      "Its workgroups have 2 invocations, which is no multiple of its subgroups' 4.",
    );
    const without = { ...target, subgroupSize: 0 };
    expect(() => requirePlan(plan, network, 100, without)).toThrow(
      'Its subgroups share loads between 4 invocations, and this adapter has none of one size.',
    );
  });

  it('has tiles that do not fit', () => {
    expect(refusal(withTile(0, { forward: { rows: 8, quads: 5 } }))).toBe(
      'The tile for the forward of layer 0 is 5 quads wide, and its matrix has 4.',
    );
    expect(refusal({ ...withTile(1, { forward: { rows: 128, quads: 1 } }), rows: 128 })).toBe(
      'The tile for the forward of layer 1 has 128 sums of 4, and at most 64 are kept in registers.',
    );
    expect(refusal(withTile(2, { hiddenDelta: { rows: 16, quads: 1 } }))).toBe(
      'Its buffers have 104 rows, which is no multiple of the 16 of the tile for the hidden delta of layer 2.',
    );
    expect(refusal(withTile(1, { update: { rows: 2, quads: 1 } }))).toBe(
      'The tile for the update of layer 1 has 2 rows, which subgroups of 4 cannot share evenly.',
    );
  });

  it('fuses layers that are not there, or part of a tile', () => {
    expect(refusal({ ...plan, fused: { from: 3, rows: 4 } })).toBe(
      'It fuses layers from 3 on, and the last layer is 2.',
    );
    expect(refusal({ ...plan, fused: { from: 1, rows: 16 } })).toBe(
      'Its buffers have 104 rows, which is no multiple of the 16 of fused layers.',
    );
  });

  it('has fused layers in the shortest code, and several samples for each to take', () => {
    expect(refusal({ ...plan, fused: { from: 1, rows: 4, isPlain: true } })).toBe(
      'Its fused layers are plain, with one sample an invocation, and 4 an invocation are asked for.',
    );
    const together = { from: 1, rows: 1, workgroupSize: 64, isPlain: true };
    expect(refusal({ ...plan, fused: together })).toBe(
      'Its fused layers are plain, with one sample an invocation, and 1 a workgroup are asked for.',
    );
  });

  it('has a tile that is plain and shared', () => {
    const shared = { workgroupSize: 64, across: 8, slices: 2, depth: 0 };
    for (const role of ['forward', 'hiddenDelta', 'update']) {
      const both = { rows: 1, quads: 1, isPlain: true, shared };
      expect(refusal(withTile(1, { [role]: both }))).toContain(
        'of layer 1 is both plain and shared, and plain tiles share nothing.',
      );
    }
  });

  it('shares in a way that does not come out even', () => {
    const shared = { workgroupSize: 64, across: 8, slices: 2, depth: 16 };
    const sharing = (changes: Partial<typeof shared>) =>
      refusal(withTile(0, { forward: { ...tile, shared: { ...shared, ...changes } } }));
    expect(sharing({ workgroupSize: 512 })).toBe(
      'The workgroups for the forward of layer 0 have 512 invocations, and this adapter allows 256.',
    );
    expect(sharing({ across: 24 })).toBe(
      'The workgroups for the forward of layer 0 have 64 invocations, which is no multiple of 24 tiles across with 2 slices each.',
    );
    expect(sharing({ depth: 12 })).toBe(
      'The forward of layer 0 stages 12 steps at a time, which is no multiple of 4 for each of 2 slices.',
    );
  });
});

describe('a tile that reads textures is refused', () => {
  const textured = { ...tile, fromTextures: true };

  it('where it is plain or shared', () => {
    const plain = { rows: 1, quads: 1, isPlain: true, fromTextures: true };
    expect(refusal(withTile(1, { forward: plain }))).toBe(
      'The tile for the forward of layer 1 reads textures, which plain tiles do not.',
    );
    const shared = { workgroupSize: 64, across: 8, slices: 2, depth: 16 };
    expect(refusal(withTile(1, { forward: { ...textured, shared } }))).toBe(
      'The tile for the forward of layer 1 reads textures, which shared tiles do not.',
    );
  });

  it('where a matrix is larger than textures may be', () => {
    const layers = [9000, 16];
    const only = { ...plan, layers: [{ ...plan.layers[0]!, forward: textured }] };
    expect(() => requirePlan(only, { layers }, 100, target)).toThrow(
      'The forward of layer 0 reads textures, which hold layers of 8192 neurons and 8192 rows, and it is 9000→16 with 104 rows.',
    );
    const many = { ...only, batchSize: 8200, rows: 8200 };
    expect(() => requirePlan(many, { layers: [784, 16] }, 8200, target)).toThrow(
      'and it is 784→16 with 8200 rows.',
    );
  });

  it('where one kernel would read more than every adapter has', () => {
    const layers = Array.from({ length: 10 }, () => 16);
    const update = { rows: 4, quads: 1, fromTextures: true };
    const deep = { ...plan, layers: layers.slice(1).map(() => ({ ...plan.layers[0]!, update })) };
    expect(() => requirePlan(deep, { layers }, 100, target)).toThrow(
      'The updates of 9 layers read textures, and those of at most 8 can.',
    );
  });
});

it('a plain tile shares no loads, and so may have any height', () => {
  const low = { rows: 1, quads: 1 };
  const plain = { ...low, isPlain: true };
  for (const role of ['forward', 'hiddenDelta', 'update']) {
    expect(requirePlan(withTile(1, { [role]: plain }), network, 100, target)).toBeDefined();
    expect(refusal(withTile(1, { [role]: low }))).toContain('cannot share evenly');
  }
});

it('tiles that no kernel has may be what they are', () => {
  const odd = { rows: 3, quads: 99 };
  const fused = { ...withTile(0, { hiddenDelta: odd }), fused: { from: 1, rows: 4 } };
  const layers = fused.layers.map((layer, l) =>
    l === 0 ? layer : { ...layer, forward: odd, hiddenDelta: odd },
  );
  expect(requirePlan({ ...fused, layers }, network, 100, target)).toBeDefined();
});

it('the rows are the fewest that are whole tiles of every kernel', () => {
  expect(rowsFor(plan, network)).toBe(104);
  expect(rowsFor(withTile(1, { forward: { rows: 3, quads: 1 } }), network)).toBe(120);
  expect(rowsFor({ ...plan, fused: { from: 0, rows: 1 } }, network)).toBe(100);
});

it('a step that no shader can be written for is refused, not a fault of the program', () => {
  const shared = { workgroupSize: 256, across: 16, slices: 1, depth: 4096 };
  const huge = withTile(0, { forward: { ...tile, shared } });
  const error = errorOf(ConfigurationError, () =>
    buildStep(network, huge, sgd({ learningRate: 1 })),
  );
  expect(error.message).toMatch(
    /^This plan cannot be used here\. .*workgroup memory.*the default plan\.$/,
  );
});

describe('loops that llvmpipe would end before they are through', () => {
  const llvmpipe = { isSoftware: true, subgroupSize: 8 };
  const check =
    (layers: number[], rows: number, adapter: PlanAdapter, tiles = plan.layers) =>
    () =>
      requireShortLoops({ layers }, { rows, layers: tiles }, adapter);

  it('are refused with both numbers', () => {
    const { message } = errorOf(LimitError, check([784, 10], 70_000, llvmpipe));
    expect(message).toContain('Mini-batches of 70000 samples take loops of 70000 iterations');
    expect(message).toContain('silently end them after 64511');
    expect(check([300_000, 10], 100, llvmpipe)).toThrow('Layers of 300000 neurons');
    expect(check([784, 40_000], 100, llvmpipe)).toThrow('40000 outputs take loops of 80000');
  });

  it('are refused where a tile takes one neuron at a time', () => {
    const layers = [784, 70_000, 10];
    expect(check(layers, 100, llvmpipe)).not.toThrow();
    const plain = withTile(1, { hiddenDelta: { ...tile, isPlain: true } });
    expect(check(layers, 100, llvmpipe, plain.layers)).toThrow(
      'Layers of 70000 neurons take loops of 70000 iterations',
    );
    const shared = { workgroupSize: 64, across: 8, slices: 1, depth: 4 };
    const staged = withTile(1, { forward: { ...tile, shared } });
    expect(check(layers, 100, llvmpipe, staged.layers)).toThrow('Layers of 70000 neurons');
  });

  it('are refused where one invocation takes samples through layers that are too large together', () => {
    const layers = [784, 512, 10];
    const through = (fused: NonNullable<Plan['fused']>, adapter = llvmpipe) =>
      requireShortLoops({ layers }, { rows: 100, layers: plan.layers, fused }, adapter);
    // For 128 quads of outputs, 784 steps each; four at a time where the code is not plain.
    const plain = { from: 0, rows: 1, isPlain: true };
    const { message } = errorOf(LimitError, () => through(plain));
    const [, iterations] = /^Layers from 0 on in one dispatch take loops of (\d+) /.exec(message)!;
    expect(Number(iterations)).toBeGreaterThan(128 * 784);
    expect(() => through({ from: 0, rows: 1 })).not.toThrow();
    expect(() => through({ ...plain, from: 1 })).not.toThrow();
    expect(() => through(plain, target)).not.toThrow();
    expect(() => through({ from: 0, rows: 4, workgroupSize: 64 })).not.toThrow();
    expect(() => through({ from: 0, rows: 4, workgroupSize: 1 })).toThrow('in one dispatch');
  });

  it('are no matter where they are short, and on other adapters', () => {
    for (const run of [
      check([784, 10], 60_000, llvmpipe),
      check([784, 10], 70_000, target),
      check([300_000, 10], 70_000, { isSoftware: false, subgroupSize: 32 }),
    ]) {
      expect(run).not.toThrow();
    }
  });
});
