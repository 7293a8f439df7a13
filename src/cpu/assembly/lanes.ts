/** Functions of four float32 values at once. */

/** a·b + c, with one rounding if the build has fused multiply-add, otherwise with two. */
// @ts-ignore: decorator
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD
    ? f32x4.relaxed_madd(a, b, c)
    : f32x4.add(f32x4.mul(a, b), c);
}

/** A mask of four lanes, for columns `column` to `column + 3`: set where the column is below `columns`. */
export function columnMask(column: i32, columns: i32): v128 {
  return i32x4.lt_s(
    i32x4.add(i32x4.splat(column), i32x4(0, 1, 2, 3)),
    i32x4.splat(columns),
  );
}

/**
 * eˣ with a relative error of about 2⁻²³. Results that would be subnormal are 0. NaN stays NaN.
 *
 * x = n·ln 2 + r with |r| ≤ ½ ln 2. ln 2 is split into two parts so that r is exact (Cody and Waite). eʳ is computed
 * from its series, whose eighth term is the first below half a unit in the last place.
 */
export function exp(x: v128): v128 {
  const isTiny = f32x4.lt(x, f32x4.splat(-87.33));
  // pmin and pmax return their first operand if it is NaN.
  x = f32x4.pmin(x, f32x4.splat(88.37));
  x = f32x4.pmax(x, f32x4.splat(-87.33));
  const n = f32x4.nearest(f32x4.mul(x, f32x4.splat(1.4426950408889634)));
  let r = f32x4.sub(x, f32x4.mul(n, f32x4.splat(0.693359375)));
  r = f32x4.sub(r, f32x4.mul(n, f32x4.splat(-2.12194440054690583e-4)));
  let p = f32x4.splat(1.0 / 5040);
  p = madd(p, r, f32x4.splat(1.0 / 720));
  p = madd(p, r, f32x4.splat(1.0 / 120));
  p = madd(p, r, f32x4.splat(1.0 / 24));
  p = madd(p, r, f32x4.splat(1.0 / 6));
  p = madd(p, r, f32x4.splat(0.5));
  p = madd(p, r, f32x4.splat(1));
  p = madd(p, r, f32x4.splat(1));
  const exponent = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(n), i32x4.splat(127)), 23);
  return v128.andnot(f32x4.mul(p, exponent), isTiny);
}

export function sigmoid(z: v128): v128 {
  const one = f32x4.splat(1);
  return f32x4.div(one, f32x4.add(one, exp(f32x4.neg(z))));
}

/** tanh. Below ½ it uses the series, because 1 − 2/(e²ᶻ + 1) would cancel. */
export function tanh(z: v128): v128 {
  const square = f32x4.mul(z, z);
  // The coefficients are 2²ᵏ(2²ᵏ − 1)B₂ₖ/(2k)!. At ½, the first omitted term is 10⁻⁸ of the sum.
  let p = f32x4.splat(-929569.0 / 638512875);
  p = madd(p, square, f32x4.splat(21844.0 / 6081075));
  p = madd(p, square, f32x4.splat(-1382.0 / 155925));
  p = madd(p, square, f32x4.splat(62.0 / 2835));
  p = madd(p, square, f32x4.splat(-17.0 / 315));
  p = madd(p, square, f32x4.splat(2.0 / 15));
  p = madd(p, square, f32x4.splat(-1.0 / 3));
  const small = madd(f32x4.mul(p, square), z, z);
  const one = f32x4.splat(1);
  const two = f32x4.splat(2);
  const large = f32x4.sub(one, f32x4.div(two, f32x4.add(exp(f32x4.mul(two, z)), one)));
  return v128.bitselect(small, large, f32x4.lt(f32x4.abs(z), f32x4.splat(0.5)));
}

/** ln x of a positive, finite x, in float64. x = 2ⁿ·m, and ln m is the series of 2·artanh((m − 1)/(m + 1)). */
export function ln(x: f64): f64 {
  const bits = reinterpret<u64>(x);
  let n = <i32>(bits >> 52) - 1023;
  let m = reinterpret<f64>((bits & 0x000fffffffffffff) | 0x3ff0000000000000);
  if (m > 1.4142135623730951) {
    m *= 0.5;
    n++;
  }
  return <f64>n * 0.6931471805599453 + lnNearOne((m - 1) / (m + 1));
}

/** ln(1 + x) for x ≥ 0. It is accurate for small x too. */
export function ln1p(x: f64): f64 {
  return x < 0.25 ? lnNearOne(x / (2 + x)) : ln(1 + x);
}

/** 2·artanh(s) for |s| ≤ 0.172, with a relative error of 10⁻¹⁶. */
function lnNearOne(s: f64): f64 {
  const square = s * s;
  let sum: f64 = 1.0 / 19;
  for (let k = 17; k > 0; k -= 2) sum = sum * square + 1.0 / <f64>k;
  return 2 * s * sum;
}
