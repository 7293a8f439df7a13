/** Checks whether a plan can run. A plan of `choosePlan` can, unless network or mini-batch are too large for the adapter. */
import { maxWorkgroupVec4s, workgroupVec4s } from '../../../shaders/matmul/matmul.ts';
import { splitKWorkgroupVec4s } from '../../../shaders/matmul/splitK.ts';
import { ConfigurationError } from '../../errors.ts';
import type { Network } from '../../network/network.ts';
import type { Device } from '../device.ts';
import { adapterFamilies } from './choose.ts';
import {
  maxLayersPerKernel,
  usedTiles,
  type Plan,
  type PlanAdapter,
  type UsedTile,
} from './plan.ts';

/** Properties of a device that limit its plans. */
export interface PlanTarget extends PlanAdapter {
  /** Maximum invocations per workgroup. */
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

/** Maximum blocks of 4 × 4 sums per invocation. Registers hold no more, and each block adds a line to the shader. */
export const maxBlocks = 16;

/**
 * @param plan whose numbers satisfy the schema of the file format
 * @throws {ConfigurationError} if the plan is for another network or mini-batch, or this device cannot run it
 * @throws {LimitError} if this device can run no plan for this network and mini-batch
 */
export function requirePlan(
  plan: Plan,
  { layers }: Pick<Network, 'layers'>,
  batchSize: number,
  target: PlanTarget,
): Plan {
  if (plan.layers.length !== layers.length - 1) {
    refuse(
      `It is for a network with ${plan.layers.length} layers of weights, but the network ${layers.join('-')} has ${layers.length - 1}`,
    );
  }
  if (plan.batchSize !== batchSize) {
    refuse(
      `It is for mini-batches of ${plan.batchSize} samples, but the batch size is ${batchSize}`,
    );
  }
  const { fused } = plan;
  if (fused) requireFused(fused, plan.layers.length, target);
  for (const used of usedTiles(plan, layers)) requireTile(used, target);
  const sizes = new Set(plan.layers.map(({ update }) => update.workgroupSize));
  if (sizes.size > 1) {
    refuse(
      `The updates of all layers share one kernel, so their workgroups must have the same size; got ${[...sizes].join(' and ')}`,
    );
  }
  for (const family of adapterFamilies) {
    const problem = family.problem(plan, layers, target);
    if (problem !== undefined) refuse(problem);
  }
  return plan;
}

function requireFused(
  { from, loop, rows4, workgroupSize }: NonNullable<Plan['fused']>,
  layerCount: number,
  target: PlanTarget,
): void {
  if (from >= layerCount) {
    refuse(`It fuses layers from ${from} on, but the last layer is ${layerCount - 1}`);
  }
  if (layerCount - from > maxLayersPerKernel) {
    refuse(
      `It fuses ${layerCount - from} layers, but one kernel can have at most ${maxLayersPerKernel}`,
    );
  }
  requireWorkgroup('The workgroups for fused layers have', workgroupSize, target);
  if (loop === 'simple') {
    if (rows4 !== 1) {
      refuse(`In fused layers, each invocation must process 4 samples; got ${4 * rows4}`);
    }
    return;
  }
  if (!isPowerOfTwo(rows4) || rows4 > workgroupSize) {
    refuse(
      `In fused layers, the samples per workgroup of ${workgroupSize} must be a power of 2 from 4 to ${4 * workgroupSize}; got ${4 * rows4}`,
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
      `The workgroups for the ${name} have ${workgroupSize} invocations, which is not a multiple of the ${across} side by side`,
    );
  }
  requireMemory(`tile for the ${name}`, workgroupVec4s(tile));
  if (tile.loop === 'splitK') return;
  if (tile.columns4 > columns4) {
    refuse(
      `The tile for the ${name} is ${4 * tile.columns4} columns wide, but its matrix has ${4 * columns4}`,
    );
  }
  if (tile.rows4 * tile.columns4 > maxBlocks) {
    refuse(
      `The tile for the ${name} has ${tile.rows4 * tile.columns4} blocks of sums, but registers hold at most ${maxBlocks}`,
    );
  }
}

function requireMemory(what: string, memory: number): void {
  if (memory <= maxWorkgroupVec4s) return;
  refuse(
    `The workgroup memory of the ${what} would be ${16 * memory} bytes, but the limit is ${16 * maxWorkgroupVec4s}`,
  );
}

function requireWorkgroup(what: string, size: number, { maxWorkgroupSize }: PlanTarget): void {
  if (size > maxWorkgroupSize) {
    refuse(`${what} ${size} invocations, but this adapter allows ${maxWorkgroupSize}`);
  }
  if (!isPowerOfTwo(size)) refuse(`${what} ${size} invocations, which is not a power of 2`);
}

const isPowerOfTwo = (count: number) => Number.isInteger(Math.log2(count));

function refuse(fact: string): never {
  throw new ConfigurationError(
    `This plan cannot be used here. ${fact}. Tune one for this network, mini-batch and adapter, or use the default plan.`,
  );
}
