import type { Activation } from '../src/network/functions.ts';
import { slope } from './activation.ts';
import { workgroupKernel, type Kernel } from './kernel.ts';
import {
  addProducts,
  declareSums,
  insideRow,
  isInside,
  leftOperand,
  placeTile,
  tiling,
  withEachSum,
  type Lanes,
  type Tile,
} from './tile.ts';
import { quads, unroll } from './wgsl.ts';

/** One layer back, and where in the buffers everything is, in quads. */
export interface HiddenDeltaLayer {
  /** Size of the layer whose delta is asked for, and of the layer after it. */
  readonly inputs: number;
  readonly outputs: number;
  /** Of the layer whose delta is asked for. */
  readonly activation: Activation;
  /** Where in `deltas` the layer after it has its delta, and where this one's goes. */
  readonly nextDeltaAt: number;
  readonly deltaAt: number;
  /** Where in `activations` that begins from which the slope is made: a or z, as `slopeSource` says. */
  readonly slopeAt: number;
  /** Where in `parameters` the layer after it begins. */
  readonly parametersAt: number;
}

export interface HiddenDeltaOptions {
  readonly layer: HiddenDeltaLayer;
  /** Rows of the mini-batch buffers, a multiple of `tile.rows`. */
  readonly rows: number;
  readonly tile: Tile;
  readonly lanes: Lanes;
}

/**
 * One layer back: delta = (delta'·Wᵀ) ⊙ f′. Twin: `src/reference/hiddenDelta.ts`.
 *
 * W is read as it is stored, [inputs, outputs]: an invocation's four neurons are four of its rows, turned in
 * registers. Padding stays 0, since W's padded rows are 0. The biases, the last row of `parameters`, play no part.
 */
export function hiddenDelta(options: HiddenDeltaOptions): Kernel {
  const { layer, rows, tile, lanes } = options;
  const t = tiling(rows, quads(layer.inputs), tile, lanes);
  return workgroupKernel(
    `hidden delta ${layer.inputs}←${layer.outputs}`,
    [
      { name: 'parameters', access: 'read', type: 'array<vec4f>' },
      { name: 'activations', access: 'read', type: 'array<vec4f>' },
      { name: 'deltas', access: 'read_write', type: 'array<vec4f>' },
    ],
    t.workgroups,
    lanes,
    slope(layer.activation),
    `${placeTile(t, 'workgroup')}
${hiddenDeltaTile(layer, tile, lanes.broadcast, (row) => insideRow(t, row))}
${writeHiddenDelta(layer, tile, t.across, isInside(t, 'm'))}`,
  );
}

/** The sums delta'·Wᵀ of the tile at `row` and `quad0`, `quad1` … */
export function hiddenDeltaTile(
  layer: HiddenDeltaLayer,
  tile: Tile,
  broadcast: number,
  inside: (row: string) => string,
): string {
  const outputQuads = quads(layer.outputs);
  const firsts = leftOperand(
    tile.rows,
    broadcast,
    (m, name) =>
      `  let ${name}At = ${layer.nextDeltaAt}u + (${inside(`row + ${m}`)}) * ${outputQuads}u;`,
  );
  const left = leftOperand(
    tile.rows,
    broadcast,
    (_, name) => `    let ${name} = deltas[${name}At + j];`,
  );
  const right = (q: number, k: number) =>
    `vec4f(${[0, 1, 2, 3].map((i) => `weight${q}_${i}.${'xyzw'[k]!}`).join(', ')})`;
  return `${firsts.loads}
${unroll(tile.quads, (q) => `  let weightAt${q} = ${layer.parametersAt}u + quad${q} * ${4 * outputQuads}u;`)}
${declareSums(tile)}
  for (var j = 0u; j < ${outputQuads}u; j++) {
${left.loads}
${unroll(tile.quads, (q) =>
  unroll(4, (i) => `    let weight${q}_${i} = parameters[weightAt${q} + ${i * outputQuads}u + j];`),
)}
${unroll(
  4,
  (k) => `${unroll(tile.quads, (q) => `    let right${k}_${q} = ${right(q, k)};`)}
${unroll(tile.rows, (m) => addProducts(tile, m, left.value(m, k), (q) => `right${k}_${q}`))}`,
)}
  }`;
}

/** The slope and the way to memory. @param inside WGSL for whether a sum's place is one to write */
export function writeHiddenDelta(
  layer: HiddenDeltaLayer,
  tile: Tile,
  across: number,
  inside: string,
): string {
  return withEachSum(
    tile,
    across,
    `      if (${inside}) {
        let at = (row + m) * ${quads(layer.inputs)}u + quad;
        deltas[${layer.deltaAt}u + at] = sum * slope(activations[${layer.slopeAt}u + at]);
      }`,
  );
}
