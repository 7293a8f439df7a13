import { slopeSource, type Activation } from '../src/network/functions.ts';
import { activate } from './activation.ts';
import {
  bytesOf,
  counterBinding,
  sampleBindings,
  sampleOf,
  settingsBinding,
  settingsStruct,
  startStep,
} from './batch.ts';
import { workgroupKernel, type Binding, type Kernel } from './kernel.ts';
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
  insideQuad,
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
import { f32, quads, unroll, wgsl } from './wgsl.ts';

/** One layer, and where in the buffers it is, in quads. */
export interface ForwardLayer {
  readonly inputs: number;
  readonly outputs: number;
  /** `linear` for the last layer, whose pre-activations the output delta needs. */
  readonly activation: Activation;
  /** Where in `activations` a begins; undefined for the first layer, whose inputs are the dataset's bytes. */
  readonly inputAt: number | undefined;
  /** Where in `activations` a' begins and, for activations whose slope is made from it, z. */
  readonly outputAt: number;
  readonly preactivationAt: number;
  /** Where in `parameters` the layer begins. */
  readonly parametersAt: number;
}

export interface ForwardOptions {
  readonly layer: ForwardLayer;
  readonly batchSize: number;
  /** Rows of the mini-batch buffers, a multiple of `tile.rows`, at least `batchSize`. */
  readonly rows: number;
  readonly tile: Tile;
  readonly lanes: Lanes;
}

/**
 * Batched matmul forward, fused with bias and activation: a' = f(a·W + b). Twin: `src/reference/forward.ts`.
 *
 * Weights are stored [inputs, outputs], so that neighbouring outputs are neighbours in memory, both sides padded
 * with zeros to whole quads, and the biases stand in the row behind them. Operands are staged in workgroup memory
 * where the tile says so: that costs more than it saves on software adapters, whose only memory is the CPU's.
 */
export function forward(options: ForwardOptions): Kernel {
  const { layer, batchSize, rows, tile, lanes } = options;
  const { inputs, outputs } = layer;
  const fromSamples = layer.inputAt === undefined;
  const textures = tile.fromTextures ? texturesOf(layer, rows) : undefined;
  const matrices = textures
    ? [textures.weights, ...(textures.inputs ? [textures.inputs] : [])]
    : [];
  const bindings: Binding[] = [
    { name: 'parameters', access: 'read', type: 'array<vec4f>' },
    { name: 'activations', access: 'read_write', type: 'array<vec4f>' },
    ...(fromSamples ? [...sampleBindings, counterBinding('read_write'), settingsBinding] : []),
    ...textureBindings(matrices),
  ];
  const t = tiling(rows, quads(outputs), tile, lanes);
  const operands = tile.shared?.depth ? stagedOperands(layer, t) : undefined;
  const functions = wgsl /* wgsl */ `${activate(layer.activation)}${declareStaged(stagedLength(t, tile, operands))}
#if ${fromSamples}
${settingsStruct}
${sampleOf(batchSize)}
${bytesOf}
#endif
`;
  const body = `${fromSamples ? startStep : ''}
${placeTile(t, 'workgroup')}
${
  operands
    ? stagedForward(layer, t, operands)
    : forwardTile(layer, tile, t.lanes.broadcast, (row) => insideRow(t, row), textures)
}
${writeForward(layer, eachSum(t), isInside(t, 'm'))}`;
  const made = workgroupKernel(
    `forward ${inputs}→${outputs}`,
    bindings,
    t.workgroups,
    t.lanes,
    functions,
    body,
  );
  return reading(matrices, made, lanes.workgroupSize);
}

/** The operands of a layer's forward; no `inputs` for the first layer, whose inputs are bytes. */
interface ForwardTextures {
  readonly weights: TexturedMatrix;
  readonly inputs?: TexturedMatrix;
}

function texturesOf(layer: ForwardLayer, rows: number): ForwardTextures {
  const { inputs, outputs, inputAt, parametersAt } = layer;
  const inputQuads = quads(inputs);
  return {
    weights: {
      buffer: 'parameters',
      at: parametersAt,
      width: quads(outputs),
      height: 4 * inputQuads,
    },
    ...(inputAt !== undefined && {
      inputs: { buffer: 'activations', at: inputAt, width: inputQuads, height: rows },
    }),
  };
}

/**
 * The sums a·W of the tile at `row` and `quad0`, `quad1` …
 * @param inside keeps the index of a row among the rows there are
 * @param textures what is read from textures, for a tile that does
 */
export function forwardTile(
  layer: ForwardLayer,
  tile: Tile,
  broadcast: number,
  inside: (row: string) => string,
  textures?: ForwardTextures,
): string {
  const inputQuads = quads(layer.inputs);
  const outputQuads = quads(layer.outputs);
  const { inputAt } = layer;
  const firsts = leftOperand(tile.rows, broadcast, (m, name) => {
    const row = inside(`row + ${m}`);
    if (inputAt === undefined) return `  let ${name}At = sampleOf(${row}, step) * ${inputQuads}u;`;
    return textures?.inputs
      ? `  let ${name}Y = ${texelY(textures.inputs, row)};`
      : `  let ${name}At = ${inputAt}u + (${row}) * ${inputQuads}u;`;
  });
  if (tile.isPlain && inputAt !== undefined) {
    return `${firsts.loads}
${declareSums(tile)}
${alongSum(
  'k',
  4 * inputQuads,
  1,
  `${unroll(tile.quads, (q) => `    let right${q} = parameters[${layer.parametersAt}u + k * ${outputQuads}u + quad${q}];`)}
${addProducts(
  tile,
  1,
  (m) => `activations[vector${m}At + (k >> 2u)][k & 3u]`,
  (_, q) => `right${q}`,
)}`,
)}`;
  }
  const { weights, inputs } = textures ?? {};
  const turn = quadsOfTurn(inputQuads, tile);
  const parts = Array.from({ length: turn }, (_, part) => {
    const i = quadOfTurn(turn, part);
    const inputOf = (vector: string) => {
      if (inputs) return texel(inputs, `x${part}`, `${vector}Y`);
      return inputAt === undefined
        ? `bytesOf(samples[${vector}At + ${i}])`
        : `activations[${vector}At + ${i}]`;
    };
    return {
      x: inputs ? `    let x${part} = ${texelX(inputs, i)};` : '',
      left: leftOperand(
        tile.rows,
        broadcast,
        (__, name, own) => `    let ${name} = ${inputOf(`vector${own}`)};`,
        turn === 1 ? undefined : `part${part}_`,
      ),
    };
  });
  return `${firsts.loads}
${weights ? unroll(tile.quads, (q) => `  let weight${q}X = ${texelX(weights, `quad${q}`)};`) : ''}
${declareSums(tile)}
${alongSum(
  'i',
  inputQuads / turn,
  tile.shared?.slices ?? 1,
  `${parts.map(({ x, left }) => `${x}\n${left.loads}`).join('\n')}
${
  weights
    ? unroll(4 * turn, (k) => `    let y${k} = ${texelY(weights, `${4 * turn}u * i + ${k}u`)};`)
    : `    let weightAt = ${layer.parametersAt}u + i * ${4 * outputQuads}u;`
}
${forwardProducts(
  tile,
  4 * turn,
  (m, k) => parts[k >> 2]!.left.value(m, k & 3),
  (q, k) =>
    weights
      ? texel(weights, `weight${q}X`, `y${k}`)
      : `parameters[weightAt + quad${q} + ${k * outputQuads}u]`,
  isQuad(broadcast),
)}`,
)}`;
}

/** Adds the products of some steps along the sums. */
function forwardProducts(
  tile: Tile,
  steps: number,
  left: (m: number, k: number) => string,
  right: (q: number, k: number) => string,
  isByComponent = false,
): string {
  return `${unroll(steps, (k) => unroll(tile.quads, (q) => `    let right${k}_${q} = ${right(q, k)};`))}
${addProducts(tile, steps, left, (k, q) => `right${k}_${q}`, isByComponent)}`;
}

/** Left, [rows, four steps]: inputs as they are stored. Right, [steps, quads]: weights as they are stored. */
function stagedOperands(
  layer: ForwardLayer,
  t: Tiling,
): { readonly left: Operand; readonly right: Operand } {
  const { inputAt, parametersAt } = layer;
  const inputQuads = quads(layer.inputs);
  const outputQuads = quads(layer.outputs);
  const depth = t.tile.shared!.depth;
  const fours = depth / 4;
  const blockQuads = t.across * t.tile.quads;
  const isRagged = inputQuads % fours !== 0;
  return {
    left: {
      count: t.down * t.tile.rows * fours,
      begin: (name, e) => {
        const row = insideRow(t, `blockRow + ${e} / ${fours}u`);
        const first =
          inputAt === undefined
            ? `sampleOf(${row}, step) * ${inputQuads}u`
            : `${inputAt}u + ${row} * ${inputQuads}u`;
        return `  let ${name}At = ${first} + ${e} % ${fours}u;`;
      },
      load: (name, e, stage) => {
        const at = `${name}At + ${stage} * ${fours}u`;
        const value = inputAt === undefined ? `bytesOf(samples[${at}])` : `activations[${at}]`;
        return isRagged
          ? `select(vec4f(), ${value}, ${stage} * ${fours}u + ${e} % ${fours}u < ${inputQuads}u)`
          : value;
      },
    },
    right: {
      count: depth * blockQuads,
      begin: (name, e) =>
        `  let ${name}At = ${parametersAt}u + ${insideQuad(t, `blockQuad + ${e} % ${blockQuads}u`)};`,
      load: (name, e, stage) => {
        const step = `${stage} * ${depth}u + ${e} / ${blockQuads}u`;
        const inside = isRagged ? `min(${step}, ${4 * inputQuads - 1}u)` : `(${step})`;
        return `parameters[${name}At + ${inside} * ${outputQuads}u]`;
      },
    },
  };
}

function stagedForward(
  layer: ForwardLayer,
  t: Tiling,
  operands: { readonly left: Operand; readonly right: Operand },
): string {
  const { tile, across } = t;
  const fours = tile.shared!.depth / 4;
  const blockQuads = across * tile.quads;
  return stagedSums(
    t,
    tile,
    4 * quads(layer.inputs),
    operands,
    (four, left, right) => `${unroll(tile.rows, (m) => {
      return `    let value${m} = staged[${left}u + (laneY * ${tile.rows}u + ${m}u) * ${fours}u + ${four}];`;
    })}
${forwardProducts(
  tile,
  4,
  (m, k) => `value${m}.${'xyzw'[k]!}`,
  (q, k) => `staged[${right}u + (${four} * 4u + ${k}u) * ${blockQuads}u + laneX + ${q * across}u]`,
)}`,
  );
}

/** Bias, activation and the way to memory. @param inside WGSL for whether a sum's place is one to write */
export function writeForward(layer: ForwardLayer, each: EachSum, inside: string): string {
  const { inputs, outputs, activation, outputAt, preactivationAt, parametersAt } = layer;
  const outputQuads = quads(outputs);
  const biasAt = parametersAt + 4 * quads(inputs) * outputQuads;
  const activated = activation === 'linear' ? 'z' : 'activate(z)';
  return each(
    wgsl /* wgsl */ `      if (${inside}) {
        let bias = parameters[${biasAt}u + quad];
        let at = (row + m) * ${outputQuads}u + quad;
#if ${layer.inputAt === undefined}
        let z = fma(sum, vec4f(${f32(1 / 255)}), bias);
#else
        let z = sum + bias;
#endif
#if ${slopeSource(activation) === 'z'}
        activations[${preactivationAt}u + at] = z;
#endif
#if ${outputs % 4 !== 0}
        let isReal = (vec4u(4u * quad) + vec4u(0u, 1u, 2u, 3u)) < vec4u(${outputs}u);
        activations[${outputAt}u + at] = select(vec4f(), ${activated}, isReal);
#else
        activations[${outputAt}u + at] = ${activated};
#endif
      }`,
  );
}
