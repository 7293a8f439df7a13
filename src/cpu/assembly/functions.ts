/**
 * Activation functions and slopes of a panel's values. The formulas, and the order of the constants below, are those of
 * `src/network/activations.ts`.
 */
import { exp, madd, sigmoid, tanh } from './lanes';

export const SIGMOID: i32 = 0;
export const TANH: i32 = 1;
export const RELU: i32 = 2;
export const LEAKY_RELU: i32 = 3;
export const GELU: i32 = 4;
export const LINEAR: i32 = 5;

const leakySlope: f32 = 0.01;
const geluScale: f32 = 0.7978845608028654;
const geluCubic: f32 = 0.044715;

/** a = f(z) of `bytes` bytes of float32; `bytes` is a multiple of 16. */
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
        v128.store(a, f32x4.mul(value, geluGate(value, geluExp(reach(value)))));
      }
      break;
    default:
      break;
  }
}

/** min(|z|, 11): beyond 11, e^−|u| is 0 and z³ might overflow. NaN stays NaN. */
// @ts-ignore: decorator
@inline
function reach(z: v128): v128 {
  return f32x4.pmin(f32x4.abs(z), f32x4.splat(11));
}

/**
 * e^−|u| with u = 2·√(2/π)·(x + 0.044715 x³). GELU's σ(u) and σ(u)·σ(−u) are computed from it, accurate in both tails.
 */
function geluExp(x: v128): v128 {
  const inner = madd(f32x4.mul(x, x), f32x4.splat(geluCubic), f32x4.splat(1));
  return exp(f32x4.mul(f32x4.mul(x, inner), f32x4.splat(-2 * geluScale)));
}

/** σ(u) from e = e^−|u|: 1/(1 + e), or e/(1 + e) if z is negative. */
// @ts-ignore: decorator
@inline
function geluGate(z: v128, e: v128): v128 {
  const one = f32x4.splat(1);
  const isNegative = f32x4.lt(z, f32x4.splat(0));
  return f32x4.div(v128.bitselect(e, one, isNegative), f32x4.add(one, e));
}

function geluSlope(z: v128): v128 {
  const one = f32x4.splat(1);
  const x = reach(z);
  const e = geluExp(x);
  const beside = f32x4.add(one, e);
  const product = f32x4.div(e, f32x4.mul(beside, beside));
  const steepness = madd(
    f32x4.mul(x, x),
    f32x4.splat(6 * geluScale * geluCubic),
    f32x4.splat(2 * geluScale),
  );
  return madd(f32x4.mul(z, product), steepness, geluGate(z, e));
}

/** `values` times f′. The slope f′ is computed from a = f(z), or from z for GELU. */
// @ts-ignore: decorator
@inline
export function timesSlope(activation: i32, values: v128, source: v128): v128 {
  const one = f32x4.splat(1);
  switch (activation) {
    case SIGMOID:
      return f32x4.mul(values, f32x4.mul(source, f32x4.sub(one, source)));
    case TANH:
      return f32x4.mul(values, f32x4.mul(f32x4.sub(one, source), f32x4.add(one, source)));
    case RELU:
      // This is a product, not a selection, because 0·∞ and 0·NaN must be NaN like in the reference.
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
