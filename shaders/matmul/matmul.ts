/** Computes a matrix product with one of the main loops. */
import { kernel, type Kernel, type KernelParts } from '../kernel.ts';
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

export interface Part {
  readonly product: Product;
  readonly tile: Tile;
  /** WGSL that an invocation runs after its share of the product. */
  readonly after?: string;
}

export type MatmulKernelOptions = Pick<KernelParts, 'label' | 'bindings'> & {
  readonly functions: string;
  /** WGSL that every invocation runs first. */
  readonly before: string;
};

/** A kernel that computes products, each in its own range of workgroups. All of these have the same size. */
export function matmulKernel(parts: readonly Part[], options: MatmulKernelOptions): Kernel {
  const made = parts.map(({ product, tile }) => matmul(product, tile));
  const { workgroupSize } = parts[0]!.tile;
  let workgroups = 0;
  const calls = parts.map(({ product, after = '' }, i) => {
    const first = workgroups;
    workgroups += made[i]!.workgroups;
    return `${i < parts.length - 1 ? `if (workgroup < ${workgroups}u) ` : ''}{
    matmul${product.name}(workgroup${first > 0 ? ` - ${first}u` : ''}, lane);${after}
  }`;
  });
  // Products may share a binding, such as the sampler.
  const bindings = new Map(made.flatMap((one) => one.bindings ?? []).map((one) => [one.name, one]));
  return kernel({
    label: options.label,
    bindings: [...options.bindings, ...bindings.values()],
    invocations: workgroups * workgroupSize,
    workgroupSize,
    functions: [
      options.functions,
      blockFunctions,
      ...new Set(made.map(({ helpers = '' }) => helpers)),
      declareWorkgroupVec4s(Math.max(...parts.map(({ tile }) => workgroupVec4s(tile)))),
      ...made.map(({ code }) => code),
    ].join('\n'),
    body: `${options.before}
  ${calls.join(' else ')}`,
  });
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
