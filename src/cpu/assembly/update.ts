/**
 * The optimizers, on any range of parameters. The parameters of all layers are contiguous, and so are gradients and
 * moments. The formulas are in `src/engine/optimizers/`.
 */
import { madd } from './lanes';

/** Values of a step that the host computes in float64 and rounds. */
@unmanaged
export class UpdateScalars {
  /** 0: SGD; 1: SGD with momentum; 2: SGD with Nesterov's momentum; 3: Adam and AdamW. */
  kind: i32;
  /** Factor from the gradient's sum to its mean: 1 / batch size. */
  scale: f32;
  /** The learning rate. For Adam it includes the bias correction of the mean. */
  rate: f32;
  /** L2 penalty: the factor of the parameter that is added to the gradient. */
  penalty: f32;
  /** Decoupled weight decay: the factor of the parameter before the step. */
  keep: f32;
  /** Momentum; or β₁, 1 − β₁, β₂ and 1 − β₂. */
  beta1: f32;
  rest1: f32;
  beta2: f32;
  rest2: f32;
  /** Adam: bias correction of the root of the mean square, and ε. */
  root: f32;
  epsilon: f32;
}

/**
 * Adds the gradients of all slices to the gradient of the first slice.
 * @param gradient address of the first slice's gradient; the others follow at distances of `distance` bytes
 * @param from start of the range, in bytes
 * @param to end of the range; `to - from` is a multiple of 16
 */
export function addGradients(
  gradient: usize,
  distance: usize,
  slices: i32,
  from: usize,
  to: usize,
): void {
  for (let s = 1; s < slices; s++) {
    const other = gradient + <usize>s * distance;
    for (let at = from; at < to; at += 16) {
      v128.store(
        gradient + at,
        f32x4.add(v128.load(gradient + at), v128.load(other + at)),
      );
    }
  }
}

/** The sum of squares of a range. It is computed in float64, because float32 squares could overflow. */
export function squareSum(from: usize, to: usize): f64 {
  let low = f64x2.splat(0);
  let high = low;
  for (; from < to; from += 16) {
    const value = v128.load(from);
    const low2 = f64x2.promote_low_f32x4(value);
    const high2 = f64x2.promote_low_f32x4(v128.shuffle<f32>(value, value, 2, 3, 2, 3));
    low = f64x2.add(low, f64x2.mul(low2, low2));
    high = f64x2.add(high, f64x2.mul(high2, high2));
  }
  const sum = f64x2.add(low, high);
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}

/**
 * Updates a range of parameters.
 * @param scale factor from the gradient's sum to the applied gradient: `updateScalars.scale`, less if clipped
 * @param first address of the first moments: velocity or mean
 * @param second address of the second moments: mean of squares
 * @returns whether all new parameters and moments are finite; a non-finite gradient makes them non-finite
 */
export function update(
  updateScalars: UpdateScalars,
  scale: f32,
  parameters: usize,
  gradient: usize,
  first: usize,
  second: usize,
  bytes: usize,
): bool {
  switch (updateScalars.kind) {
    case 0:
      return plain(updateScalars, scale, parameters, gradient, bytes);
    case 1:
    case 2:
      return momentum(updateScalars, scale, parameters, gradient, first, bytes);
    default:
      return adam(updateScalars, scale, parameters, gradient, first, second, bytes);
  }
}

/** Adds 0·value to `seen`. The product is 0 for finite values and NaN otherwise, and NaN stays in the sum. */
// @ts-ignore: decorator
@inline
function watch(seen: v128, value: v128): v128 {
  return f32x4.add(seen, f32x4.mul(value, f32x4.splat(0)));
}

// @ts-ignore: decorator
@inline
function areFinite(seen: v128): bool {
  return !v128.any_true(f32x4.ne(seen, f32x4.splat(0)));
}

function plain(
  updateScalars: UpdateScalars,
  scale: f32,
  parameters: usize,
  gradient: usize,
  bytes: usize,
): bool {
  const rate = f32x4.splat(-updateScalars.rate * scale);
  const penalty = f32x4.splat(1 - updateScalars.rate * updateScalars.penalty);
  const isDecaying = updateScalars.penalty !== 0;
  let seen = f32x4.splat(0);
  for (let at: usize = 0; at < bytes; at += 16) {
    let w = v128.load(parameters + at);
    if (isDecaying) w = f32x4.mul(w, penalty);
    w = madd(v128.load(gradient + at), rate, w);
    seen = watch(seen, w);
    v128.store(parameters + at, w);
  }
  return areFinite(seen);
}

function momentum(
  updateScalars: UpdateScalars,
  scale: f32,
  parameters: usize,
  gradient: usize,
  velocity: usize,
  bytes: usize,
): bool {
  const rate = f32x4.splat(-updateScalars.rate);
  const scales = f32x4.splat(scale);
  const penalty = f32x4.splat(updateScalars.penalty);
  const beta = f32x4.splat(updateScalars.beta1);
  const isNesterov = updateScalars.kind === 2;
  let seen = f32x4.splat(0);
  for (let at: usize = 0; at < bytes; at += 16) {
    const sum = v128.load(gradient + at);
    let w = v128.load(parameters + at);
    const g = madd(penalty, w, f32x4.mul(sum, scales));
    const v = madd(beta, v128.load(velocity + at), g);
    v128.store(velocity + at, v);
    w = madd(rate, isNesterov ? madd(beta, v, g) : v, w);
    seen = watch(seen, w);
    v128.store(parameters + at, w);
  }
  return areFinite(seen);
}

function adam(
  updateScalars: UpdateScalars,
  scale: f32,
  parameters: usize,
  gradient: usize,
  mean: usize,
  meanSquare: usize,
  bytes: usize,
): bool {
  const rate = f32x4.splat(-updateScalars.rate);
  const scales = f32x4.splat(scale);
  const penalty = f32x4.splat(updateScalars.penalty);
  const keep = f32x4.splat(updateScalars.keep);
  const beta1 = f32x4.splat(updateScalars.beta1);
  const rest1 = f32x4.splat(updateScalars.rest1);
  const beta2 = f32x4.splat(updateScalars.beta2);
  const rest2 = f32x4.splat(updateScalars.rest2);
  const root = f32x4.splat(updateScalars.root);
  const epsilon = f32x4.splat(updateScalars.epsilon);
  let seen = f32x4.splat(0);
  for (let at: usize = 0; at < bytes; at += 16) {
    const sum = v128.load(gradient + at);
    let w = v128.load(parameters + at);
    const g = madd(penalty, w, f32x4.mul(sum, scales));
    const m = madd(beta1, v128.load(mean + at), f32x4.mul(rest1, g));
    const v = madd(beta2, v128.load(meanSquare + at), f32x4.mul(rest2, f32x4.mul(g, g)));
    v128.store(mean + at, m);
    v128.store(meanSquare + at, v);
    const size = madd(f32x4.sqrt(v), root, epsilon);
    w = madd(rate, f32x4.div(m, size), f32x4.mul(keep, w));
    // An infinite v would freeze the parameter, so v is checked too.
    seen = watch(watch(seen, w), v);
    v128.store(parameters + at, w);
  }
  return areFinite(seen);
}
