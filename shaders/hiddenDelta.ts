import type { Activation } from '../src/network/functions.ts';
import { slope } from './activation.ts';
import { workgroupKernel, type Kernel } from './kernel.ts';
import {
  declareStaged,
  eachSum,
  stagedLength,
  stagedSums,
  type EachSum,
  type Operand,
} from './sharedTile.ts';
import {
  addProducts,
  alongSum,
  declareSums,
  insideRow,
  isInside,
  isQuad,
  leftOperand,
  placeTile,
  quadOfTurn,
  quadsOfTurn,
  tiling,
  type Lanes,
  type Tile,
  type Tiling,
} from './tile.ts';
import { reading, texel, texelX, texelY, textureBindings, type TexturedMatrix } from './texture.ts';
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
  const operands = tile.shared?.depth ? stagedOperands(layer, t) : undefined;
  const textures = tile.fromTextures ? texturesOf(layer, rows) : undefined;
  const matrices = textures ? [textures.weights, textures.nextDelta] : [];
  const made = workgroupKernel(
    `hidden delta ${layer.inputs}←${layer.outputs}`,
    [
      ...(textures ? [] : [parametersBinding]),
      { name: 'activations', access: 'read', type: 'array<vec4f>' },
      { name: 'deltas', access: 'read_write', type: 'array<vec4f>' },
      ...textureBindings(matrices),
    ],
    t.workgroups,
    t.lanes,
    slope(layer.activation) + declareStaged(stagedLength(t, tile, operands)),
    `${placeTile(t, 'workgroup')}
${
  operands
    ? stagedHiddenDelta(layer, t, operands)
    : hiddenDeltaTile(layer, tile, t.lanes.broadcast, (row) => insideRow(t, row), textures)
}
${writeHiddenDelta(layer, eachSum(t), isInside(t, 'm'))}`,
  );
  return reading(matrices, made, lanes.workgroupSize);
}

const parametersBinding = { name: 'parameters', access: 'read', type: 'array<vec4f>' } as const;

interface HiddenDeltaTextures {
  readonly weights: TexturedMatrix;
  readonly nextDelta: TexturedMatrix;
}

function texturesOf(layer: HiddenDeltaLayer, rows: number): HiddenDeltaTextures {
  const { inputs, outputs, nextDeltaAt, parametersAt } = layer;
  const outputQuads = quads(outputs);
  return {
    weights: {
      buffer: 'parameters',
      at: parametersAt,
      width: outputQuads,
      height: 4 * quads(inputs),
    },
    nextDelta: { buffer: 'deltas', at: nextDeltaAt, width: outputQuads, height: rows },
  };
}

/**
 * The sums delta'·Wᵀ of the tile at `row` and `quad0`, `quad1` …
 * @param inside keeps the index of a row among the rows there are
 * @param textures what is read from textures, for a tile that does
 */
export function hiddenDeltaTile(
  layer: HiddenDeltaLayer,
  tile: Tile,
  broadcast: number,
  inside: (row: string) => string,
  textures?: HiddenDeltaTextures,
): string {
  const outputQuads = quads(layer.outputs);
  const firsts = leftOperand(tile.rows, broadcast, (m, name) => {
    const row = inside(`row + ${m}`);
    return textures
      ? `  let ${name}Y = ${texelY(textures.nextDelta, row)};`
      : `  let ${name}At = ${layer.nextDeltaAt}u + (${row}) * ${outputQuads}u;`;
  });
  if (tile.isPlain) {
    const weight = (q: number, i: number) =>
      `parameters[${layer.parametersAt}u + (4u * quad${q} + ${i}u) * ${outputQuads}u + (k >> 2u)][k & 3u]`;
    return `${firsts.loads}
${declareSums(tile)}
${alongSum(
  'k',
  4 * outputQuads,
  1,
  `${unroll(tile.quads, (q) => `    let right${q} = vec4f(${[0, 1, 2, 3].map((i) => weight(q, i)).join(', ')});`)}
${addProducts(
  tile,
  1,
  (m) => `deltas[vector${m}At + (k >> 2u)][k & 3u]`,
  (_, q) => `right${q}`,
)}`,
)}`;
  }
  const turn = quadsOfTurn(outputQuads, tile);
  const parts = Array.from({ length: turn }, (_, part) => {
    const i = quadOfTurn(turn, part);
    return {
      // Both operands are as wide.
      x: textures ? `    let x${part} = ${texelX(textures.weights, i)};` : '',
      left: leftOperand(
        tile.rows,
        broadcast,
        (__, name, own) =>
          textures
            ? `    let ${name} = ${texel(textures.nextDelta, `x${part}`, `vector${own}Y`)};`
            : `    let ${name} = deltas[vector${own}At + ${i}];`,
        turn === 1 ? undefined : `part${part}_`,
      ),
      weight: (q: number, neuron: number) =>
        textures
          ? texel(textures.weights, `x${part}`, `weight${q}_${neuron}Y`)
          : `parameters[weightAt${q} + ${neuron * outputQuads}u + ${i}]`,
    };
  });
  const weightsAt = (q: number) =>
    textures
      ? unroll(4, (i) => {
          return `  let weight${q}_${i}Y = ${texelY(textures.weights, `4u * quad${q} + ${i}u`)};`;
        })
      : `  let weightAt${q} = ${layer.parametersAt}u + quad${q} * ${4 * outputQuads}u;`;
  return `${firsts.loads}
${unroll(tile.quads, weightsAt)}
${declareSums(tile)}
${alongSum(
  'i',
  outputQuads / turn,
  tile.shared?.slices ?? 1,
  `${parts.map(({ x, left }) => `${x}\n${left.loads}`).join('\n')}
${hiddenDeltaProducts(
  tile,
  4 * turn,
  (m, k) => parts[k >> 2]!.left.value(m, k & 3),
  (q, i, part) => parts[part]!.weight(q, i),
  isQuad(broadcast),
)}`,
)}`;
}

/**
 * Adds the products of some steps along the sums.
 * @param weight those of neuron `i` of quad `q` for four steps, `part` of all
 */
function hiddenDeltaProducts(
  tile: Tile,
  steps: number,
  left: (m: number, k: number) => string,
  weight: (q: number, i: number, part: number) => string,
  isByComponent = false,
): string {
  const name = (q: number, i: number, part: number) =>
    part === 0 ? `weight${q}_${i}` : `weight${q}_${i}_${part}`;
  const turned = (q: number, k: number) => {
    const ofNeurons = [0, 1, 2, 3].map((i) => `${name(q, i, k >> 2)}.${'xyzw'[k & 3]!}`);
    return `vec4f(${ofNeurons.join(', ')})`;
  };
  const loads = (part: number) =>
    unroll(tile.quads, (q) =>
      unroll(4, (i) => `    let ${name(q, i, part)} = ${weight(q, i, part)};`),
    );
  return `${unroll(steps / 4, loads)}
${unroll(steps, (k) => unroll(tile.quads, (q) => `    let right${k}_${q} = ${turned(q, k)};`))}
${addProducts(tile, steps, left, (k, q) => `right${k}_${q}`, isByComponent)}`;
}

/**
 * Left, [rows, four steps]: deltas as they are stored. Right, [4 neurons of a quad, four steps, quads]: so that
 * neighbouring invocations, whose quads are neighbours, read what lies side by side, which banks of memory give at
 * once. One place more a row spreads over the banks what neighbours store, who loaded what lay side by side in W.
 */
function stagedOperands(
  layer: HiddenDeltaLayer,
  t: Tiling,
): { readonly left: Operand; readonly right: Operand } {
  const inputQuads = quads(layer.inputs);
  const outputQuads = quads(layer.outputs);
  const fours = t.tile.shared!.depth / 4;
  const blockQuads = t.across * t.tile.quads;
  const isRagged = outputQuads % fours !== 0;
  const four = (e: string, stage: string) => `${stage} * ${fours}u + ${e} % ${fours}u`;
  return {
    left: {
      count: t.down * t.tile.rows * fours,
      begin: (name, e) => {
        const row = insideRow(t, `blockRow + ${e} / ${fours}u`);
        return `  let ${name}At = ${layer.nextDeltaAt}u + ${row} * ${outputQuads}u;`;
      },
      load: (name, e, stage) => {
        const value = `deltas[${name}At + ${four(e, stage)}]`;
        return isRagged ? `select(vec4f(), ${value}, ${four(e, stage)} < ${outputQuads}u)` : value;
      },
    },
    right: {
      count: 4 * blockQuads * fours,
      begin: (name, e) => {
        const neuron = `4u * blockQuad + ${e} / ${fours}u`;
        return `  let ${name}At = ${layer.parametersAt}u + min(${neuron}, ${4 * inputQuads - 1}u) * ${outputQuads}u;`;
      },
      load: (name, e, stage) => {
        const at = isRagged ? `min(${four(e, stage)}, ${outputQuads - 1}u)` : four(e, stage);
        return `parameters[${name}At + ${at}]`;
      },
      place: {
        count: 4 * fours * (blockQuads + 1),
        at: (e) => {
          const neuron = `${e} / ${fours}u`;
          const last = 4 * fours - 1;
          return `min(${neuron} % 4u * ${fours}u + ${e} % ${fours}u, ${last}u) * ${blockQuads + 1}u + ${e} / ${4 * fours}u`;
        },
      },
    },
  };
}

function stagedHiddenDelta(
  layer: HiddenDeltaLayer,
  t: Tiling,
  operands: { readonly left: Operand; readonly right: Operand },
): string {
  const { tile, across } = t;
  const fours = tile.shared!.depth / 4;
  const stride = across * tile.quads + 1;
  return stagedSums(
    t,
    tile,
    4 * quads(layer.outputs),
    operands,
    (four, left, right) => `${unroll(tile.rows, (m) => {
      return `    let value${m} = staged[${left}u + (laneY * ${tile.rows}u + ${m}u) * ${fours}u + ${four}];`;
    })}
${hiddenDeltaProducts(
  tile,
  4,
  (m, k) => `value${m}.${'xyzw'[k]!}`,
  (q, i) => `staged[${right}u + (${i * fours}u + ${four}) * ${stride}u + laneX + ${q * across}u]`,
)}`,
  );
}

/** The slope and the way to memory. @param inside WGSL for whether a sum's place is one to write */
export function writeHiddenDelta(layer: HiddenDeltaLayer, each: EachSum, inside: string): string {
  return each(
    `      if (${inside}) {
        let at = (row + m) * ${quads(layer.inputs)}u + quad;
        deltas[${layer.deltaAt}u + at] = sum * slope(activations[${layer.slopeAt}u + at]);
      }`,
  );
}
