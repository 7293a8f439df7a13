/** A product by one of the main loops. */
import { swapped, type SwappedTile } from '../software/swapped.ts';
import { blockFunctions, type Matmul, type Product } from './product.ts';
import { simple, simpleWorkgroups, type SimpleTile } from './simple.ts';
import { splitK, splitKWorkgroupVec4s, splitKWorkgroups, type SplitKTile } from './splitK.ts';
import { tiled, tiledWorkgroupVec4s, tiledWorkgroups, type TiledTile } from './tiled.ts';

/** How a product is cut up: its main loop, and what an invocation and a workgroup compute. */
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

/** What a kernel with these products declares before their code: shared functions, and memory. */
export function declareMatmuls(all: readonly Matmul[]): string {
  const helpers = new Set(all.flatMap((one) => one.helpers ?? []));
  const memory = Math.max(...all.map((one) => one.memory));
  return [blockFunctions, ...helpers, declareWorkgroupVec4s(memory)].join('');
}

/** vec4f of workgroup memory that every adapter has: WebGPU's default limit of 16 KiB. */
export const maxWorkgroupVec4s = 1024;

/**
 * The workgroup memory that all main loops of a kernel share; none where none needs any. Browsers fill it with zeros
 * before a kernel starts, so that a kernel has one array.
 */
export const declareWorkgroupVec4s = (memory: number) =>
  memory > 0 ? `\nvar<workgroup> shared4: array<vec4f, ${memory}>;\n` : '';
