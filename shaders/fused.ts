/**
 * Runs forward through several layers, the output delta, and back to the first of them in one dispatch. This replaces
 * one dispatch per layer and direction, for layers so small that a dispatch costs more than their arithmetic. The
 * products, and so the twins, are those of `forward` and `hiddenDelta`.
 */
import { activationCode } from './activation.ts';
import {
  batchBindings,
  batchCode,
  paddedRows,
  sameStep,
  samplesBinding,
  startStep,
} from './batch.ts';
import { activatedBy, forwardProduct } from './forward.ts';
import { hiddenDeltaProduct } from './hiddenDelta.ts';
import { buffer, kernel, type Kernel } from './kernel.ts';
import type { Layer, OutputFunctions } from './layer.ts';
import { declareWorkgroupVec4s } from './matmul/matmul.ts';
import { blockFunctions, declareProduct, type Product } from './matmul/product.ts';
import { simpleTile } from './matmul/simple.ts';
import { splitKWorkgroupVec4s, splitKTile } from './matmul/splitK.ts';
import { addMetric, outputDeltaBindings, outputDeltaOf } from './outputDelta.ts';
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

export interface FusedOptions extends OutputFunctions {
  /** All layers of the network. */
  readonly layers: readonly Layer[];
  /** The first layer to fuse. */
  readonly from: number;
  readonly batchSize: number;
  readonly tile: FusedTile;
}

export function fused({ layers, from, batchSize, tile, ...functions }: FusedOptions): Kernel {
  const isFirst = from === 0;
  const rows = paddedRows(batchSize);
  const forward = layers.slice(from);
  const there = forward.map((layer, l) => forwardProduct(layer, batchSize, `Forward${l}`));
  // From the last hidden layer back to the one before the first fused layer.
  const hidden = layers.slice(Math.max(0, from - 1), -1).toReversed();
  const back = hidden.map((before, l) => {
    const pair = { before, layer: layers[layers.length - 1 - l]! };
    return hiddenDeltaProduct(pair, batchSize, `Back${l}`);
  });
  const { loop, workgroupSize, rows4 } = tile;
  const isAlone = loop === 'simple';
  const blocks = vec4s(batchSize);
  const phases = [...there, ...back].map((product) =>
    isAlone ? walk(product) : splitKPhase(product, tile),
  );
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
  const sizes = [forward[0]!.inputs, ...forward.map(({ outputs }) => outputs)];
  return kernel({
    label: `forward and back ${sizes.join('→')}`,
    bindings: [
      buffer('parameters', 'read'),
      buffer('activations', 'read_write'),
      buffer('deltas', 'read_write'),
      ...outputDeltaBindings,
      ...(isFirst ? [samplesBinding] : []),
      ...batchBindings(isFirst ? 'read_write' : 'read'),
    ],
    invocations: isAlone ? blocks : Math.ceil(blocks / rows4) * workgroupSize,
    workgroupSize,
    functions: [
      batchCode(batchSize),
      activationCode({
        activated: forward.flatMap(activatedBy),
        sloped: hidden.map(({ activation }) => activation),
        output: functions.output,
      }),
      blockFunctions,
      addMetric,
      outputDeltaOf({ layer: layers.at(-1)!, ...functions }),
      declareWorkgroupVec4s(isAlone ? 0 : splitKWorkgroupVec4s(tile)),
      ...phases.map(({ code }) => code),
    ].join('\n'),
    body: `${isFirst ? startStep : sameStep}
${steps.join(isAlone ? '\n' : barrier)}`,
  });
}

/**
 * Computes the sums of one layer for the four samples of an invocation, one column of blocks at a time. With two columns
 * at a time, the step of the preset tiny is no faster on SwiftShader, and compilation takes half as long again.
 */
function walk(product: Product) {
  return {
    code: `${declareProduct(product)}${simpleTile(product, { rows4: 1, columns4: 1 })}`,
    call: `  for (var c = 0u; c < ${product.columns4}u; c++) { tile${product.name}(invocation, c); }`,
  };
}

/** Makes writes of one invocation visible to the others. */
const barrier = '\n  storageBarrier();\n  workgroupBarrier();\n';

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
  const across = Math.min(2 ** Math.ceil(Math.log2(columns4)), workgroupSize / (rows4 * splitK));
  const code = `${declareProduct(product)}${splitKTile(product, { splitK, across, workgroupSize }, rows4)}`;
  const turns = Math.ceil(columns4 / across);
  const call = `  for (var turn = 0u; turn < ${turns}u; turn++) { tile${name}(${rows4}u * workgroup, turn * ${across}u, lane); }`;
  return { code, call };
}

function powerOfTwoWithin(count: number): number {
  return count < 1 ? 1 : 2 ** Math.floor(Math.log2(count));
}
