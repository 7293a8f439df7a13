/**
 * Runs forward through several layers, the output delta, and back to the first of them in one dispatch. This replaces
 * one dispatch per layer and direction, for layers so small that a dispatch costs more than their arithmetic. The
 * products, and so the twins, are those of `forward` and `hiddenDelta`.
 */
import { activationCode } from './activation.ts';
import {
  batchRows,
  bytesOf,
  counterBinding,
  sameStep,
  sampleOf,
  samplesOf,
  settingsBinding,
  settingsStruct,
  startStep,
} from './batch.ts';
import { costIterations } from './cost.ts';
import { activatedBy, forwardProduct, type ForwardLayer } from './forward.ts';
import { hiddenDeltaProduct, type HiddenDeltaLayer } from './hiddenDelta.ts';
import { workgroupKernel, type Kernel } from './kernel.ts';
import { declareWorkgroupVec4s } from './matmul/matmul.ts';
import { blockFunctions, declareProduct, type Product } from './matmul/product.ts';
import { simpleTile } from './matmul/simple.ts';
import { splitKWorkgroupVec4s, splitKTile } from './matmul/splitK.ts';
import {
  addMetric,
  outputDeltaBindings,
  outputDeltaOf,
  type OutputDeltaLayer,
} from './outputDelta.ts';
import { vec4s } from './wgsl.ts';

/** How samples are distributed. */
export interface FusedTile {
  /**
   * `simple`: an invocation processes four samples in all layers. `splitK`: a workgroup processes 4·`rows4` samples.
   */
  readonly loop: 'simple' | 'splitK';
  readonly rows4: number;
  readonly workgroupSize: number;
}

export interface FusedOptions {
  /** The last layers of the network, or all. The first layer of the network reads samples; see `ForwardLayer`. */
  readonly forward: readonly ForwardLayer[];
  readonly output: OutputDeltaLayer;
  /** Layers from the last hidden layer backwards. */
  readonly hiddenDelta: readonly HiddenDeltaLayer[];
  readonly batchSize: number;
  /** Rows of the mini-batch buffers, a multiple of 4. */
  readonly rows: number;
  readonly tile: FusedTile;
}

export function fused(options: FusedOptions): Kernel {
  const { forward, output, hiddenDelta, batchSize, rows, tile } = options;
  const isFirst = forward[0]!.inputAt === undefined;
  const there = forward.map((layer, l) => forwardProduct(layer, rows, `Forward${l}`));
  const back = hiddenDelta.map((layer, l) => hiddenDeltaProduct(layer, rows, `Back${l}`));
  const products = [...there, ...back];
  const sizes = [forward[0]!.inputs, ...forward.map(({ outputs }) => outputs)];
  const label = `forward and back ${sizes.join('→')}`;
  const bindings = [
    { name: 'parameters', access: 'read', type: 'array<vec4f>' },
    { name: 'activations', access: 'read_write', type: 'array<vec4f>' },
    { name: 'deltas', access: 'read_write', type: 'array<vec4f>' },
    ...outputDeltaBindings,
    ...(isFirst ? [{ name: 'samples', access: 'read', type: 'array<u32>' } as const] : []),
    { name: 'order', access: 'read', type: 'array<u32>' },
    counterBinding(isFirst ? 'read_write' : 'read'),
    settingsBinding,
  ] as const;
  const functions = [
    settingsStruct,
    batchRows(batchSize),
    sampleOf(batchSize),
    isFirst ? samplesOf + bytesOf : '',
    activationCode({
      activated: forward.flatMap(activatedBy),
      sloped: hiddenDelta.map(({ activation }) => activation),
      output: output.output,
    }),
    blockFunctions,
    addMetric,
    outputDeltaOf(output),
  ].join('\n');
  const { loop, workgroupSize, rows4 } = tile;
  const isAlone = loop === 'simple';
  const blocks = rows / 4;
  const phases = products.map((product) => (isAlone ? walk(product) : splitKPhase(product, tile)));
  const calls = phases.map(({ call }) => call);
  const steps = [
    ...calls.slice(0, there.length),
    isAlone
      ? '  for (var m = 0u; m < 4u; m++) { outputDeltaOf(4u * invocation + m); }'
      : `  for (var turn = 0u; turn < ${Math.ceil((4 * rows4) / workgroupSize)}u; turn++) {
    let own = turn * ${workgroupSize}u + lane;
    let row = ${4 * rows4}u * workgroup + own;
    if (own < ${4 * rows4}u && row < ${rows}u) { outputDeltaOf(row); }
  }`,
    ...calls.slice(there.length),
  ];
  return workgroupKernel({
    ...{ label, bindings, workgroupSize },
    workgroups: Math.ceil(blocks / (isAlone ? workgroupSize : rows4)),
    functions: [
      functions,
      declareWorkgroupVec4s(isAlone ? 0 : splitKWorkgroupVec4s(tile)),
      ...phases.map(({ code }) => code),
    ].join('\n'),
    body: `${isFirst ? startStep : sameStep}
${isAlone ? `  if (invocation >= ${blocks}u) { return; }\n` : ''}${steps.join(isAlone ? '\n' : barrier)}`,
  });
}

/** Computes the sums of one layer for the four samples of an invocation, a few columns at a time. */
function walk(product: Product) {
  const columns4 = walkColumns(product.columns4);
  return {
    code: `${declareProduct(product)}${simpleTile(product, { rows4: 1, columns4 })}`,
    call: `  for (var c = 0u; c < ${product.columns4 / columns4}u; c++) { tile${product.name}(invocation, c * ${columns4}u); }`,
  };
}

/** Makes writes of one invocation visible to the others. */
const barrier = '\n  storageBarrier();\n  workgroupBarrier();\n';

/**
 * Columns in vec4f per tile of an invocation. With more, the step of the preset tiny is no faster and compilation takes
 * half as long again.
 */
const walkColumns = (columns4: number) => (columns4 % 2 === 0 ? 2 : 1);

/** Maximum parts of a sum. With more, adding up the parts takes as long as computing them. */
const maxSplitK = 16;

/**
 * Computes the sums of one layer, [4·rows4, columns], with a workgroup. Each sum has as many parts as there are
 * invocations left.
 */
function splitKPhase(product: Product, { rows4, workgroupSize }: FusedTile) {
  const { name, columns4, k4 } = product;
  const blocks = rows4 * columns4;
  const splitK = powerOfTwoWithin(Math.min(maxSplitK, k4, workgroupSize / blocks));
  // Arrange the blocks in rows first, then side by side, as far as the workgroup has invocations.
  const across = Math.min(powerOfTwoAbove(columns4), workgroupSize / (rows4 * splitK));
  const code = `${declareProduct(product)}${splitKTile(product, { splitK, across, workgroupSize }, rows4)}`;
  const turns = Math.ceil(columns4 / across);
  const call = `  for (var turn = 0u; turn < ${turns}u; turn++) { tile${name}(${rows4}u * workgroup, turn * ${across}u, lane); }`;
  return { code, call };
}

function powerOfTwoWithin(count: number): number {
  return count < 1 ? 1 : 2 ** Math.floor(Math.log2(count));
}

function powerOfTwoAbove(count: number): number {
  return 2 ** Math.ceil(Math.log2(count));
}

/**
 * Maximum loop iterations of one invocation of {@link fused}. llvmpipe ends all loops of an invocation after about
 * 65,000 iterations in a dispatch.
 * @param layers layer sizes of the network, input first
 */
export function fusedIterations(
  layers: readonly number[],
  { from, loop, rows4, workgroupSize }: FusedTile & { readonly from: number },
): number {
  const turns = (count: number) => (loop === 'simple' ? count : Math.ceil(count / workgroupSize));
  let iterations = turns(4 * rows4) * (1 + costIterations(layers.at(-1)!));
  for (let l = from; l < layers.length - 1; l++) {
    const [inputs4, outputs4] = [vec4s(layers[l]!), vec4s(layers[l + 1]!)];
    // Each turn is one tile: its sums, and the loop that stores them.
    const walk = (columns4: number, k4: number) => {
      const width = loop === 'simple' ? walkColumns(columns4) : 1;
      return turns((rows4 * columns4) / width) * (32 + 5 * width + k4);
    };
    iterations += walk(outputs4, inputs4);
    if (l > 0) iterations += walk(inputs4, outputs4);
  }
  return iterations;
}
