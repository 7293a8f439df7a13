/**
 * Generates the candidates of a tuner. This is pure: the same network, mini-batch and adapter give the same candidates
 * in the same order.
 */
import { registerLoopNames, type Tile } from '../../../../shaders/matmul/matmul.ts';
import { vec4s } from '../../../../shaders/wgsl.ts';
import { ConfigurationError } from '../../../errors.ts';
import { requirePlan, type PlanTarget } from '../check.ts';
import { describeShare, describeTile, type LayerPlan, type Plan } from '../plan.ts';

/** Kernel of a step that a tile belongs to. The updates of up to 16 layers are one kernel. */
export type Role = keyof LayerPlan;

/** A decision to make, by timing one kernel or the whole step. */
export type Question =
  | { readonly kind: 'fused' }
  | { readonly kind: 'workgroups' }
  | { readonly kind: 'tile'; readonly role: Role; readonly layer: number };

/** One answer to a question, and the plan with this answer. */
export interface Candidate {
  /** For example '8×8' or 'layers from 1 on, 4 samples an invocation'. */
  readonly name: string;
  readonly plan: Plan;
}

interface Work {
  readonly layers: readonly number[];
}

/** Maximum weights of a fused layer. With more, one invocation would take too long to process its samples alone. */
const maxFusedWeights = 2 ** 15;
/**
 * Maximum tiles to try. Most gains are close to the current tile, and each candidate costs a compilation, a check and a
 * few measurements.
 */
const maxTiles = 14;

/**
 * Returns plans that differ from `plan` only in the answer to `question`, the most similar first. All of them pass
 * `requirePlan`.
 */
export function candidatesFor(
  question: Question,
  plan: Plan,
  network: Work,
  target: PlanTarget,
): readonly Candidate[] {
  const seen = new Set([nameAnswer(question, plan)]);
  return answers(question, plan, network, target).flatMap((answer) => {
    const name = nameAnswer(question, answer);
    if (seen.has(name) || !isPlan(answer, network, target)) return [];
    seen.add(name);
    return [{ name, plan: answer }];
  });
}

function isPlan(plan: Plan, network: Work, target: PlanTarget): boolean {
  try {
    requirePlan(plan, network, plan.batchSize, target);
    return true;
  } catch (error) {
    if (error instanceof ConfigurationError) return false;
    throw error;
  }
}

/** Describes the answer of a plan to a question. */
export function nameAnswer(question: Question, { fused, layers }: Plan): string {
  switch (question.kind) {
    case 'fused':
      return fused
        ? `layers from ${fused.from} on in one dispatch, ${describeShare(fused)}`
        : 'a dispatch for each layer and direction';
    case 'workgroups':
      return `workgroups of ${layers[0]!.update.workgroupSize}`;
    case 'tile': {
      const tile = layers[question.layer]![question.role];
      return `${describeTile(tile)} by ${tile.workgroupSize}`;
    }
  }
}

/** Describes a question: 'forward of layer 0'. */
export function nameQuestion(question: Question): string {
  switch (question.kind) {
    case 'fused':
      return 'dispatches';
    case 'workgroups':
      return 'workgroups';
    case 'tile':
      return `${question.role === 'hiddenDelta' ? 'hidden delta' : question.role} of layer ${question.layer}`;
  }
}

/** Returns one question for each tile that the plan uses. */
export function tileQuestions(plan: Plan): readonly (Question & { readonly kind: 'tile' })[] {
  const split = plan.fused?.from ?? plan.layers.length;
  const tile = (role: Role, layer: number) => ({ kind: 'tile' as const, role, layer });
  return plan.layers.flatMap((_, l) => [
    ...(l < split ? [tile('forward', l)] : []),
    ...(l > 0 && l < split ? [tile('hiddenDelta', l)] : []),
    tile('update', l),
  ]);
}

function answers(question: Question, plan: Plan, network: Work, target: PlanTarget): Plan[] {
  switch (question.kind) {
    case 'fused':
      return fusedAnswers(plan, network, target);
    case 'workgroups':
      return workgroupAnswers(plan, target);
    case 'tile':
      return tileAnswers(question, plan, network, target);
  }
}

function fusedAnswers(plan: Plan, { layers }: Work, { isSoftware }: PlanTarget): Plan[] {
  const { fused: own, ...apart } = plan;
  const workgroupSize = own?.workgroupSize ?? (isSoftware ? 4 : 256);
  // A GPU has thousands of lanes to keep busy, so its workgroups process samples together.
  const ways = isSoftware
    ? [{ loop: 'simple', rows4: 1, workgroupSize } as const]
    : [1, 2, 4].flatMap((rows4) =>
        [workgroupSize, workgroupSize / 2].map(
          (size) => ({ loop: 'splitK', rows4, workgroupSize: size }) as const,
        ),
      );
  const found: Plan[] = [apart];
  for (let from = plan.layers.length - 1; from >= 0; from--) {
    const isSmall = layers[from]! * layers[from + 1]! <= maxFusedWeights;
    if (!isSmall && !(own && from >= own.from)) break;
    found.push(...ways.map((way) => ({ ...apart, fused: { from, ...way } })));
  }
  return found;
}

/** Plans with other workgroup sizes for all kernels whose invocations work independently. */
function workgroupAnswers(plan: Plan, { isSoftware }: PlanTarget): Plan[] {
  const sizes = isSoftware ? [4, 8, 16, 32, 64] : [32, 64, 128, 256];
  return sizes.map((workgroupSize): Plan => {
    const sized = (tile: Tile): Tile =>
      tile.loop === 'tiled' || tile.loop === 'splitK' ? tile : { ...tile, workgroupSize };
    const { fused } = plan;
    return {
      ...plan,
      layers: plan.layers.map(({ forward, hiddenDelta, update }) => ({
        forward: sized(forward),
        hiddenDelta: sized(hiddenDelta),
        update: sized(update),
      })),
      ...(fused?.loop === 'simple' && { fused: { ...fused, workgroupSize } }),
    };
  });
}

function tileAnswers(
  { role, layer }: Question & { readonly kind: 'tile' },
  plan: Plan,
  network: Work,
  target: PlanTarget,
): Plan[] {
  const { layers } = network;
  const [inputs4, outputs4] = [vec4s(layers[layer]!), vec4s(layers[layer + 1]!)];
  const columns4 = role === 'hiddenDelta' ? inputs4 : outputs4;
  const own = plan.layers[layer]![role];
  return neighbours(own, columns4)
    .map((tile): Plan => {
      const changed = { ...plan.layers[layer]!, [role]: tile };
      return { ...plan, layers: plan.layers.with(layer, changed) };
    })
    .filter((answer) => isPlan(answer, network, target))
    .slice(0, maxTiles);
}

/**
 * Returns other tiles, the most similar first. The workgroup size stays, because the update of all layers is one
 * kernel.
 */
function neighbours(own: Tile, columns4: number): Tile[] {
  const { workgroupSize } = own;
  if (own.loop === 'splitK') {
    const { splitK, across } = own;
    const changes = [
      { splitK: 2 * splitK },
      { splitK: splitK / 2 },
      { across: 2 * across },
      { across: across / 2 },
    ];
    return [
      ...changes.map((change) => ({ ...own, ...change })),
      { loop: 'tiled', rows4: 1, columns4: 1, across: 16, tileK4: 8, workgroupSize } as const,
      { loop: 'simple', rows4: 1, columns4: 1, workgroupSize } as const,
    ].filter(isWhole);
  }
  if (own.loop === 'tiled') {
    const { rows4, columns4: tileColumns4, across, tileK4 } = own;
    const changes = [
      { rows4: 2 * rows4, tileK4: tileK4 / 2 },
      { rows4: rows4 / 2 },
      { columns4: 2 * tileColumns4, tileK4: tileK4 / 2 },
      { columns4: tileColumns4 / 2 },
      { tileK4: 2 * tileK4 },
      { tileK4: tileK4 / 2 },
      { across: 2 * across },
      { across: across / 2 },
    ];
    const parts = [4, 8, 16].map(
      (splitK) => ({ loop: 'splitK', splitK, across: 8, workgroupSize }) as const,
    );
    return [...changes.map((change) => ({ ...own, ...change })), ...parts].filter(isWhole);
  }
  const order = ({ loop }: typeof own) => registerLoopNames.indexOf(loop);
  const far = (tile: typeof own) =>
    Math.abs(Math.log2(tile.rows4 / own.rows4)) +
    Math.abs(Math.log2(tile.columns4 / own.columns4)) +
    Math.abs(order(tile) - order(own)) / 4;
  return registerLoopNames
    .flatMap((loop) => [1, 2, 3, 4, 8].map((rows4) => ({ ...own, loop, rows4 })))
    .flatMap((tile) => [1, 2, 3, 4].map((c) => ({ ...tile, columns4: c })))
    .filter((tile) => columns4 % tile.columns4 === 0)
    .toSorted((a, b) => far(a) - far(b));
}

/** Whether all numbers are still integers after halving. */
const isWhole = (tile: Tile) =>
  Object.values(tile).every((value) => typeof value === 'string' || Number.isInteger(value));
