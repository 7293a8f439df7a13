/** Whether a plan that was not made by `choosePlan` here, but by a tuner or in a file, can be run at all. */
import { maxWorkgroupVec4s, type Tile } from '../../../shaders/matmul/matmul.ts';
import { splitKWorkgroupVec4s } from '../../../shaders/matmul/splitK.ts';
import { tiledWorkgroupVec4s } from '../../../shaders/matmul/tiled.ts';
import { ConfigurationError } from '../../errors.ts';
import type { Network } from '../../network/network.ts';
import type { Device } from '../device.ts';
import { swapProblem, textureProblem } from '../software/textures.ts';
import { usedTiles, type Plan, type PlanAdapter, type UsedTile } from './plan.ts';

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

/** Blocks of 4 × 4 sums that an invocation may keep: no register file holds more, and each is a line of the shader. */
export const maxBlocks = 16;

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
  const { fused } = plan;
  if (fused) requireFused(fused, plan.layers.length, target);
  const tiles = usedTiles(plan, layers);
  for (const used of tiles) requireTile(used, target);
  const sizes = new Set(plan.layers.map(({ update }) => update.workgroupSize));
  if (sizes.size > 1) {
    refuse(
      `The updates of all layers are one kernel with workgroups of one size, and they have ${[...sizes].join(' and ')}`,
    );
  }
  const problem = textureProblem(plan, tiles);
  if (problem !== undefined) refuse(problem);
  return plan;
}

function requireFused(
  { from, loop, rows4, workgroupSize }: NonNullable<Plan['fused']>,
  layerCount: number,
  target: PlanTarget,
): void {
  if (from >= layerCount) {
    refuse(`It fuses layers from ${from} on, and the last layer is ${layerCount - 1}`);
  }
  requireWorkgroup('The workgroups for fused layers have', workgroupSize, target);
  if (loop === 'simple') {
    if (rows4 !== 1) {
      refuse(`An invocation takes 4 samples through fused layers, and ${4 * rows4} are asked for`);
    }
    return;
  }
  if (!isPowerOfTwo(rows4) || rows4 > workgroupSize) {
    refuse(
      `A workgroup of ${workgroupSize} takes ${4 * rows4} samples through fused layers, and it may take a power of 2 up to ${4 * workgroupSize}`,
    );
  }
  requireMemory('workgroups for fused layers', splitKWorkgroupVec4s({ workgroupSize }));
}

function requireTile({ name, tile, columns4 }: UsedTile, target: PlanTarget): void {
  const { workgroupSize } = tile;
  requireWorkgroup(`The workgroups for the ${name} have`, workgroupSize, target);
  const across =
    tile.loop === 'splitK' ? tile.across * tile.splitK : 'across' in tile ? tile.across : 1;
  if (workgroupSize % across !== 0) {
    refuse(
      `The workgroups for the ${name} have ${workgroupSize} invocations, which is no multiple of the ${across} side by side`,
    );
  }
  requireMemory(`tile for the ${name}`, memoryOf(tile));
  if (tile.loop === 'splitK') return;
  if (tile.loop === 'swapped') {
    const problem = swapProblem(tile, target);
    if (problem !== undefined) refuse(`The tile for the ${name} ${problem}`);
  }
  if (tile.columns4 > columns4) {
    refuse(
      `The tile for the ${name} is ${4 * tile.columns4} columns wide, and its matrix has ${4 * columns4}`,
    );
  }
  if (tile.rows4 * tile.columns4 > maxBlocks) {
    refuse(
      `The tile for the ${name} has ${tile.rows4 * tile.columns4} blocks of sums, and at most ${maxBlocks} are kept in registers`,
    );
  }
}

function memoryOf(tile: Tile): number {
  if (tile.loop === 'tiled') return tiledWorkgroupVec4s(tile);
  return tile.loop === 'splitK' ? splitKWorkgroupVec4s(tile) : 0;
}

function requireMemory(what: string, memory: number): void {
  if (memory <= maxWorkgroupVec4s) return;
  refuse(
    `The ${what} asks for ${16 * memory} bytes of workgroup memory, and every adapter has ${16 * maxWorkgroupVec4s}`,
  );
}

function requireWorkgroup(what: string, size: number, { maxWorkgroupSize }: PlanTarget): void {
  if (size > maxWorkgroupSize) {
    refuse(`${what} ${size} invocations, and this adapter allows ${maxWorkgroupSize}`);
  }
  if (!isPowerOfTwo(size)) refuse(`${what} ${size} invocations, which is no power of 2`);
}

const isPowerOfTwo = (count: number) => Number.isInteger(Math.log2(count));

function refuse(fact: string): never {
  throw new ConfigurationError(
    `This plan cannot be used here. ${fact}. Tune one for this network, mini-batch and adapter, or use the default plan.`,
  );
}
