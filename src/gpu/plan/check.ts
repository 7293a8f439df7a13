/** Whether a plan that was not made by `choosePlan` here, but by a tuner or in a file, can be run at all. */
import type { Sharing } from '../../../shaders/tile.ts';
import { ConfigurationError } from '../../errors.ts';
import type { Network } from '../../network/network.ts';
import type { Device } from '../device.ts';
import { usedTiles, type Plan, type PlanAdapter, type UsedTile } from './plan.ts';
import { textureProblem } from '../software/textures.ts';
import { trainingStep, type Step } from '../step.ts';

/** What of a device its plans have to fit. */
export interface PlanTarget extends PlanAdapter {
  /** Invocations that a workgroup may have. */
  readonly maxWorkgroupSize: number;
}

export function planTarget(device: Pick<Device, 'adapter' | 'limit'>): PlanTarget {
  const { isSoftware, subgroupSize } = device.adapter;
  const maxWorkgroupSize = Math.min(
    device.limit('maxComputeInvocationsPerWorkgroup'),
    device.limit('maxComputeWorkgroupSizeX'),
  );
  return { isSoftware, subgroupSize, maxWorkgroupSize };
}

/** Rows that buffers may have beyond those of the mini-batch: each costs as much as a sample, and nothing comes of it. */
export const mostExtraRows = 64;

/** Sums (vec4f) an invocation may keep: no register file holds more, and each is a line of the shader. */
const mostSums = 64;

/** Rows of the mini-batch buffers for a plan with these tiles: the fewest that are whole tiles of every kernel. */
export function rowsFor(plan: Plan, network: Pick<Network, 'layers'>): number {
  const heights = usedTiles(plan, network.layers)
    .filter(({ isOfBatch }) => isOfBatch)
    .map(({ tile }) => tile.rows);
  const whole = [...heights, plan.fused?.rows ?? 1].reduce(leastCommonMultiple, 1);
  return Math.ceil(plan.batchSize / whole) * whole;
}

function leastCommonMultiple(a: number, b: number): number {
  let [x, y] = [a, b];
  while (y > 0) [x, y] = [y, x % y];
  return (a / x) * b;
}

/**
 * @param plan whose numbers are whole and at least as large as its file format asks for
 * @throws {ConfigurationError} for a plan that is for another network or mini-batch, or that this device cannot run
 */
export function requirePlan(
  plan: Plan,
  { layers }: Pick<Network, 'layers'>,
  batchSize: number,
  target: PlanTarget,
): Plan {
  if (plan.layers.length !== layers.length - 1) {
    refuse(
      `It is for a network with ${plan.layers.length} layers of weights, and the network ${layers.join('-')} has ${layers.length - 1}`,
    );
  }
  if (plan.batchSize !== batchSize) {
    refuse(`It is for mini-batches of ${plan.batchSize} samples, and ${batchSize} are trained on`);
  }
  requireLanes(plan, target);
  const { rows, fused } = plan;
  if (rows < batchSize) {
    refuse(`Its buffers have ${rows} rows, and a mini-batch has ${batchSize} samples`);
  }
  if (rows > batchSize + mostExtraRows) {
    refuse(
      `Its buffers have ${rows} rows, and for a mini-batch of ${batchSize} samples they may have ${batchSize + mostExtraRows}`,
    );
  }
  if (fused && fused.from >= plan.layers.length) {
    refuse(
      `It fuses layers from ${fused.from} on, and the last layer is ${plan.layers.length - 1}`,
    );
  }
  if (fused && rows % fused.rows !== 0) {
    refuse(
      `Its buffers have ${rows} rows, which is no multiple of the ${fused.rows} of fused layers`,
    );
  }
  if (fused?.isPlain === true && (fused.rows > 1 || fused.workgroupSize !== undefined)) {
    const who = fused.workgroupSize === undefined ? 'an invocation' : 'a workgroup';
    refuse(
      `Its fused layers are plain, with one sample an invocation, and ${fused.rows} ${who} are asked for`,
    );
  }
  if (fused?.workgroupSize !== undefined) {
    requireWorkgroup('The workgroups for fused layers have', fused.workgroupSize, target);
  }
  for (const used of usedTiles(plan, layers)) {
    requireTile(plan, used, target);
  }
  const problem = textureProblem(plan, usedTiles(plan, layers));
  if (problem !== undefined) refuse(problem);
  return plan;
}

function requireLanes({ lanes }: Plan, target: PlanTarget): void {
  const { workgroupSize, broadcast } = lanes;
  requireWorkgroup('Its workgroups have', workgroupSize, target);
  if (broadcast === 0) return;
  if (broadcast !== target.subgroupSize) {
    const has =
      target.subgroupSize > 0
        ? `those of this adapter have ${target.subgroupSize}`
        : 'this adapter has none of one size';
    refuse(`Its subgroups share loads between ${broadcast} invocations, and ${has}`);
  }
  if (workgroupSize % broadcast !== 0) {
    refuse(
      `Its workgroups have ${workgroupSize} invocations, which is no multiple of its subgroups' ${broadcast}`,
    );
  }
}

function requireWorkgroup(what: string, size: number, { maxWorkgroupSize }: PlanTarget): void {
  if (size > maxWorkgroupSize) {
    refuse(`${what} ${size} invocations, and this adapter allows ${maxWorkgroupSize}`);
  }
  if (!Number.isInteger(Math.log2(size))) {
    refuse(`${what} ${size} invocations, which is no power of 2`);
  }
}

function requireSharing(name: string, shared: Sharing, target: PlanTarget): void {
  const { workgroupSize, across, slices, depth } = shared;
  requireWorkgroup(`The workgroups for the ${name} have`, workgroupSize, target);
  if (workgroupSize % (across * slices) !== 0) {
    refuse(
      `The workgroups for the ${name} have ${workgroupSize} invocations, which is no multiple of ${across} tiles across with ${slices} slices each`,
    );
  }
  if (depth % (4 * slices) !== 0) {
    refuse(
      `The ${name} stages ${depth} steps at a time, which is no multiple of 4 for each of ${slices} slices`,
    );
  }
}

function requireTile({ rows, lanes }: Plan, used: UsedTile, target: PlanTarget): void {
  const { name, tile, columns, sums, isOfBatch } = used;
  if (tile.shared) {
    requireSharing(name, tile.shared, target);
    // The loop of a plain tile knows no slices: each of them would add up the whole sum.
    if (tile.isPlain === true) {
      refuse(`The tile for the ${name} is both plain and shared, and plain tiles share nothing`);
    }
  }
  if (tile.quads > columns) {
    refuse(`The tile for the ${name} is ${tile.quads} quads wide, and its matrix has ${columns}`);
  }
  if (sums * tile.rows * tile.quads > mostSums) {
    refuse(
      `The tile for the ${name} has ${sums * tile.rows * tile.quads} sums of 4, and at most ${mostSums} are kept in registers`,
    );
  }
  if (isOfBatch && rows % tile.rows !== 0) {
    refuse(
      `Its buffers have ${rows} rows, which is no multiple of the ${tile.rows} of the tile for the ${name}`,
    );
  }
  const sharesLoads = !tile.shared && tile.isPlain !== true;
  if (sharesLoads && lanes.broadcast > 0 && tile.rows % lanes.broadcast !== 0) {
    refuse(
      `The tile for the ${name} has ${tile.rows} rows, which subgroups of ${lanes.broadcast} cannot share evenly`,
    );
  }
}

/**
 * The training step of a plan.
 * @throws {ConfigurationError} for tiles that a shader cannot be written for, too much workgroup memory for one
 */
export function buildStep(...args: Parameters<typeof trainingStep>): Step {
  try {
    return trainingStep(...args);
  } catch (error) {
    if (error instanceof RangeError) refuse(error.message.replace(/\.$/, ''), { cause: error });
    throw error;
  }
}

function refuse(fact: string, options?: ErrorOptions): never {
  throw new ConfigurationError(
    `This plan cannot be used here. ${fact}. Tune one for this network, mini-batch and adapter, or use the default plan.`,
    options,
  );
}
