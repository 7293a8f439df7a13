/** Computes a matrix product with one of the main loops. */
import { swapped, textured } from '../software/swapped.ts';
import { blockFunctions, type Matmul, type Product, type RegisterShape } from './product.ts';
import { simple } from './simple.ts';
import { splitK, splitKWorkgroupVec4s, type SplitKTile } from './splitK.ts';
import { tiled, tiledWorkgroupVec4s, type TiledTile } from './tiled.ts';

/** Main loops for register tiles. All but the first are for software adapters. */
const registerLoops = { simple, swapped, textured };
export type RegisterLoop = keyof typeof registerLoops;
export const registerLoopNames = Object.keys(registerLoops) as readonly RegisterLoop[];
export const softwareLoops = registerLoopNames.slice(1);

export interface RegisterTile extends RegisterShape {
  readonly loop: RegisterLoop;
}

/** How a product is divided: its main loop, and the share of an invocation and a workgroup. */
export type Tile = RegisterTile | TiledTile | SplitKTile;

export function matmul(product: Product, tile: Tile): Matmul {
  if (tile.loop === 'tiled') return tiled(product, tile);
  if (tile.loop === 'splitK') return splitK(product, tile);
  return registerLoops[tile.loop](product, tile);
}

/** Declarations of a kernel that go before the code of its products: shared functions and workgroup memory. */
export function declareMatmuls(all: readonly Matmul[]): string {
  const helpers = new Set(all.flatMap((one) => one.helpers ?? []));
  const memory = Math.max(...all.map((one) => one.memory ?? 0));
  return [blockFunctions, ...helpers, declareWorkgroupVec4s(memory)].join('');
}

/** Workgroup memory, in vec4f, that every adapter has: the default WebGPU limit of 16 KiB. */
export const maxWorkgroupVec4s = 1024;

/** Workgroup memory that a tile takes, in vec4f. */
export function workgroupVec4s(tile: Tile): number {
  if (tile.loop === 'tiled') return tiledWorkgroupVec4s(tile);
  return tile.loop === 'splitK' ? splitKWorkgroupVec4s(tile) : 0;
}

/**
 * Declares the workgroup memory that all main loops of a kernel share, if any needs it. Browsers zero this memory
 * before a kernel starts, so one shared array saves time.
 */
export const declareWorkgroupVec4s = (memory: number) =>
  memory > 0 ? `\nvar<workgroup> shared4: array<vec4f, ${memory}>;\n` : '';
