/**
 * Activation functions and slopes of a panel's values. Formulas: `src/reference/functions.ts`. The numbers of the
 * functions are their positions in `activations` of `src/network/functions.ts`.
 */
import { madd, sigmoid, tanh } from './lanes';

export const SIGMOID: i32 = 0;
export const TANH: i32 = 1;
export const RELU: i32 = 2;
export const LEAKY_RELU: i32 = 3;
export const GELU: i32 = 4;
export const LINEAR: i32 = 5;

const leakySlope: f32 = 0.01;
const geluScale: f32 = 0.7978845608028654;
const geluCubic: f32 = 0.044715;

/** a = f(z) of `bytes` bytes of float32, a multiple of 16. */
export function activate(activation: i32, z: usize, a: usize, bytes: usize): void {
  const end = z + bytes;
  const zero = f32x4.splat(0);
  switch (activation) {
    case SIGMOID:
      for (; z < end; z += 16, a += 16) v128.store(a, sigmoid(v128.load(z)));
      break;
    case TANH:
      for (; z < end; z += 16, a += 16) v128.store(a, tanh(v128.load(z)));
      break;
    case RELU:
      for (; z < end; z += 16, a += 16) v128.store(a, f32x4.pmax(v128.load(z), zero));
      break;
    case LEAKY_RELU:
      for (; z < end; z += 16, a += 16) {
        const value = v128.load(z);
        const leaky = f32x4.mul(value, f32x4.splat(leakySlope));
        v128.store(a, v128.bitselect(value, leaky, f32x4.gt(value, zero)));
      }
      break;
    case GELU:
      for (; z < end; z += 16, a += 16) {
        const value = v128.load(z);
        const half = f32x4.mul(value, f32x4.splat(0.5));
        v128.store(a, madd(half, geluTanh(value), half));
      }
      break;
    default:
      break;
  }
}

/** tanh(√(2/π)·(z + 0.044715 z³)) */
function geluTanh(z: v128): v128 {
  const square = f32x4.mul(z, z);
  const inner = madd(f32x4.mul(square, z), f32x4.splat(geluCubic), z);
  return tanh(f32x4.mul(inner, f32x4.splat(geluScale)));
}

function geluSlope(z: v128): v128 {
  const one = f32x4.splat(1);
  const half = f32x4.splat(0.5);
  const t = geluTanh(z);
  const inner = madd(f32x4.mul(z, z), f32x4.splat(3 * geluCubic), one);
  const steep = f32x4.mul(f32x4.sub(one, f32x4.mul(t, t)), f32x4.mul(z, f32x4.splat(0.5 * geluScale)));
  return madd(steep, inner, madd(t, half, half));
}

/** `values` times f′, which is computed from a = f(z), or from z where the activation is GELU. */
// @ts-ignore: decorator
@inline
export function timesSlope(activation: i32, values: v128, source: v128): v128 {
  const one = f32x4.splat(1);
  switch (activation) {
    case SIGMOID:
      return f32x4.mul(values, f32x4.mul(source, f32x4.sub(one, source)));
    case TANH:
      return f32x4.mul(values, f32x4.sub(one, f32x4.mul(source, source)));
    case RELU:
      // A product, not a selection: 0·∞ and 0·NaN are to be NaN, as the reference has them.
      return f32x4.mul(values, v128.and(one, f32x4.gt(source, f32x4.splat(0))));
    case LEAKY_RELU:
      return f32x4.mul(
        values,
        v128.bitselect(one, f32x4.splat(leakySlope), f32x4.gt(source, f32x4.splat(0))),
      );
    case GELU:
      return f32x4.mul(values, geluSlope(source));
    default:
      return values;
  }
}
