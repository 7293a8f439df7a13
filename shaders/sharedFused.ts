/**
 * Forward through several layers and back, as `fused` does it, for adapters with thousands of lanes, which are GPUs: a
 * workgroup takes a few samples all the way together.
 *
 * One layer has too few sums for a workgroup, so each sum is cut into slices (`sharedTile.ts`). Between layers the
 * workgroup waits for itself; what one of its invocations wrote to the activations and deltas another then reads,
 * which nobody else does.
 */
import { forwardTile, writeForward } from './forward.ts';
import { fusedDeclarations, type FusedOptions } from './fused.ts';
import { hiddenDeltaTile, writeHiddenDelta } from './hiddenDelta.ts';
import { workgroupKernel, type Kernel } from './kernel.ts';
import { declareStaged, eachSum, stagedLength, type EachSum } from './sharedTile.ts';
import { placeTile, withEachSum, type Tile, type Tiling } from './tile.ts';
import { quads } from './wgsl.ts';

/** `tileRows` samples are a workgroup's. */
export function sharedFused(options: FusedOptions): Kernel {
  const { forward, hiddenDelta, rows, tileRows, workgroupSize } = options;
  const { label, bindings, functions, begin } = fusedDeclarations(options);
  const phases = [
    ...forward.map((layer) =>
      phase(quads(layer.outputs), quads(layer.inputs), options, (tile, each, inside) =>
        [forwardTile(layer, tile, 0, asIs), writeForward(layer, each, inside)].join('\n'),
      ),
    ),
    {
      text: `  for (var turn = 0u; turn < ${Math.ceil(tileRows / workgroupSize)}u; turn++) {
    let own = turn * ${workgroupSize}u + lane;
    if (own < ${tileRows}u) { outputDeltaOf(workgroup * ${tileRows}u + own, step); }
  }`,
      memory: 0,
    },
    ...hiddenDelta.map((layer) =>
      phase(quads(layer.inputs), quads(layer.outputs), options, (tile, each, inside) =>
        [hiddenDeltaTile(layer, tile, 0, asIs), writeHiddenDelta(layer, each, inside)].join('\n'),
      ),
    ),
  ];
  const memory = Math.max(...phases.map((one) => one.memory));
  return workgroupKernel(
    label,
    bindings,
    rows / tileRows,
    { workgroupSize, broadcast: 0 },
    functions + declareStaged(memory),
    `${begin}
${phases.map(({ text }) => text).join('\n  storageBarrier();\n  workgroupBarrier();\n')}`,
  );
}

/** More slices than this, and adding them up would take as long as the sums. */
const mostSlices = 16;

/**
 * The sums of one layer: [tileRows, columns], along `steps` quads. Tall tiles where invocations are short, since a
 * tile's rows share the loads of weights; else as many slices as there are invocations left.
 */
function phase(
  columns: number,
  steps: number,
  { tileRows, workgroupSize }: FusedOptions,
  text: (tile: Tile, each: EachSum, inside: string) => string,
): { readonly text: string; readonly memory: number } {
  const tilesOf = (rows: number) => (tileRows / rows) * columns;
  const isTallEnough = (rows: number) => tilesOf(rows) * mostSlices >= workgroupSize;
  const rows = [4, 2, 1].find((r) => tileRows % r === 0 && (r === 1 || isTallEnough(r)))!;
  const tiles = tilesOf(rows);
  const slices = powerOfTwoWithin(Math.min(mostSlices, steps, workgroupSize / tiles));
  return slices > 1
    ? slicedPhase({ rows, columns, slices, down: tileRows / rows, workgroupSize }, text)
    : { text: wholePhase({ rows, columns, tiles, tileRows, workgroupSize }, text), memory: 0 };
}

/** All tiles at once, `slices` invocations each; what is left of the workgroup does what others do, and does not write it. */
function slicedPhase(
  {
    rows,
    columns,
    slices,
    down,
    workgroupSize,
  }: Record<'rows' | 'columns' | 'slices' | 'down' | 'workgroupSize', number>,
  text: (tile: Tile, each: EachSum, inside: string) => string,
): { readonly text: string; readonly memory: number } {
  const shared = { workgroupSize, across: columns, slices, depth: 0 };
  const tile: Tile = { rows, quads: 1, shared };
  const t: Tiling = {
    tile,
    lanes: { workgroupSize, broadcast: 0 },
    rows: down * rows,
    quads: columns,
    across: columns,
    down,
    slices,
    blocksAcross: 1,
    workgroups: 1,
  };
  const busy = columns * down * slices;
  const inside = busy < workgroupSize ? `lane < ${busy}u` : 'true';
  return {
    text: `  {\n${placeTile(t, 'workgroup')}\n${text(tile, eachSum(t), inside)}\n  }`,
    memory: stagedLength(t, tile),
  };
}

/** A tile an invocation, in turns. */
function wholePhase(
  {
    rows,
    columns,
    tiles,
    tileRows,
    workgroupSize,
  }: Record<'rows' | 'columns' | 'tiles' | 'tileRows' | 'workgroupSize', number>,
  text: (tile: Tile, each: EachSum, inside: string) => string,
): string {
  const tile: Tile = { rows, quads: 1 };
  const turns = Math.ceil(tiles / workgroupSize);
  return `  for (var job0 = 0u; job0 < ${turns}u; job0++) {
    let job = job0 * ${workgroupSize}u + lane;
    ${turns * workgroupSize > tiles ? `if (job < ${tiles}u) ` : ''}{
    let row = workgroup * ${tileRows}u + job / ${columns}u * ${rows}u;
    let tileQuad = job % ${columns}u;
    let quad0 = tileQuad;
${text(tile, (each) => withEachSum(tile, 1, each), 'true')}
    }
  }`;
}

function powerOfTwoWithin(count: number): number {
  return count < 1 ? 1 : 2 ** Math.floor(Math.log2(count));
}

const asIs = (row: string) => row;
