import { activationFunction, type Activation } from '../src/network/activations.ts';
import { activateName, activationCode } from './activation.ts';
import {
  bytesOf,
  counterBinding,
  sampleBindings,
  sampleOf,
  samplesOf,
  settingsBinding,
  settingsStruct,
  startStep,
} from './batch.ts';
import { workgroupKernel, type Kernel } from './kernel.ts';
import { declareMatmuls, matmul, type Tile } from './matmul/matmul.ts';
import type { Product, StoredMatrix } from './matmul/product.ts';
import { stepBuffers, type Buffers } from './buffers.ts';
import { f32, vec4s, wgsl } from './wgsl.ts';

/** One layer, and its offsets in the buffers, in vec4f. */
export interface ForwardLayer {
  readonly inputs: number;
  readonly outputs: number;
  /** `linear` for the last layer, whose pre-activations the output delta needs. */
  readonly activation: Activation;
  /**
   * Offset of the inputs a in `activations`; undefined for the first layer, whose inputs are the bytes of the dataset.
   */
  readonly inputAt: number | undefined;
  /** Offsets in `activations` of the outputs a', and of z for activations whose slope is computed from z. */
  readonly outputAt: number;
  readonly preactivationAt: number;
  /** Offset of the layer in `parameters`. */
  readonly parametersAt: number;
}

export interface ForwardOptions {
  readonly layer: ForwardLayer;
  readonly batchSize: number;
  /** Rows of the mini-batch buffers, a multiple of 4. */
  readonly rows: number;
  readonly tile: Tile;
}

/** Computes a' = f(a·W + b) for a mini-batch. Twin: `src/reference/forward.ts`. */
export function forward({ layer, batchSize, rows, tile }: ForwardOptions): Kernel {
  const isFirst = layer.inputAt === undefined;
  const made = matmul(forwardProduct(layer, rows), tile);
  return workgroupKernel({
    label: `forward ${layer.inputs}→${layer.outputs}`,
    bindings: [
      { name: 'parameters', access: 'read', type: 'array<vec4f>' },
      { name: 'activations', access: 'read_write', type: 'array<vec4f>' },
      ...(isFirst ? [...sampleBindings, counterBinding('read_write'), settingsBinding] : []),
      ...(made.bindings ?? []),
    ],
    workgroups: made.workgroups,
    workgroupSize: tile.workgroupSize,
    functions: [
      isFirst ? [settingsStruct, sampleOf(batchSize), samplesOf, bytesOf].join('\n') : '',
      activationCode({ activated: activatedBy(layer) }),
      declareMatmuls([made]),
      made.code,
    ].join('\n'),
    body: `${isFirst ? startStep : ''}
  matmul(workgroup, lane);`,
    copies: made.copies ?? [],
  });
}

/**
 * The product a·W. Weights are stored as [inputs, outputs], both padded with zeros to whole vec4f; the biases are in
 * the row after them.
 */
export function forwardProduct(
  layer: ForwardLayer,
  rows: number,
  name = '',
  buffers: Buffers = stepBuffers,
): Product {
  const { activations, activationsFrom, parametersFrom } = buffers;
  const { inputAt, outputAt, preactivationAt, parametersAt, activation } = layer;
  const [inputs4, outputs4] = [vec4s(layer.inputs), vec4s(layer.outputs)];
  const isFirst = inputAt === undefined;
  return {
    name,
    ...{ rows4: rows / 4, columns4: outputs4, k4: inputs4 },
    a: inputsMatrix(`inputs${name}`, layer, rows, buffers),
    b: {
      ...{ name: `weights${name}`, buffer: 'parameters', width4: outputs4, height: 4 * inputs4 },
      at: `${parametersFrom}${parametersAt}u`,
    },
    functions: wgsl /* wgsl */ `
#if ${isFirst}
fn rowsOfA${name}(row4: u32) -> vec4u { return samplesOf(row4); }
#else
fn rowsOfA${name}(row4: u32) -> vec4u { return fourFrom(row4); }
#endif
fn stepsOfA${name}(k4: u32) -> vec4u { return vec4u(k4); }
fn loadA${name}(rows: vec4u, steps: vec4u) -> mat4x4f { return inputs${name}(rows, steps.x); }
fn loadB${name}(k4: u32, column4: u32) -> mat4x4f { return weights${name}(fourFrom(k4), column4); }

fn store${name}(row: u32, column4: u32, sum: vec4f) {
  let bias = parameters[${parametersFrom}${parametersAt + 4 * inputs4 * outputs4}u + column4];
#if ${isFirst}
  let z = fma(sum, vec4f(${f32(1 / 255)}), bias);
#else
  let z = sum + bias;
#endif
  let at = ${activationsFrom}row * ${outputs4}u + column4;
#if ${activationFunction(activation).slopeFrom === 'z'}
  ${activations}[${preactivationAt}u + at] = z;
#endif
#if ${activation === 'linear'}
  let a = z;
#else
  let a = ${activateName(activation)}(z);
#endif
  let isReal = fourFrom(column4) < vec4u(${layer.outputs}u);
  ${activations}[${outputAt}u + at] = select(vec4f(), a, isReal);
}
`,
  };
}

/** The activation that a layer's `store` calls; empty if it calls none. */
export const activatedBy = ({ activation }: ForwardLayer): readonly Activation[] =>
  activation === 'linear' ? [] : [activation];

/** A layer's inputs, [rows, inputs]: the bytes of the samples, or the activations of the layer before. */
export function inputsMatrix(
  name: string,
  { inputs, inputAt }: Pick<ForwardLayer, 'inputs' | 'inputAt'>,
  rows: number,
  { activations, activationsFrom }: Buffers,
): StoredMatrix {
  const width4 = vec4s(inputs);
  return inputAt === undefined
    ? { name, buffer: 'samples', at: '0u', width4, height: 0, isBytes: true }
    : { name, buffer: activations, at: `${activationsFrom}${inputAt}u`, width4, height: rows };
}
