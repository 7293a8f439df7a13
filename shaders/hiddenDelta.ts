import type { Activation } from '../src/network/activations.ts';
import { activationCode, slopeName } from './activation.ts';
import { stepBuffers, type Buffers } from './buffers.ts';
import { workgroupKernel, type Kernel } from './kernel.ts';
import { declareMatmuls, matmul, type Tile } from './matmul/matmul.ts';
import type { Product } from './matmul/product.ts';
import { vec4s, wgsl } from './wgsl.ts';

/** One backward step between layers, with offsets in the buffers in vec4f. */
export interface HiddenDeltaLayer {
  /** Size of the layer whose delta is computed, and of the layer after it. */
  readonly inputs: number;
  readonly outputs: number;
  /** Activation of the layer whose delta is computed. */
  readonly activation: Activation;
  /** Offsets in `deltas`: the delta of the next layer, and the delta to compute. */
  readonly nextDeltaAt: number;
  readonly deltaAt: number;
  /** Offset in `activations` of the input of the slope: a or z, as `slopeFrom` of the activation says. */
  readonly slopeAt: number;
  /** Offset of the next layer in `parameters`. */
  readonly parametersAt: number;
}

export interface HiddenDeltaOptions {
  readonly layer: HiddenDeltaLayer;
  /** Rows of the mini-batch buffers, a multiple of 4. */
  readonly rows: number;
  readonly tile: Tile;
}

/** delta = (delta'·Wᵀ) ⊙ f′. Twin: `src/reference/hiddenDelta.ts`. */
export function hiddenDelta({ layer, rows, tile }: HiddenDeltaOptions): Kernel {
  const made = matmul(hiddenDeltaProduct(layer, rows), tile);
  return workgroupKernel({
    label: `hidden delta ${layer.inputs}←${layer.outputs}`,
    bindings: [
      { name: 'parameters', access: 'read', type: 'array<vec4f>' },
      { name: 'activations', access: 'read', type: 'array<vec4f>' },
      { name: 'deltas', access: 'read_write', type: 'array<vec4f>' },
      ...(made.bindings ?? []),
    ],
    workgroups: made.workgroups,
    workgroupSize: tile.workgroupSize,
    functions: [
      activationCode({ sloped: [layer.activation] }),
      declareMatmuls([made]),
      made.code,
    ].join('\n'),
    body: '  matmul(workgroup, lane);',
    copies: made.copies ?? [],
  });
}

/**
 * The product delta'·Wᵀ. W is stored as [inputs, outputs] and transposed in registers. Padding stays 0, because the
 * padded rows of W are 0. The biases, the last row of `parameters`, are not used.
 */
export function hiddenDeltaProduct(
  layer: HiddenDeltaLayer,
  rows: number,
  name = '',
  { activations, activationsFrom, deltas, deltasFrom, parametersFrom }: Buffers = stepBuffers,
): Product {
  const { activation, nextDeltaAt, deltaAt, slopeAt, parametersAt } = layer;
  const [inputs4, outputs4] = [vec4s(layer.inputs), vec4s(layer.outputs)];
  return {
    name,
    ...{ rows4: rows / 4, columns4: inputs4, k4: outputs4 },
    a: {
      ...{ name: `nextDelta${name}`, buffer: deltas, width4: outputs4, height: rows },
      at: `${deltasFrom}${nextDeltaAt}u`,
    },
    b: {
      ...{ name: `weights${name}`, buffer: 'parameters', width4: outputs4, height: 4 * inputs4 },
      at: `${parametersFrom}${parametersAt}u`,
    },
    functions: wgsl /* wgsl */ `
fn rowsOfA${name}(row4: u32) -> vec4u { return fourFrom(row4); }
fn stepsOfA${name}(k4: u32) -> vec4u { return vec4u(k4); }
fn loadA${name}(rows: vec4u, steps: vec4u) -> mat4x4f { return nextDelta${name}(rows, steps.x); }
fn loadB${name}(k4: u32, column4: u32) -> mat4x4f { return transpose(weights${name}(fourFrom(column4), k4)); }

fn store${name}(row: u32, column4: u32, sum: vec4f) {
  let at = row * ${inputs4}u + column4;
  let slope = ${slopeName(activation)}(${activations}[${activationsFrom}${slopeAt}u + at]);
  ${deltas}[${deltasFrom}${deltaAt}u + at] = sum * slope;
}
`,
  };
}
