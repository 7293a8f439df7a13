/**
 * Output activation, cost and delta of one sample as WGSL, shared by training (`outputDelta`) and evaluation
 * (`score`). Works through the outputs a quad at a time; the row's pre-activations z start at `base` of `activations`.
 */
import type { Cost, Output } from '../src/network/functions.ts';
import { orNan, sigmoid } from './activation.ts';
import { quads, wgsl } from './wgsl.ts';

export interface CostOptions {
  readonly outputs: number;
  readonly output: Output;
  readonly cost: Cost;
}

/**
 * Functions over `activations`, a bound `array<vec4f>`:
 *
 * - `prepare(base, label) -> Row`: what later calls need to know of the whole row
 * - `outputQuad(row, base, q) -> vec4f`: the network's outputs a, 0 where padded
 * - `costOf(row, base, label) -> f32`
 * - `deltaQuad(row, base, q, label) -> vec4f`: ∂C/∂z, 0 where padded
 * - `predictionOf(base) -> u32`: the first largest output
 */
export function costFunctions({ outputs, output, cost }: CostOptions): string {
  const count = quads(outputs);
  const softmax = output === 'softmax';
  const squared = cost === 'squared-error';
  return wgsl /* wgsl */ `
#if ${softmax}${orNan}
#elif ${output === 'sigmoid'}${sigmoid}
#endif
fn indices(q: u32) -> vec4u { return vec4u(4u * q) + vec4u(0u, 1u, 2u, 3u); }
fn isReal(q: u32) -> vec4<bool> { return indices(q) < vec4u(${outputs}u); }
fn oneHot(q: u32, label: u32) -> vec4f {
  return select(vec4f(), vec4f(1.0), indices(q) == vec4u(label));
}
fn total(v: vec4f) -> f32 { return (v.x + v.y) + (v.z + v.w); }

struct Row {
  largest: f32,
  sum: f32,
  mean: f32,
}

fn outputQuad(row: Row, base: u32, q: u32) -> vec4f {
#if ${softmax}
  return select(vec4f(), exp(activations[base + q] - row.largest) / row.sum, isReal(q));
#elif ${output === 'sigmoid'}
  return select(vec4f(), sigmoid(activations[base + q]), isReal(q));
#else
  return activations[base + q];
#endif
}

// Softmax subtracts the largest z first: no exponential overflows, and one of them is 1. What is not a number
// makes the sum none either, and with it everything made from the row.
fn prepare(base: u32, label: u32) -> Row {
  var row = Row(0.0, 0.0, 0.0);
#if ${softmax}
  row.largest = activations[base].x;
  for (var q = 0u; q < ${count}u; q++) {
    let v = select(vec4f(row.largest), activations[base + q], isReal(q));
    row.largest = max(max(max(v.x, v.y), max(v.z, v.w)), row.largest);
  }
  for (var q = 0u; q < ${count}u; q++) {
    let v = activations[base + q] - row.largest;
    row.sum += total(select(vec4f(), orNan(exp(v), v), isReal(q)));
  }
#if ${squared}
  for (var q = 0u; q < ${count}u; q++) {
    let a = outputQuad(row, base, q);
    row.mean += total(2.0 * (a - oneHot(q, label)) * a);
  }
#endif
#endif
  return row;
}

fn costOf(row: Row, base: u32, label: u32) -> f32 {
#if ${squared}
  var sum = 0.0;
  for (var q = 0u; q < ${count}u; q++) {
    let difference = outputQuad(row, base, q) - oneHot(q, label);
    sum += dot(difference, difference);
  }
  return sum;
#elif ${softmax}
  let logSum = orNan(vec4f(log(row.sum)), vec4f(row.sum)).x;
  return logSum - (activations[base + label / 4u][label % 4u] - row.largest);
#else
  var sum = 0.0;
  for (var q = 0u; q < ${count}u; q++) {
    // −ln σ(z) = ln(1 + e^−z), −ln(1 − σ(z)) = ln(1 + e^z), each without overflow
    let x = activations[base + q] * (1.0 - 2.0 * oneHot(q, label));
    sum += total(select(vec4f(), select(x, vec4f(), x < vec4f()) + log(1.0 + exp(-abs(x))), isReal(q)));
  }
  return sum;
#endif
}

fn deltaQuad(row: Row, base: u32, q: u32, label: u32) -> vec4f {
  let a = outputQuad(row, base, q);
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
  var largest = activations[base].x;
  for (var q = 0u; q < ${count}u; q++) {
    let v = activations[base + q];
    let real = isReal(q);
    if (real.x && v.x > largest) { largest = v.x; best = 4u * q; }
    if (real.y && v.y > largest) { largest = v.y; best = 4u * q + 1u; }
    if (real.z && v.z > largest) { largest = v.z; best = 4u * q + 2u; }
    if (real.w && v.w > largest) { largest = v.w; best = 4u * q + 3u; }
  }
  return best;
}
`;
}
