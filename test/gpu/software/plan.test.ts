/** Plans of software adapters: the default ones, what a tuner tries, and what is refused. */
import { describe, expect, it } from 'vitest';

import { ConfigurationError, LimitError } from '../../../src/errors.ts';
import { requirePlan } from '../../../src/gpu/plan/check.ts';
import { choosePlan } from '../../../src/gpu/plan/choose.ts';
import { describePlan, type Plan } from '../../../src/gpu/plan/plan.ts';
import {
  candidatesFor,
  nameAnswer,
  type Question,
} from '../../../src/gpu/plan/tuning/candidates.ts';
import { errorOf } from '../../support/failure.ts';

const swiftShader = { isSoftware: true, subgroupSize: 4, maxWorkgroupSize: 256 };
const llvmpipe = { isSoftware: true, subgroupSize: 8, maxWorkgroupSize: 1024 };
const layers = [784, 16, 16, 10];
const tile = { loop: 'simple', rows4: 1, columns4: 1, workgroupSize: 64 } as const;
const textured = { loop: 'textured', rows4: 4, columns4: 1, workgroupSize: 64 } as const;

/** A plan without fused layers, of which every part is used. */
function planFor(
  sizes: readonly number[],
  batchSize: number,
  forward: Plan['layers'][number]['forward'] = tile,
): Plan {
  const layer = { forward, hiddenDelta: tile, update: tile };
  return { batchSize, layers: sizes.slice(1).map(() => layer), stepsPerSubmit: 1 };
}

const refusal = (plan: Plan, on = swiftShader, sizes = layers) => {
  const run = () => requirePlan(plan, { layers: sizes }, plan.batchSize, on);
  const { message } = errorOf(ConfigurationError, run);
  return message.replace(/^This plan cannot be used here\. /, '').replace(/ Tune one .*$/, '');
};

describe('the default plan', () => {
  it('takes layers forward and back in one dispatch unless llvmpipe would stop on the way', () => {
    const fusedOf = (outputs: number, adapter: typeof llvmpipe) =>
      choosePlan({ layers: [784, outputs] }, 100, adapter).fused;
    expect(fusedOf(900, llvmpipe)).toBeDefined();
    expect(fusedOf(2000, llvmpipe)).toBeUndefined();
    expect(fusedOf(2000, swiftShader)).toBeDefined();
  });

  it('says what it is', () => {
    expect(describePlan(choosePlan({ layers }, 100, llvmpipe))).toMatch(
      /^layers from \d on forward and back in one dispatch, 4 samples an invocation; layer 0: .*update \d+×\d+ by 8; layer 1: .*; layer 2: /,
    );
    expect(describePlan(choosePlan({ layers: [784, 1024, 10] }, 1024, swiftShader))).toContain(
      'layer 0: forward 32×8 textured by 4',
    );
  });
});

it('a tuner first asks whether a swapped tile may read buffers instead of textures', () => {
  const sizes = [784, 512, 10];
  const question: Question = { kind: 'tile', role: 'forward', layer: 0 };
  const chosen = choosePlan({ layers: sizes }, 512, swiftShader);
  expect(nameAnswer(question, chosen)).toBe('32×8 textured by 4');
  const names = (plan: Plan, target: typeof swiftShader) =>
    candidatesFor(question, plan, { layers: sizes }, target).map(({ name }) => name);
  expect(names(chosen, swiftShader).slice(0, 2)).toEqual(['32×8 swapped by 4', '32×8 by 4']);
  const elsewhere = choosePlan({ layers: sizes }, 512, llvmpipe);
  expect(names(elsewhere, llvmpipe).join()).not.toMatch(/swapped|textured/);
});

describe('a tile that is swapped is refused', () => {
  it('where subgroups are not of four, or cannot share it evenly', () => {
    const plan = planFor(layers, 100, textured);
    expect(requirePlan(plan, { layers }, 100, swiftShader)).toBe(plan);
    expect(refusal(plan, { ...swiftShader, subgroupSize: 32 })).toBe(
      'The tile for the forward of layer 0 is swapped between the four invocations of a subgroup, but this adapter has subgroups of 32.',
    );
    expect(refusal(plan, { ...swiftShader, subgroupSize: 0 })).toContain(
      'no subgroups of one size',
    );
    expect(refusal(planFor(layers, 100, { ...textured, rows4: 6 }))).toBe(
      'The tile for the forward of layer 0 has 24 rows for workgroups of 64, which four invocations cannot share evenly.',
    );
  });

  it('where a matrix is larger than textures may be', () => {
    expect(refusal(planFor([9000, 16], 100, textured), swiftShader, [9000, 16])).toBe(
      'The forward of layer 0 reads textures, which hold at most 8192 neurons and 8192 rows, but it is 9000→16 with 100 rows.',
    );
    expect(refusal(planFor([784, 16], 8200, textured), swiftShader, [784, 16])).toContain(
      'but it is 784→16 with 8200 rows.',
    );
  });

  it('where one kernel would read more textures than every adapter has', () => {
    const deep = Array.from({ length: 10 }, () => 16);
    const plan = planFor(deep, 100);
    const updates = plan.layers.map((layer) => ({ ...layer, update: textured }));
    expect(refusal({ ...plan, layers: updates }, swiftShader, deep)).toBe(
      'The updates of 9 layers read textures, but at most 8 layers can.',
    );
  });
});

describe('loops that llvmpipe would end before they are through', () => {
  const check = (sizes: number[], batchSize: number, adapter: typeof llvmpipe) => () =>
    requirePlan(planFor(sizes, batchSize), { layers: sizes }, batchSize, adapter);

  it('are refused with both numbers', () => {
    const { message } = errorOf(LimitError, check([784, 10], 270_000, llvmpipe));
    expect(message).toContain('Mini-batches of 270000 samples need loops of 67500 iterations');
    expect(message).toContain('silently end them after 64511');
    expect(check([300_000, 10], 100, llvmpipe)).toThrow('Layers of 300000 neurons');
    expect(check([784, 40_000], 100, llvmpipe)).toThrow('40000 outputs need loops of 80000');
  });

  it('are refused where one invocation takes samples through layers that are too large together', () => {
    const sizes = [784, 2000];
    const through = (fused: NonNullable<Plan['fused']>) => ({ ...planFor(sizes, 100), fused });
    const alone = { from: 0, loop: 'simple', rows4: 1, workgroupSize: 8 } as const;
    const [, iterations] = /^Layers from 0 on in one dispatch need loops of (\d+) /.exec(
      refusal(through(alone), llvmpipe, sizes),
    )!;
    // For 125 times four columns of four outputs: 196 steps each.
    expect(Number(iterations)).toBeGreaterThan((500 / 4) * 196);
    const run = (plan: Plan, on: typeof llvmpipe) => () =>
      requirePlan(plan, { layers: sizes }, 100, on);
    expect(run(through(alone), swiftShader)).not.toThrow();
    expect(run(through({ ...alone, loop: 'splitK', workgroupSize: 64 }), llvmpipe)).not.toThrow();
    expect(run(through({ ...alone, loop: 'splitK', workgroupSize: 1 }), llvmpipe)).toThrow(
      'in one dispatch',
    );
  });

  it('are no matter where they are short, and on other adapters', () => {
    for (const run of [
      check([784, 10], 250_000, llvmpipe),
      check([784, 10], 270_000, swiftShader),
      check([300_000, 10], 270_000, { isSoftware: false, subgroupSize: 32, maxWorkgroupSize: 256 }),
    ]) {
      expect(run).not.toThrow();
    }
  });
});
