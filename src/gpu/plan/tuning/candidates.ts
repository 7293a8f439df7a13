/** What a tuner tries. Pure: the same network, mini-batch and adapter give the same candidates in the same order. */
import type { Sharing, Tile } from '../../../../shaders/tile.ts';
import { quads } from '../../../../shaders/wgsl.ts';
import { ConfigurationError } from '../../../errors.ts';
import { describeShare, type LayerPlan, type Plan } from '../plan.ts';
import { requirePlan, rowsFor, type PlanTarget } from '../check.ts';

/** Kernels of a step that a tile belongs to. The update of all layers is one kernel. */
export type Role = keyof LayerPlan;

/** Something to decide: by the time of one kernel, or of the whole step. */
export type Question =
  | { readonly kind: 'fused' }
  | { readonly kind: 'lanes' }
  | { readonly kind: 'tile'; readonly role: Role; readonly layer: number };

/** One answer to a question, as a plan that has it. */
export interface Candidate {
  /** '8×8', 'layers from 1 on, 4 samples an invocation' */
  readonly name: string;
  readonly plan: Plan;
}

interface Work {
  readonly layers: readonly number[];
}

/** Above this many weights, an invocation that takes its samples through a layer alone has too much to do. */
const mostFusedWeights = 2 ** 15;
/** Most of what there is to gain is near; each candidate costs a compilation, a check and a few measurements. */
const mostTiles = 14;

/**
 * Other plans that differ from `plan` in the answer to `question` alone, the most alike first. Every one of them
 * passes `requirePlan`.
 */
export function candidatesFor(
  question: Question,
  plan: Plan,
  network: Work,
  target: PlanTarget,
): readonly Candidate[] {
  const all = answers(question, plan, network, target);
  const own = nameAnswer(question, plan);
  const seen = new Set([own]);
  return all.flatMap((answer) => {
    const whole = { ...answer, rows: rowsFor(answer, network) };
    const name = nameAnswer(question, whole);
    if (seen.has(name) || !isPlan(whole, network, target)) return [];
    seen.add(name);
    return [{ name, plan: whole }];
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

/** The answer that a plan gives to a question, in words. */
export function nameAnswer(question: Question, { fused, lanes, layers }: Plan): string {
  switch (question.kind) {
    case 'fused':
      return fused
        ? `layers from ${fused.from} on in one dispatch, ${describeShare(fused)}`
        : 'a dispatch for each layer and direction';
    case 'lanes':
      return `workgroups of ${lanes.workgroupSize}${lanes.broadcast > 0 ? ` that share loads` : ''}`;
    case 'tile': {
      const {
        rows,
        quads: q,
        shared,
        isPlain,
        fromTextures,
      } = layers[question.layer]![question.role];
      const height = question.role === 'update' ? 4 * rows : rows;
      return `${height}×${4 * q}${shared ? ` ${nameSharing(shared)}` : ''}${isPlain === true ? ', plain' : ''}${fromTextures === true ? ' from textures' : ''}`;
    }
  }
}

function nameSharing({ workgroupSize, across, slices, depth, ahead }: Sharing): string {
  return `by ${across} across of ${workgroupSize}, ${slices} slices, ${depth} deep${ahead ? ', ahead' : ''}`;
}

/** 'forward of layer 0' */
export function nameQuestion(question: Question): string {
  switch (question.kind) {
    case 'fused':
      return 'dispatches';
    case 'lanes':
      return 'workgroups';
    case 'tile':
      return `${question.role === 'hiddenDelta' ? 'hidden delta' : question.role} of layer ${question.layer}`;
  }
}

/** The tiles to decide on: those of the kernels that the plan has. */
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
    case 'lanes':
      return lanesAnswers(plan, target);
    case 'tile':
      return tileAnswers(question, plan, network, target);
  }
}

function fusedAnswers(plan: Plan, { layers }: Work, { isSoftware }: PlanTarget): Plan[] {
  const { batchSize, rows, layers: tiles, lanes, fused: own, stepsPerSubmit } = plan;
  const apart: Plan = { batchSize, rows, layers: tiles, lanes, stepsPerSubmit };
  const heights = [4, 2, 8, 1].filter((height) => height < 2 * batchSize);
  const answersFrom = (from: number) => {
    if (isSoftware) return heights.map((height) => ({ from, rows: height }));
    // A GPU has thousands of lanes to keep busy: its workgroups take samples together.
    const workgroupSize = own?.workgroupSize ?? 128;
    const sizes = [workgroupSize / 2, 2 * workgroupSize];
    return [
      ...heights.map((height) => ({ from, rows: height, workgroupSize })),
      ...sizes.map((size) => ({ from, rows: own?.rows ?? 4, workgroupSize: size })),
    ];
  };
  const found: Plan[] = [apart];
  for (let from = tiles.length - 1; from >= 0; from--) {
    const isSmall = layers[from]! * layers[from + 1]! <= mostFusedWeights;
    if (!isSmall && !(own && from >= own.from)) break;
    found.push(...answersFrom(from).map((fused) => ({ ...apart, fused })));
  }
  return found;
}

function lanesAnswers(plan: Plan, { isSoftware, subgroupSize }: PlanTarget): Plan[] {
  const sizes = isSoftware ? [4, 8, 16, 32, 64] : [32, 64, 128, 256];
  const broadcasts = subgroupSize > 0 ? [subgroupSize, 0] : [0];
  return broadcasts.flatMap((broadcast) =>
    sizes.map((workgroupSize) => ({ ...plan, lanes: { workgroupSize, broadcast } })),
  );
}

function tileAnswers(
  { role, layer }: Question & { readonly kind: 'tile' },
  plan: Plan,
  network: Work,
  target: PlanTarget,
): Plan[] {
  const { layers } = network;
  const inputs = quads(layers[layer]!);
  const outputs = quads(layers[layer + 1]!);
  const height = role === 'update' ? inputs : plan.batchSize;
  const columns = role === 'hiddenDelta' ? inputs : outputs;
  const own = plan.layers[layer]![role];
  const far = (tile: Tile) =>
    Math.abs(Math.log2(tile.rows / own.rows)) + Math.abs(Math.log2(tile.quads / own.quads));
  const alone = tilesFor(role, height, columns, plan.lanes).map((tile) => textured(tile, own));
  return [...otherOperands(own, plan.lanes), ...alone, ...sharedTiles(own, target)]
    .toSorted((a, b) => far(a) - far(b))
    .map((tile): Plan => {
      const changed = { ...plan.layers[layer]!, [role]: tile };
      return { ...plan, layers: plan.layers.with(layer, changed) };
    })
    .filter((answer) => isPlan({ ...answer, rows: rowsFor(answer, network) }, network, target))
    .slice(0, mostTiles);
}

/** Tiles of invocations that work alone. Those not much taller than the matrix, and that leave no column over. */
function tilesFor(role: Role, height: number, columns: number, lanes: Plan['lanes']): Tile[] {
  // An update has four rows of sums for each of the tile's; its operands are so few that registers hold more sums.
  const [sums, alone] = role === 'update' ? [4, 32] : [1, 20];
  // Who shares loads has fewer operands still.
  const most = lanes.broadcast > 0 ? 64 : alone;
  const heights = role === 'update' ? [1, 2, 4, 8] : [1, 2, 4, 8, 16, 32];
  const plain: Tile[] =
    role === 'update' ? [1, 2].map((rows) => ({ rows, quads: 1, isPlain: true })) : [];
  const whole = heights
    .filter((rows) => rows < 2 * height)
    .flatMap((rows) => [1, 2, 3, 4, 5].map((q): Tile => ({ rows, quads: q })))
    .filter((tile) => columns % tile.quads === 0 && sums * tile.rows * tile.quads <= most);
  return [...whole, ...plain];
}

/** A tile that reads its operands where `own` does. */
function textured(tile: Tile, { fromTextures }: Tile): Tile {
  return fromTextures && tile.isPlain !== true ? { ...tile, fromTextures } : tile;
}

/** The same tile with its operands from textures, or no longer from them, where loads are worth sharing as well. */
function otherOperands(own: Tile, { broadcast }: Plan['lanes']): Tile[] {
  if (broadcast === 0 || own.isPlain === true || own.shared) return [];
  const { fromTextures = false, ...tile } = own;
  return [fromTextures ? tile : { ...tile, fromTextures: true }];
}

/** The neighbours of a tile whose workgroup shares: one thing changed at a time. */
function sharedTiles({ shared, ...tile }: Tile, { isSoftware }: PlanTarget): Tile[] {
  if (isSoftware || !shared) return [];
  const { workgroupSize, across, slices, depth, ahead = false } = shared;
  const changes: Partial<Sharing>[] = [
    { depth: 2 * depth },
    { depth: depth / 2 },
    { ahead: !ahead },
    { slices: 2 * slices, workgroupSize: 2 * workgroupSize },
    { slices: slices / 2, workgroupSize: workgroupSize / 2 },
    { across: 2 * across },
    { across: across / 2 },
    { workgroupSize: 2 * workgroupSize },
    { workgroupSize: workgroupSize / 2 },
  ];
  const shapes = [
    tile,
    { ...tile, rows: 2 * tile.rows },
    { ...tile, rows: tile.rows / 2 },
    { ...tile, quads: 2 * tile.quads },
    { ...tile, quads: tile.quads / 2 },
  ];
  return [
    ...changes.map((change) => ({ ...tile, shared: { ...shared, ...change } })),
    ...shapes.map((shape) => ({ ...shape, shared })),
  ].filter(isWhole);
}

/** Whether halving has left whole numbers. */
function isWhole({ rows, quads: q, shared }: Tile & { readonly shared: Sharing }): boolean {
  const counts = [rows, q, shared.workgroupSize, shared.across, shared.slices];
  return counts.every((count) => Number.isInteger(count)) && Number.isInteger(shared.depth);
}
