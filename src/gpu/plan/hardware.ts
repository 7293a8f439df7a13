/**
 * How a step is cut up for a GPU: by arithmetic alone. No figure here was measured on hardware; they are the starting
 * point of a tuner, and `bench/gpu.ts` measures them and what lies beside them.
 *
 * WebGPU does not tell how many cores there are. What keeps about a hundred busy is chosen, since on fewer it costs
 * little to have too many workgroups, while on more of them too few leave cores idle.
 */
import type { Sharing, Tile } from '../../../shaders/tile.ts';
import { quads } from '../../../shaders/wgsl.ts';
import type { LayerPlan, Plan } from './plan.ts';

/** Of every workgroup that shares. */
const workgroupSize = 256;
/** Workgroups that large blocks must be enough for: two or so a core. */
const wantedWorkgroups = 192;
/** The same for blocks whose sums are sliced, which have shorter sums to wait for. */
const wantedSliced = 96;
/** Invocations that hide the latency of memory where each loads for itself. */
const wantedInvocations = 16384;
/** More slices, and adding them up takes as long as the sums. */
const mostSlices = 16;

const staged = (across: number, slices: number, depth: number): Sharing => ({
  workgroupSize,
  across,
  slices,
  depth,
});

/** A matrix product: `rows` × `columns` vec4f of sums, each along `steps` times four. */
interface Product {
  readonly rows: number;
  readonly columns: number;
  readonly steps: number;
}

/** Blocks from most to least reuse; `rows` of their tiles count vec4f of the left operand where `height` is 4. */
function blocks(height: 1 | 4): readonly Tile[] {
  const tall = 8 / height;
  const low = 4 / height;
  return [
    // 128 × 128, 128 × 64 and 64 × 64 sums
    { rows: tall, quads: 2, shared: staged(16, 1, 8) },
    { rows: tall, quads: 1, shared: staged(16, 1, 16) },
    { rows: low, quads: 1, shared: staged(16, 1, 16) },
    // 32 × 32 sums, each in four slices
    { rows: low, quads: 1, shared: staged(8, 4, 32) },
  ];
}

function productTile(product: Product, height: 1 | 4): Tile {
  const { rows, columns, steps } = product;
  // Sums so short are not worth waiting for each other.
  if (steps < 8) return { rows: height === 4 ? 1 : Math.min(4, powerOfTwoWithin(rows)), quads: 1 };
  const block = blocks(height).find(({ rows: tileRows, quads: tileQuads, shared }) => {
    const { across, slices } = shared!;
    const down = workgroupSize / (across * slices);
    const workgroups =
      Math.ceil(rows / (down * tileRows)) * Math.ceil(columns / (across * tileQuads));
    return workgroups >= (slices > 1 ? wantedSliced : wantedWorkgroups);
  });
  return block ?? slicedTile(product, height);
}

/** Sums that are too few for blocks: the tallest tile and fewest slices that give enough invocations. */
function slicedTile({ rows, columns, steps }: Product, height: 1 | 4): Tile {
  const most = Math.min(mostSlices, powerOfTwoWithin(steps / 2));
  const tallest = height === 4 ? 1 : Math.min(4, powerOfTwoWithin(rows));
  const across = Math.min(8, 2 ** Math.ceil(Math.log2(columns)));
  for (let tileRows = tallest; tileRows >= 1; tileRows /= 2) {
    for (let slices = 2; slices <= most; slices *= 2) {
      const isLast = tileRows === 1 && slices === most;
      if (isLast || Math.ceil(rows / tileRows) * columns * slices >= wantedInvocations) {
        return { rows: tileRows, quads: 1, shared: staged(across, slices, 0) };
      }
    }
  }
  return { rows: tallest, quads: 1 };
}

/** Weights that all workgroups of a fused dispatch may read together: 32 MiB, a few µs from a cache. */
const mostFusedReads = 2 ** 23;

/** The last layers, or all, that are so small that a dispatch each would cost more than reading them many times. */
function fusedPlan(sizes: readonly number[], batchSize: number): Plan['fused'] {
  const rows = batchSize > 512 ? 8 : 4;
  const isSmall = (l: number) =>
    sizes[l]! * sizes[l + 1]! * Math.ceil(batchSize / rows) <= mostFusedReads;
  let from = sizes.length - 1;
  while (from > 0 && isSmall(from - 1)) from--;
  return from === sizes.length - 1 ? undefined : { from, rows, workgroupSize };
}

/** Tiles of all layers, and what is fused. Where nothing is shared, workgroups are a subgroup of the widest. */
export function hardwarePlan(
  sizes: readonly number[],
  batchSize: number,
): Pick<Plan, 'layers' | 'lanes' | 'fused'> {
  const layers = sizes.slice(1).map((outputs, l): LayerPlan => {
    const [inputQuads, outputQuads] = [quads(sizes[l]!), quads(outputs)];
    const product = (rows: number, columns: number, steps: number) => ({ rows, columns, steps });
    return {
      forward: productTile(product(batchSize, outputQuads, inputQuads), 1),
      hiddenDelta: productTile(product(batchSize, inputQuads, outputQuads), 1),
      update: productTile(product(inputQuads, outputQuads, quads(batchSize)), 4),
    };
  });
  const fused = fusedPlan(sizes, batchSize);
  return { layers, lanes: { workgroupSize: 64, broadcast: 0 }, ...(fused && { fused }) };
}

function powerOfTwoWithin(count: number): number {
  return count < 1 ? 1 : 2 ** Math.floor(Math.log2(count));
}
