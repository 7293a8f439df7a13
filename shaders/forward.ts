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
 * with zeros to whole quads, and the biases stand in the row behind them. Nothing is staged in workgroup memory: that
 * costs more than it saves on software adapters, and registers reuse each loaded value as often.
 */
export function forward(options: ForwardOptions): Kernel {
  const { layer, batchSize, rows, tile, lanes } = options;
  const { inputs, outputs } = layer;
  const fromSamples = layer.inputAt === undefined;
  const bindings: Binding[] = [
    { name: 'parameters', access: 'read', type: 'array<vec4f>' },
    { name: 'activations', access: 'read_write', type: 'array<vec4f>' },
    ...(fromSamples ? [...sampleBindings, counterBinding('read_write'), settingsBinding] : []),
  ];
  const t = tiling(rows, quads(outputs), tile, lanes);
  const functions = wgsl /* wgsl */ `${activate(layer.activation)}
#if ${fromSamples}
${settingsStruct}
${sampleOf(batchSize)}
${bytesOf}
#endif
`;
  const body = `${fromSamples ? startStep : ''}
${placeTile(t, 'workgroup')}
${forwardTile(layer, tile, lanes.broadcast, (row) => insideRow(t, row))}
${writeForward(layer, tile, t.across, isInside(t, 'm'))}`;
  return workgroupKernel(
    `forward ${inputs}→${outputs}`,
    bindings,
    t.workgroups,
    lanes,
    functions,
    body,
  );
}

/**
 * The sums a·W of the tile at `row` and `quad0`, `quad1` …
 * @param inside keeps the index of a row among the rows there are
 */
export function forwardTile(
  layer: ForwardLayer,
  tile: Tile,
  broadcast: number,
  inside: (row: string) => string,
): string {
  const inputQuads = quads(layer.inputs);
  const outputQuads = quads(layer.outputs);
  const { inputAt } = layer;
  const firsts = leftOperand(tile.rows, broadcast, (m, name) => {
    const row = inside(`row + ${m}`);
    return inputAt === undefined
      ? `  let ${name}At = sampleOf(${row}, step) * ${inputQuads}u;`
      : `  let ${name}At = ${inputAt}u + (${row}) * ${inputQuads}u;`;
  });
  const left = leftOperand(tile.rows, broadcast, (_, name) =>
    inputAt === undefined
      ? `    let ${name} = bytesOf(samples[${name}At + i]);`
      : `    let ${name} = activations[${name}At + i];`,
  );
  return `${firsts.loads}
${declareSums(tile)}
  for (var i = 0u; i < ${inputQuads}u; i++) {
${left.loads}
    let weightAt = ${layer.parametersAt}u + i * ${4 * outputQuads}u;
${unroll(
  4,
  (k) => `${unroll(
    tile.quads,
    (q) => `    let right${k}_${q} = parameters[weightAt + quad${q} + ${k * outputQuads}u];`,
  )}
${unroll(tile.rows, (m) => addProducts(tile, m, left.value(m, k), (q) => `right${k}_${q}`))}`,
)}
  }`;
}

/** Bias, activation and the way to memory. @param inside WGSL for whether a sum's place is one to write */
export function writeForward(
  layer: ForwardLayer,
  tile: Tile,
  across: number,
  inside: string,
): string {
  const { inputs, outputs, activation, outputAt, preactivationAt, parametersAt } = layer;
  const outputQuads = quads(outputs);
  const biasAt = parametersAt + 4 * quads(inputs) * outputQuads;
  const activated = activation === 'linear' ? 'z' : 'activate(z)';
  return withEachSum(
    tile,
    across,
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
