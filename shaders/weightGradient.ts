import { paddedRows } from './batch.ts';
import { inputsMatrix } from './forward.ts';
import { stepBuffers, type Buffers, type Layer } from './layer.ts';
import type { Product } from './matmul/product.ts';
import { f32, vec4s, wgsl } from './wgsl.ts';

export type GradientLayer = Pick<
  Layer,
  'inputs' | 'outputs' | 'inputAt' | 'deltaAt' | 'parametersAt'
>;

/**
 * The product aᵀ·delta / B, summed over the mini-batch. Each result goes directly to the optimizer, so the gradient is
 * never written to memory. Twins: `src/reference/weightGradient.ts` and `update.ts`.
 *
 * The biases are the weights of an input that is always 1, in the row after the others. Rows past the end of a short
 * mini-batch have delta 0, so the sum always runs over all rows, a constant number.
 */
export function weightGradientProduct(
  layer: GradientLayer,
  batchSize: number,
  name = '',
  buffers: Buffers = stepBuffers,
): Product {
  const { deltas, deltasFrom, parametersFrom } = buffers;
  const { inputAt, deltaAt, parametersAt } = layer;
  const [inputs4, outputs4] = [vec4s(layer.inputs), vec4s(layer.outputs)];
  const isFirst = inputAt === undefined;
  return {
    name,
    ...{ rows4: inputs4 + 1, columns4: outputs4, k4: vec4s(batchSize) },
    a: inputsMatrix(`inputs${name}`, layer, batchSize, buffers),
    b: {
      ...{ name: `delta${name}`, buffer: deltas, width4: outputs4 },
      ...{ at: `${deltasFrom}${deltaAt}u`, height: paddedRows(batchSize) },
    },
    functions: wgsl /* wgsl */ `
fn rowsOfA${name}(row4: u32) -> vec4u { return vec4u(row4); }
#if ${isFirst}
fn stepsOfA${name}(k4: u32) -> vec4u { return samplesOf(k4); }
#else
fn stepsOfA${name}(k4: u32) -> vec4u { return fourFrom(k4); }
#endif
fn loadA${name}(rows: vec4u, steps: vec4u) -> mat4x4f {
  if (rows.x == ${inputs4}u) { return mat4x4f(vec4f(1.0), vec4f(), vec4f(), vec4f()); }
  return transpose(inputs${name}(steps, rows.x));
}
fn loadB${name}(k4: u32, column4: u32) -> mat4x4f { return delta${name}(fourFrom(k4), column4); }

fn store${name}(row: u32, column4: u32, sum: vec4f) {
  if (row > ${4 * inputs4}u) { return; }
#if ${isFirst}
  let scale = select(${f32(1 / 255)}, 1.0, row == ${4 * inputs4}u) / f32(batchRows());
#else
  let scale = 1.0 / f32(batchRows());
#endif
  let at = ${parametersFrom}${parametersAt}u + row * ${outputs4}u + column4;
  finite = applyGradient(at, sum * scale, rate) && finite;
}
`,
  };
}
