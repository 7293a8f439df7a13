/**
 * The optimizers, over a run of parameters of whatever layers: they all lie in one piece, and so do gradients and
 * moments. Formulas: `src/reference/update.ts`.
 */
import { madd } from './lanes';

/** What the host computes for a step, in float64, and rounds. */
@unmanaged
export class UpdateScalars {
  /** 0 SGD, 1 SGD with momentum, 2 with Nesterov's, 3 Adam and AdamW. */
  kind: i32;
  /** What makes of the gradient's sum its mean: 1 / batch size. */
  scale: f32;
  /** SGD: the learning rate. Adam: that, with the bias correction of the mean. */
  rate: f32;
  /** Added to the gradient, times the parameter. */
  penalty: f32;
  /** Parameters are multiplied by it before the step. */
  keep: f32;
  /** Momentum, or β₁ and β₂ and 1 − each. */
  beta1: f32;
  rest1: f32;
  beta2: f32;
  rest2: f32;
  /** Adam: what the root of the mean square is multiplied with, and what is added then. */
  root: f32;
  epsilon: f32;
}

/**
 * Adds the gradients of all slices into the first one's.
 * @param gradient of the first slice; the others' lie `distance` bytes apart
 * @param from of the run, in bytes
 * @param to a multiple of 16 from it
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

/** The sum of squares of a run. Float32 squares could overflow where their root does not. */
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
 * Changes the parameters of a run.
 * @param scale what makes of the gradient's sum the gradient to apply: that of `updateScalars`, and less where it is clipped
 * @param first moments: velocity, or mean
 * @param second moments: mean of squares
 * @returns whether all of what it made is finite, parameters and moments; of a gradient that is not, nothing is
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

/** 0 times any finite value is 0, times any other NaN, which then stays in the sum. */
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
    // An infinite v would never let the parameter move again.
    seen = watch(watch(seen, w), v);
    v128.store(parameters + at, w);
  }
  return areFinite(seen);
}
