/** Computes a matrix product with one of the main loops. */
import { swapped, type SwappedTile } from '../software/swapped.ts';
import { blockFunctions, type Matmul, type Product } from './product.ts';
import { simple, simpleWorkgroups, type SimpleTile } from './simple.ts';
import { splitK, splitKWorkgroupVec4s, splitKWorkgroups, type SplitKTile } from './splitK.ts';
import { tiled, tiledWorkgroupVec4s, tiledWorkgroups, type TiledTile } from './tiled.ts';

/** How a product is divided: its main loop, and the share of an invocation and a workgroup. */
export type Tile = SimpleTile | TiledTile | SplitKTile | SwappedTile;

export function matmul(product: Product, tile: Tile): Matmul {
  const alone = { memory: 0, bindings: [], copies: [] };
  switch (tile.loop) {
    case 'simple':
      return {
        ...alone,
        code: simple(product, tile),
        workgroups: simpleWorkgroups(product, tile),
      };
    case 'tiled':
      return {
        ...alone,
        code: tiled(product, tile),
        workgroups: tiledWorkgroups(product, tile),
        memory: tiledWorkgroupVec4s(tile),
      };
    case 'splitK':
      return {
        ...alone,
        code: splitK(product, tile),
        workgroups: splitKWorkgroups(product, tile),
        memory: splitKWorkgroupVec4s(tile),
      };
    case 'swapped':
      return { ...alone, ...swapped(product, tile) };
  }
}

/** Declarations of a kernel that go before the code of its products: shared functions and workgroup memory. */
export function declareMatmuls(all: readonly Matmul[]): string {
  const helpers = new Set(all.flatMap((one) => one.helpers ?? []));
  const memory = Math.max(...all.map((one) => one.memory));
  return [blockFunctions, ...helpers, declareWorkgroupVec4s(memory)].join('');
}

/** Workgroup memory, in vec4f, that every adapter has: the default WebGPU limit of 16 KiB. */
export const maxWorkgroupVec4s = 1024;

/**
 * Declares the workgroup memory that all main loops of a kernel share, if any needs it. Browsers zero this memory
 * before a kernel starts, so one shared array saves time.
 */
export const declareWorkgroupVec4s = (memory: number) =>
  memory > 0 ? `\nvar<workgroup> shared4: array<vec4f, ${memory}>;\n` : '';
