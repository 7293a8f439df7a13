/**
 * Tiles whose workgroup works together, for adapters with fast memory for that, which are GPUs.
 *
 * Two ways, alone or together (`Sharing` in `tile.ts`). Staged: the workgroup loads the operands of a block of sums
 * once, into workgroup memory, and every invocation reads from there what it needs for its tile; so a block of 64 × 64
 * sums reads a 16th of what invocations with tiles of 4 × 4 would. Sliced: several invocations add up parts of
 * the same sums, which keeps a GPU busy where sums are long and few.
 *
 * Browsers keep every access to workgroup memory within bounds unless its index is seen to be: all indices below are
 * made of constants, places with known ranges and loop variables that count from a constant to a constant.
 * There is one array, which every use of workgroup memory shares, since browsers fill it with zeros first.
 */
import { dealtRow, declareSums, laneStrides, withEachSum, type Tile, type Tiling } from './tile.ts';
import { unroll } from './wgsl.ts';

/** One operand of a staged product: the vec4f that a workgroup loads of it for a stage. */
export interface Operand {
  readonly count: number;
  /** What is known of element `e` before the first stage, as variables that begin with `name`. */
  readonly begin: (name: string, e: string) => string;
  /** Element `e` of stage `stage`. */
  readonly load: (name: string, e: string, stage: string) => string;
  /** Where in workgroup memory it stands, from the operand's first place on; by default, element `e` at `e`. */
  readonly place?: { readonly count: number; readonly at: (e: string) => string };
}

/** `array<vec4f>` lengths that every adapter has: WebGPU's default limit of 16 KiB. */
const mostQuads = 1024;

/**
 * The declaration of so much workgroup memory.
 * @throws {RangeError} when it is more than every adapter has
 */
export function declareStaged(length: number): string {
  if (length > mostQuads) {
    throw new RangeError(
      `A tile asks for ${16 * length} bytes of workgroup memory, and every adapter has ${16 * mostQuads}. Choose a smaller depth, tile or workgroup.`,
    );
  }
  return length > 0 ? `\nvar<workgroup> staged: array<vec4f, ${length}>;` : '';
}

/** One for whatever an invocation stores: that is cheaper than to ask who has something to store. */
const placesOf = ({ count, place }: Operand, workgroupSize: number) =>
  place?.count ?? Math.ceil(count / workgroupSize) * workgroupSize;

/** Quads of workgroup memory that {@link stagedSums} and {@link withSlicedSum} use. */
export function stagedLength(
  t: Tiling,
  sums: Tile,
  operands?: { readonly left: Operand; readonly right: Operand },
): number {
  const size = t.lanes.workgroupSize;
  const forSlices = t.slices > 1 ? size * sums.rows * sums.quads : 0;
  const forOperands = operands ? placesOf(operands.left, size) + placesOf(operands.right, size) : 0;
  return Math.max(forSlices, forOperands);
}

/**
 * The sums of a tile, a stage of `depth` steps after the other.
 * @param sums the tile, whose rows may be more than what `t` counts as such
 * @param count steps along the sums
 * @param products what adds the products of four steps, from `left` and `right`, the first places of the operands;
 *   `four` is WGSL for which four of a stage
 * @throws {RangeError} when slices cannot share a stage evenly
 */
export function stagedSums(
  t: Tiling,
  sums: Tile,
  count: number,
  operands: { readonly left: Operand; readonly right: Operand },
  products: (four: string, left: number, right: number) => string,
): string {
  const { depth, ahead = false } = t.tile.shared!;
  const { slices } = t;
  if (depth % (4 * slices) !== 0) {
    throw new RangeError(`${slices} slices cannot share stages of ${depth} steps by fours.`);
  }
  const size = t.lanes.workgroupSize;
  const leftQuads = placesOf(operands.left, size);
  const loads = [
    ...loadsOf('left', operands.left, 0, size),
    ...loadsOf('right', operands.right, leftQuads, size),
  ];
  const each = (text: (load: Load) => string) => loads.map(text).join('\n');
  const stages = Math.ceil(count / depth);
  const fours = depth / 4 / slices;
  const load = (stage: string) =>
    each(({ name, value }) => `    ${ahead ? '' : 'let '}${name} = ${value(stage)};`);
  return `${each(({ begin }) => begin)}
${declareSums(sums)}
${ahead ? each(({ name, value }) => `  var ${name} = ${value('0u')};`) : ''}
  for (var stage = 0u; stage < ${stages}u; stage++) {
${ahead ? '' : load('stage')}
    workgroupBarrier();
${each(({ store }) => store)}
    workgroupBarrier();
${ahead ? `    let following = min(stage + 1u, ${stages - 1}u);\n${load('following')}` : ''}
    for (var step4 = 0u; step4 < ${fours}u; step4++) {
      let four = ${slices > 1 ? `slice * ${fours}u + step4` : 'step4'};
${products('four', 0, leftQuads)}
    }
  }`;
}

interface Load {
  readonly name: string;
  readonly begin: string;
  readonly value: (stage: string) => string;
  readonly store: string;
}

/** What one invocation loads of an operand: every element `workgroupSize` after its first. */
function loadsOf(operand: string, of: Operand, first: number, workgroupSize: number): Load[] {
  const { count, begin, load, place } = of;
  return Array.from({ length: Math.ceil(count / workgroupSize) }, (_, turn) => {
    const name = `${operand}${turn}`;
    const own = turn === 0 ? 'lane' : `(lane + ${turn * workgroupSize}u)`;
    const isWhole = (turn + 1) * workgroupSize <= count;
    const e = isWhole ? own : `min(${own}, ${count - 1}u)`;
    const store = `staged[${first > 0 ? `${first}u + ` : ''}${place ? place.at(e) : own}] = ${name};`;
    return {
      name,
      begin: begin(name, e),
      value: (stage) => load(name, e, stage),
      store: isWhole || !place ? `    ${store}` : `    if (${own} < ${count}u) { ${store} }`,
    };
  });
}

/** Does a text with each sum of a tile. */
export type EachSum = (text: string) => string;

/** @param sums the tile, whose rows may be more than what `t` counts as such */
export function eachSum(t: Tiling, sums: Tile = t.tile): EachSum {
  const dealt = dealtRow(t.lanes.broadcast, sums.rows / t.tile.rows);
  return (text) =>
    t.slices > 1 ? withSlicedSum(t, sums, text) : withEachSum(sums, t.across, text, dealt);
}

/**
 * Adds up the slices of a tile's sums, always in the same order, and does `text` with each, as `withEachSum` does: with
 * `sum`, whose row is `m` and whose column is `quad`. The slices share that work, too.
 */
export function withSlicedSum(t: Tiling, sums: Tile, text: string): string {
  const { slices, across, tile } = t;
  const size = t.lanes.workgroupSize;
  const strides = laneStrides(t);
  const count = sums.rows * sums.quads;
  const turns = Math.ceil(count / slices);
  const isWhole = turns * slices === count;
  const isStaged = (tile.shared?.depth ?? 0) > 0;
  return `${isStaged ? '  workgroupBarrier();\n' : ''}${unroll(count, (i) => {
    const name = `sum${Math.floor(i / sums.quads)}_${i % sums.quads}`;
    return `  staged[${i * size}u + lane] = ${name};`;
  })}
  workgroupBarrier();
  let firstPart = laneX + laneY * ${strides.y}u;
  for (var turn = 0u; turn < ${turns}u; turn++) {
    let one = turn * ${slices}u + slice;
    ${isWhole ? '' : `if (one < ${count}u) `}{
      let partsAt = ${isWhole ? 'one' : `min(one, ${count - 1}u)`} * ${size}u + firstPart;
      var sum = vec4f();
      for (var part = 0u; part < ${slices}u; part++) {
        sum += staged[partsAt + part * ${strides.slice}u];
      }
      let m = one / ${sums.quads}u;
      let quad = tileQuad + ${sums.quads > 1 ? `one % ${sums.quads}u * ${across}u` : '0u'};
${text}
    }
  }`;
}
