import { activationFunction } from '../src/network/activations.ts';
import { activationCode, slopeName } from './activation.ts';
import { paddedRows } from './batch.ts';
import { buffer, type Kernel } from './kernel.ts';
import { stepBuffers, type Buffers, type Layer } from './layer.ts';
import { matmulKernel, type Tile } from './matmul/matmul.ts';
import type { Product } from './matmul/product.ts';
import { vec4s, wgsl } from './wgsl.ts';

/** A layer, and the layer before it, whose delta is computed. */
export interface BackwardLayers {
  readonly before: Pick<Layer, 'activation' | 'outputAt' | 'preactivationAt' | 'deltaAt'>;
  readonly layer: Pick<Layer, 'inputs' | 'outputs' | 'deltaAt' | 'parametersAt'>;
}

export interface HiddenDeltaOptions extends BackwardLayers {
  readonly batchSize: number;
  readonly tile: Tile;
}

/** delta = (delta'·Wᵀ) ⊙ f′. Twin: `src/reference/hiddenDelta.ts`. */
export function hiddenDelta({ batchSize, tile, ...layers }: HiddenDeltaOptions): Kernel {
  return matmulKernel([{ product: hiddenDeltaProduct(layers, batchSize), tile }], {
    label: `hidden delta ${layers.layer.inputs}←${layers.layer.outputs}`,
    bindings: [
      buffer('parameters', 'read'),
      buffer('activations', 'read'),
      buffer('deltas', 'read_write'),
    ],
    functions: activationCode({ sloped: [layers.before.activation] }),
    before: '',
  });
}

/**
 * The product delta'·Wᵀ. W is stored as [inputs, outputs] and transposed in registers. Padding stays 0, because the
 * padded rows of W are 0. The biases, the last row of `parameters`, are not used.
 */
export function hiddenDeltaProduct(
  { before, layer }: BackwardLayers,
  batchSize: number,
  name = '',
  { activations, activationsFrom, deltas, deltasFrom, parametersFrom }: Buffers = stepBuffers,
): Product {
  const { activation, outputAt, preactivationAt } = before;
  const slopeAt = activationFunction(activation).slopeFrom === 'z' ? preactivationAt : outputAt;
  const [inputs4, outputs4] = [vec4s(layer.inputs), vec4s(layer.outputs)];
  return {
    name,
    ...{ rows4: vec4s(batchSize), columns4: inputs4, k4: outputs4 },
    a: {
      ...{ name: `nextDelta${name}`, buffer: deltas, width4: outputs4 },
      ...{ at: `${deltasFrom}${layer.deltaAt}u`, height: paddedRows(batchSize) },
    },
    b: {
      ...{ name: `weights${name}`, buffer: 'parameters', width4: outputs4, height: 4 * inputs4 },
      at: `${parametersFrom}${layer.parametersAt}u`,
    },
    functions: wgsl /* wgsl */ `
fn rowsOfA${name}(row4: u32) -> vec4u { return fourFrom(row4); }
fn stepsOfA${name}(k4: u32) -> vec4u { return vec4u(k4); }
fn loadA${name}(rows: vec4u, steps: vec4u) -> mat4x4f { return nextDelta${name}(rows, steps.x); }
fn loadB${name}(k4: u32, column4: u32) -> mat4x4f { return transpose(weights${name}(fourFrom(column4), k4)); }

fn store${name}(row: u32, column4: u32, sum: vec4f) {
  let at = row * ${inputs4}u + column4;
  let slope = ${slopeName(activation)}(${activations}[${activationsFrom}${slopeAt}u + at]);
  ${deltas}[${deltasFrom}${before.deltaAt}u + at] = sum * slope;
}
`,
  };
}
