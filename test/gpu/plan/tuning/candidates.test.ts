import { describe, expect, it } from 'vitest';

import { choosePlan } from '../../../../src/gpu/plan/choose.ts';
import type { Plan } from '../../../../src/gpu/plan/plan.ts';
import { requirePlan } from '../../../../src/gpu/plan/check.ts';
import {
  candidatesFor,
  nameAnswer,
  nameQuestion,
  tileQuestions,
  type Question,
} from '../../../../src/gpu/plan/tuning/candidates.ts';

const gpu = { isSoftware: false, subgroupSize: 32, maxWorkgroupSize: 256 };
const lavapipe = { isSoftware: true, subgroupSize: 0, maxWorkgroupSize: 1024 };
const swiftShader = { isSoftware: true, subgroupSize: 4, maxWorkgroupSize: 256 };
const targets = { gpu, lavapipe, swiftShader };

const works: readonly (readonly [number[], number])[] = [
  [[784, 16, 16, 10], 100],
  [[784, 128, 10], 128],
  [[784, 1024, 1024, 10], 1024],
  [[784, 30, 10], 1],
  [[5, 1], 3],
];
const questionsOf = (plan: Plan): readonly Question[] => [
  { kind: 'fused' },
  { kind: 'workgroups' },
  ...tileQuestions(plan),
];

/** `other` with the answer that `plan` gives to `question`. */
function undone(question: Question, { fused, ...other }: Plan, plan: Plan): Plan {
  const own = question.kind === 'fused' ? plan.fused : fused;
  const same: Plan = { ...other, ...(own && { fused: own }) };
  if (question.kind === 'fused') return same;
  if (question.kind === 'workgroups') return { ...plan };
  const { layer, role } = question;
  const before = { ...other.layers[layer]!, [role]: plan.layers[layer]![role] };
  return { ...same, layers: other.layers.with(layer, before) };
}

describe.each(Object.entries(targets))('on %s', (_, target) => {
  it('every candidate is a valid plan, and differs from the plan in its answer', () => {
    let count = 0;
    for (const [layers, batchSize] of works) {
      const plan = choosePlan({ layers }, batchSize, target);
      for (const question of questionsOf(plan)) {
        const candidates = candidatesFor(question, plan, { layers }, target);
        count += candidates.length;
        const names = candidates.map(({ name }) => name);
        expect(new Set([...names, nameAnswer(question, plan)]).size).toBe(names.length + 1);
        expect(names.length).toBeLessThanOrEqual(20);
        for (const { name, plan: other } of candidates) {
          expect(requirePlan(other, { layers }, batchSize, target)).toBe(other);
          expect(nameAnswer(question, other)).toBe(name);
          expect(undone(question, other, plan)).toEqual(plan);
        }
      }
    }
    expect(count).toBeGreaterThan(60);
  });

  it('the same question has the same candidates', () => {
    const [layers, batchSize] = works[0]!;
    const plan = choosePlan({ layers }, batchSize, target);
    for (const question of questionsOf(plan)) {
      const ask = () => candidatesFor(question, plan, { layers }, target);
      expect(ask()).toEqual(ask());
    }
  });
});

it('there is a question for the tile of each kernel that the plan has', () => {
  const layers = [784, 16, 16, 10];
  const apart: Plan = { ...choosePlan({ layers }, 100, lavapipe) };
  Reflect.deleteProperty(apart, 'fused');
  const names = (plan: Plan) => tileQuestions(plan).map(nameQuestion);
  expect(names(apart)).toEqual([
    'forward of layer 0',
    'update of layer 0',
    'forward of layer 1',
    'hidden delta of layer 1',
    'update of layer 1',
    'forward of layer 2',
    'hidden delta of layer 2',
    'update of layer 2',
  ]);
  expect(
    names({ ...apart, fused: { from: 1, loop: 'simple', rows4: 1, workgroupSize: 8 } }),
  ).toEqual(['forward of layer 0', 'update of layer 0', 'update of layer 1', 'update of layer 2']);
});

it('small layers may be fused or not, large ones are not', () => {
  const names = (layers: number[]) => {
    const plan = choosePlan({ layers }, 100, lavapipe);
    return candidatesFor({ kind: 'fused' }, plan, { layers }, lavapipe).map(({ name }) => name);
  };
  expect(names([784, 16, 16, 10])).toContain(
    'layers from 0 on in one dispatch, 4 samples an invocation',
  );
  expect(names([784, 16, 16, 10])).toContain('a dispatch for each layer and direction');
  expect(names([784, 128, 10]).join()).not.toContain('from 0');
});

it('a tile in workgroup memory has neighbours that differ in one thing, and other main loops', () => {
  const layers = [784, 512, 10];
  const tile = {
    loop: 'tiled',
    rows4: 1,
    columns4: 1,
    across: 16,
    tileK4: 4,
    workgroupSize: 256,
  } as const;
  const plan = choosePlan({ layers }, 512, gpu);
  const layer = { ...plan.layers[0]!, forward: tile };
  const tiled = { ...plan, layers: plan.layers.with(0, layer) };
  const question = { kind: 'tile', role: 'forward', layer: 0 } as const;
  const tiles = candidatesFor(question, tiled, { layers }, gpu).map(
    (candidate) => candidate.plan.layers[0]!.forward,
  );
  expect(tiles).toContainEqual({ ...tile, tileK4: 8 });
  expect(tiles).toContainEqual({ ...tile, rows4: 2, tileK4: 2 });
  expect(tiles).toContainEqual({ loop: 'splitK', splitK: 8, across: 8, workgroupSize: 256 });
});
