/**
 * Register tiles: how the sums of a matrix product are dealt to invocations, and how operands reach them.
 *
 * An invocation keeps a tile of `rows` × `quads`·4 sums in registers and loads, for each step along the sum,
 * `rows` values of the left operand and `quads` vec4f of the right one: the larger the tile, the more products
 * each load pays for. Neighbouring invocations have neighbouring columns, so that their loads of the right
 * operand lie side by side, and share rows.
 *
 * Where that sharing is worth something, `broadcast` is the size of a subgroup: its invocations load different
 * parts of the left operand and pass them round. SwiftShader, whose loads cost about as much as ten products, gains
 * from it (bench/NOTES.md). Its subgroups are quads, and what costs a quad least is to swap: invocation l gets the
 * rows of l, l xor 1, l xor 2 and l xor 3, and has the same sums as the others in an order of its own (`dealtRow`).
 */
import { unroll } from './wgsl.ts';

export interface Tile {
  readonly rows: number;
  readonly quads: number;
  /** How the invocations of a workgroup work together; absent where each works alone. See `sharedTile.ts`. */
  readonly shared?: Sharing;
  /**
   * The shortest code: no loads shared within subgroups, one step along the sums at a time. For matrices so small that
   * compiling what is fastest would take longer than it could ever save.
   */
  readonly isPlain?: boolean;
  /** Whether operands are read from textures, all but the samples' bytes; see `texture.ts`. */
  readonly fromTextures?: boolean;
}

/** What a workgroup shares through its memory. */
export interface Sharing {
  readonly workgroupSize: number;
  /** Invocations side by side. */
  readonly across: number;
  /** Slices that each sum is cut into, an invocation each, which are then added up in order. */
  readonly slices: number;
  /**
   * Steps along the sums whose operands are staged at a time, a multiple of 4·slices. 0 stages nothing: what is
   * left are the slices, and invocations load for themselves.
   */
  readonly depth: number;
  /** Whether the operands of the next stage are loaded while this one is computed, at the cost of registers. */
  readonly ahead?: boolean;
}

/** What all invocations of a dispatch have in common. */
export interface Lanes {
  /** Invocations a workgroup. */
  readonly workgroupSize: number;
  /** Size of every subgroup, a divisor of `workgroupSize`; 0 where each invocation loads for itself. */
  readonly broadcast: number;
}

/** Tiles over a matrix of `rows` × `quads`·4, as workgroups. */
export interface Tiling {
  readonly tile: Tile;
  readonly lanes: Lanes;
  readonly rows: number;
  readonly quads: number;
  /** Tiles of a workgroup side by side, and below each other. */
  readonly across: number;
  readonly down: number;
  /** Invocations that a tile is the work of. */
  readonly slices: number;
  /** Workgroups side by side. */
  readonly blocksAcross: number;
  readonly workgroups: number;
}

export function tiling(rows: number, quads: number, tile: Tile, lanes: Lanes): Tiling {
  const columns = Math.ceil(quads / tile.quads);
  const own = tile.isPlain ? { ...lanes, broadcast: 0 } : lanes;
  const { workgroupSize, slices, across } = tile.shared ?? alone(columns, own);
  const down = workgroupSize / (across * slices);
  const blocksAcross = Math.ceil(columns / across);
  return {
    tile,
    lanes: tile.shared ? { workgroupSize, broadcast: 0 } : own,
    rows,
    quads,
    across,
    down,
    slices,
    blocksAcross,
    workgroups: blocksAcross * Math.ceil(rows / (down * tile.rows)),
  };
}

function alone(columns: number, { workgroupSize, broadcast }: Lanes) {
  // Loads can be shared by those alone who have the same rows.
  const across = broadcast > 0 ? workgroupSize : Math.min(workgroupSize, powerOfTwo(columns));
  return { workgroupSize, slices: 1, across };
}

/** The least power of two that is at least `count`. */
function powerOfTwo(count: number): number {
  return 2 ** Math.ceil(Math.log2(count));
}

/**
 * Where an invocation's tile is: `row`, its first row, and `quad0`, `quad1` … its columns, a workgroup's width
 * apart. What sticks out at the right or below repeats what is inside, so that every lane of a subgroup takes
 * part in everything; `ifInside` says who may write.
 * @param block WGSL for the index of the workgroup among those of the tiling
 */
export function placeTile(t: Tiling, block: string): string {
  const { tile, across, down, blocksAcross } = t;
  const { x, y } = placesOf(t);
  return `${tile.shared ? placeLane(t) : ''}  let blockRow = (${block} / ${blocksAcross}u) * ${down * tile.rows}u;
  let row = ${down > 1 ? `blockRow + ${y} * ${tile.rows}u` : 'blockRow'};
  let blockQuad = (${block} % ${blocksAcross}u) * ${across * tile.quads}u;
  let tileQuad = blockQuad + ${x};
${unroll(tile.quads, (q) => {
  const quad = `tileQuad + ${q * across}u`;
  return `  let quad${q} = ${insideQuad(t, quad)};`;
})}`;
}

/** WGSL for an invocation's column and row of tiles in its workgroup. */
function placesOf(t: Tiling): { readonly x: string; readonly y: string } {
  if (t.tile.shared) return { x: 'laneX', y: 'laneY' };
  const { across, down } = t;
  return down > 1 ? { x: `lane % ${across}u`, y: `(lane / ${across}u)` } : { x: 'lane', y: '0u' };
}

/** How far apart in a workgroup those are who have one place more below, and one slice more. */
export function laneStrides({ tile, across, down, slices }: Tiling): {
  readonly y: number;
  readonly slice: number;
} {
  // Slices that load for themselves are neighbours, and so is what they load.
  return (tile.shared?.depth ?? 0) > 0
    ? { y: across, slice: across * down }
    : { y: across * slices, slice: across };
}

/**
 * The place of an invocation in its workgroup. `min` changes nothing, but tells browsers the range of what they would
 * otherwise hold within bounds at every access to workgroup memory: they do not reason about `%`.
 */
function placeLane(t: Tiling): string {
  const strides = laneStrides(t);
  const part = (stride: number, count: number) =>
    count > 1 ? `min(lane / ${stride}u % ${count}u, ${count - 1}u)` : '0u';
  return `  let laneX = ${part(1, t.across)};
  let laneY = ${part(strides.y, t.down)};
  let slice = ${part(strides.slice, t.slices)};
`;
}

/** A row of the tiling, or the last one instead of those below it. */
export function insideRow(t: Tiling, row: string): string {
  return hasRowsOutside(t) ? `min(${row}, ${t.rows - 1}u)` : `(${row})`;
}

/** A column of the tiling, or the last one instead of those to the right of it. */
export function insideQuad(t: Tiling, quad: string): string {
  return hasQuadsOutside(t) ? `min(${quad}, ${t.quads - 1}u)` : `(${quad})`;
}

/** WGSL for whether row `m` of an invocation's tile and column `quad` are inside the matrix. */
export function isInside(t: Tiling, m: string): string {
  const conditions = [
    ...(hasRowsOutside(t) ? [`row + ${m} < ${t.rows}u`] : []),
    ...(hasQuadsOutside(t) ? [`quad < ${t.quads}u`] : []),
  ];
  return conditions.join(' && ') || 'true';
}

function hasRowsOutside(t: Tiling): boolean {
  return t.rows % (t.down * t.tile.rows) !== 0;
}

function hasQuadsOutside(t: Tiling): boolean {
  return t.quads % (t.across * t.tile.quads) !== 0;
}

export const declareSums = (tile: Tile) =>
  unroll(tile.rows, (m) => unroll(tile.quads, (q) => `  var sum${m}_${q} = vec4f();`));

/**
 * Does `text` with each sum of a tile, as `sum`, whose row is `m` and whose column is `quad`. A loop, unlike the sums
 * themselves: written out for every sum, what is done once would be most of the code, and compilers would spend
 * longer on it than the first hundred steps take.
 * @param across how far apart columns are
 * @param dealt WGSL for the row of an invocation's sum number `m`, where invocations have theirs in different orders
 */
export function withEachSum(
  tile: Tile,
  across: number,
  text: string,
  dealt?: (m: string) => string,
): string {
  const own = dealt ? 'own' : 'm';
  const sums = Array.from({ length: tile.rows * tile.quads }, (_, i) => {
    return `sum${Math.floor(i / tile.quads)}_${i % tile.quads}`;
  });
  return `  var sums = array<vec4f, ${sums.length}>(${sums.join(', ')});
  for (var ${own} = 0u; ${own} < ${tile.rows}u; ${own}++) {
${dealt ? `    let m = ${dealt(own)};\n` : ''}    for (var q = 0u; q < ${tile.quads}u; q++) {
      let sum = sums[${own} * ${tile.quads}u + q];
      let quad = tileQuad + q * ${across}u;
${text}
    }
  }`;
}

/**
 * A loop over the `count` steps of a sum, which are called `step`; or, of a sum cut into slices, over every
 * `slices`-th of them from `slice` on, so that neighbouring slices load what lies side by side.
 */
export function alongSum(step: string, count: number, slices: number, text: string): string {
  if (slices === 1) {
    return `  for (var ${step} = 0u; ${step} < ${count}u; ${step}++) {\n${text}\n  }`;
  }
  const turns = Math.ceil(count / slices);
  const guard = turns * slices > count ? `if (${step} < ${count}u) ` : '';
  return `  for (var turn = 0u; turn < ${turns}u; turn++) {
    let ${step} = turn * ${slices}u + slice;
    ${guard}{\n${text}\n    }
  }`;
}

/**
 * How many times four steps one turn of a loop takes, of `count` times four in all. Two where operands come from textures: a
 * turn costs SwiftShader twelve instructions a sum, and loads from textures leave its code short enough for more.
 */
export function quadsOfTurn(count: number, { fromTextures }: Tile): number {
  return fromTextures && count % 2 === 0 ? 2 : 1;
}

/** WGSL for which of all times four steps is number `part` of turn `i`. */
export const quadOfTurn = (turn: number, part: number) =>
  turn === 1 ? 'i' : `${turn}u * i + ${part}u`;

/**
 * Adds to every sum of a tile some steps along it: products of a value of the left operand and a vec4f of the right
 * one. All loads come before, and each sum takes its steps at once: where a load is a branch, as in SwiftShader, or
 * a sum lives in memory, both cost once for all steps.
 * @param isByComponent whether to finish one component of a sum after the other, for compilers that take vectors apart
 *   and would keep what is between two steps of all four in memory
 */
export function addProducts(
  tile: Tile,
  steps: number,
  left: (m: number, step: number) => string,
  right: (step: number, q: number) => string,
  isByComponent = false,
): string {
  const chain = (q: number, sum: string, part = '') => {
    let text = sum + part;
    for (let step = 0; step < steps; step++) {
      text = `fma(left${step}, ${right(step, q)}${part}, ${text})`;
    }
    return text;
  };
  const value = (q: number, sum: string) =>
    isByComponent
      ? `vec4f(${components.map((c) => chain(q, sum, `.${c}`)).join(', ')})`
      : chain(q, sum);
  const operand = (text: string) => (isByComponent ? text : `vec4f(${text})`);
  return unroll(
    tile.rows,
    (m) => `    {
${unroll(steps, (step) => `      let left${step} = ${operand(left(m, step))};`)}
${unroll(tile.quads, (q) => `      sum${m}_${q} = ${value(q, `sum${m}_${q}`)};`)}
    }`,
  );
}

const components = ['x', 'y', 'z', 'w'] as const;

/** Whether a subgroup of so many is a quad, which can swap: one instruction in SwiftShader, for thirty of a broadcast. */
export const isQuad = (broadcast: number) => broadcast === 4;

/** What gives an invocation of a quad the value of number l, l xor 1, l xor 2 and l xor 3, where it is itself l. */
const fromQuad = ['', 'quadSwapX', 'quadSwapY', 'quadSwapDiagonal'] as const;

/**
 * WGSL for the row of an invocation's sum number `m`, where that is not m.
 * @param rowsOf rows that a vec4f of the left operand gives, 1 or 4
 */
export function dealtRow(broadcast: number, rowsOf: number): ((m: string) => string) | undefined {
  if (!isQuad(broadcast)) return undefined;
  return (m) => `${m} ^ ${rowsOf > 1 ? `(${rowsOf}u * subgroupLane)` : 'subgroupLane'}`;
}

/**
 * The left operand of a tile, which comes as `count` vec4f a step: one a row, or one for four rows. `value` is that of
 * the row which {@link dealtRow} says.
 * @param load WGSL that declares `name`, vector number `index`, itself WGSL; it is number `own` of those that the
 *   invocation loads itself
 * @param base what the names of vectors begin with
 * @throws {RangeError} when subgroups cannot share so many evenly
 */
export function leftOperand(
  count: number,
  broadcast: number,
  load: (index: string, name: string, own: number) => string,
  base = 'vector',
): { readonly loads: string; readonly value: (vector: number, component: number) => string } {
  if (broadcast > 0 && count % broadcast !== 0) {
    throw new RangeError(`Subgroups of ${broadcast} cannot share ${count} loads evenly.`);
  }
  if (broadcast === 0) {
    return {
      loads: unroll(count, (v) => load(`${v}u`, `${base}${v}`, v)),
      value: (v, c) => `${base}${v}.${components[c]!}`,
    };
  }
  const loaded = (v: number, c: number) => `${base}${Math.floor(v / broadcast)}.${components[c]!}`;
  return {
    loads: unroll(count / broadcast, (t) =>
      load(`${t * broadcast}u + subgroupLane`, `${base}${t}`, t),
    ),
    value: isQuad(broadcast)
      ? (v, c) => `${fromQuad[v % 4]!}(${loaded(v, c)})`
      : (v, c) => `subgroupBroadcast(${loaded(v, c)}, ${v % broadcast}u)`,
  };
}
