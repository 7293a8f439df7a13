import { activationFunction, type Activation } from '../src/network/activations.ts';
import { activateName, activationCode } from './activation.ts';
import { batchBindings, batchCode, paddedRows, samplesBinding, startStep } from './batch.ts';
import { buffer, type Kernel } from './kernel.ts';
import { stepBuffers, type Buffers, type Layer } from './layer.ts';
import { matmulKernel, type Tile } from './matmul/matmul.ts';
import type { Product, StoredMatrix } from './matmul/product.ts';
import { f32, vec4s, wgsl } from './wgsl.ts';

export interface ForwardOptions {
  readonly layer: Omit<Layer, 'deltaAt'>;
  readonly batchSize: number;
  readonly tile: Tile;
}

/** Computes a' = f(a·W + b) for a mini-batch. Twin: `src/reference/forward.ts`. */
export function forward({ layer, batchSize, tile }: ForwardOptions): Kernel {
  const isFirst = layer.inputAt === undefined;
  return matmulKernel([{ product: forwardProduct(layer, batchSize), tile }], {
    label: `forward ${layer.inputs}→${layer.outputs}`,
    bindings: [
      buffer('parameters', 'read'),
      buffer('activations', 'read_write'),
      ...(isFirst ? [samplesBinding, ...batchBindings('read_write')] : []),
    ],
    functions:
      (isFirst ? batchCode(batchSize) : '') + activationCode({ activated: activatedBy(layer) }),
    before: isFirst ? startStep : '',
  });
}

/**
 * The product a·W. Weights are stored as [inputs, outputs], both padded with zeros to whole vec4f; the biases are in
 * the row after them.
 */
export function forwardProduct(
  layer: ForwardOptions['layer'],
  batchSize: number,
  name = '',
  buffers: Buffers = stepBuffers,
): Product {
  const { activations, activationsFrom, parametersFrom } = buffers;
  const { inputAt, outputAt, preactivationAt, parametersAt, activation } = layer;
  const [inputs4, outputs4] = [vec4s(layer.inputs), vec4s(layer.outputs)];
  const isFirst = inputAt === undefined;
  return {
    name,
    ...{ rows4: vec4s(batchSize), columns4: outputs4, k4: inputs4 },
    a: inputsMatrix(`inputs${name}`, layer, batchSize, buffers),
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
export const activatedBy = ({ activation }: Pick<Layer, 'activation'>): readonly Activation[] =>
  activation === 'linear' ? [] : [activation];

/** A layer's inputs, [rows, inputs]: the bytes of the samples, or the activations of the layer before. */
export function inputsMatrix(
  name: string,
  { inputs, inputAt }: Pick<Layer, 'inputs' | 'inputAt'>,
  batchSize: number,
  { activations, activationsFrom }: Buffers,
): StoredMatrix {
  const width4 = vec4s(inputs);
  if (inputAt === undefined) {
    return { name, buffer: 'samples', at: '0u', width4, height: 0, isBytes: true };
  }
  const [at, height] = [`${activationsFrom}${inputAt}u`, paddedRows(batchSize)];
  return { name, buffer: activations, at, width4, height };
}
