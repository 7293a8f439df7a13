/**
 * WGSL for the output activation, cost and delta of one sample, shared by training (`outputDelta`) and evaluation
 * (`score`). It processes one vec4f of outputs at a time; the pre-activations z of the row start at `base` of
 * `activations`.
 */
import type { OutputFunctions } from './layer.ts';
import { vec4s, wgsl } from './wgsl.ts';

export interface CostOptions extends OutputFunctions {
  readonly outputs: number;
  /** Buffer with the pre-activations. Default: `activations`. */
  readonly buffer?: string;
}

/**
 * Functions that read `activations`, a bound `array<vec4f>`. `q` is the index of a vec4f of outputs, and `a` the result
 * of `outputVec4` for it:
 *
 * - `prepare(base, label) -> Row`: values of the whole row that later calls need. Softmax first subtracts the largest
 *   z; one exponential is then 1, and none overflows. NaN propagates to the sum, and with it to the whole row
 * - `outputVec4(row, base, q) -> vec4f`: the outputs a of the network, 0 in the padding
 * - `costVec4(row, base, q, a, label) -> f32`: the share of the vec4f in the cost
 * - `deltaVec4(row, q, a, label) -> vec4f`: ∂C/∂z, 0 in the padding
 * - `predictionOf(base) -> u32`: the index of the first largest output
 */
export function costFunctions({
  outputs,
  output,
  cost,
  buffer = 'activations',
}: CostOptions): string {
  const count = vec4s(outputs);
  const softmax = output === 'softmax';
  const squared = cost === 'squared-error';
  return wgsl /* wgsl */ `
fn indices(q: u32) -> vec4u { return vec4u(4u * q) + vec4u(0u, 1u, 2u, 3u); }
fn isReal(q: u32) -> vec4<bool> { return indices(q) < vec4u(${outputs}u); }
fn oneHot(q: u32, label: u32) -> vec4f {
  return select(vec4f(), vec4f(1.0), indices(q) == vec4u(label));
}
fn total(v: vec4f) -> f32 { return (v.x + v.y) + (v.z + v.w); }

struct Row {
  largest: f32,
  sum: f32,
  logSum: f32,
  mean: f32,
}

fn outputVec4(row: Row, base: u32, q: u32) -> vec4f {
#if ${softmax}
  return select(vec4f(), exp(${buffer}[base + q] - row.largest) / row.sum, isReal(q));
#elif ${output === 'sigmoid'}
  return select(vec4f(), sigmoid(${buffer}[base + q]), isReal(q));
#else
  return ${buffer}[base + q];
#endif
}

fn prepare(base: u32, label: u32) -> Row {
  var row = Row(0.0, 0.0, 0.0, 0.0);
#if ${softmax}
  row.largest = ${buffer}[base].x;
  for (var q = 0u; q < ${count}u; q++) {
    let v = select(vec4f(row.largest), ${buffer}[base + q], isReal(q));
    row.largest = max(max(max(v.x, v.y), max(v.z, v.w)), row.largest);
  }
  for (var q = 0u; q < ${count}u; q++) {
    let v = ${buffer}[base + q] - row.largest;
    row.sum += total(select(vec4f(), orNan(exp(v), v), isReal(q)));
  }
#if ${squared}
  for (var q = 0u; q < ${count}u; q++) {
    let a = outputVec4(row, base, q);
    row.mean += total(2.0 * (a - oneHot(q, label)) * a);
  }
#else
  row.logSum = orNan(vec4f(log(row.sum)), vec4f(row.sum)).x;
#endif
#endif
  return row;
}

fn costVec4(row: Row, base: u32, q: u32, a: vec4f, label: u32) -> f32 {
#if ${squared}
  let difference = a - oneHot(q, label);
  return dot(difference, difference);
#elif ${softmax}
  return total(select(vec4f(), row.logSum - (${buffer}[base + q] - row.largest), indices(q) == vec4u(label)));
#else
  // −ln σ(z) = ln(1 + e^−z), −ln(1 − σ(z)) = ln(1 + e^z), each without overflow
  let x = ${buffer}[base + q] * (1.0 - 2.0 * oneHot(q, label));
  return total(select(vec4f(), select(x, vec4f(), x < vec4f()) + log(1.0 + exp(-abs(x))), isReal(q)));
#endif
}

fn deltaVec4(row: Row, q: u32, a: vec4f, label: u32) -> vec4f {
#if ${!squared}
  return a - oneHot(q, label);
#else
  let g = 2.0 * (a - oneHot(q, label));
#if ${softmax}
  return a * (g - row.mean);
#elif ${output === 'sigmoid'}
  return g * a * (1.0 - a);
#else
  return g;
#endif
#endif
}

fn predictionOf(base: u32) -> u32 {
  var best = 0u;
  var largest = ${buffer}[base].x;
  for (var o = 0u; o < ${outputs}u; o++) {
    let z = ${buffer}[base + (o >> 2u)][o & 3u];
    if (z > largest) {
      largest = z;
      best = o;
    }
  }
  return best;
}
`;
}
