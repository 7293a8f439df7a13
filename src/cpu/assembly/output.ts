/**
 * Outputs, cost and delta of each sample, from the last layer's pre-activations. The formulas are in
 * `src/reference/outputDelta.ts`. Outputs and costs are identified by their index in the lists of
 * `src/network/functions.ts`.
 */
import { columnMask, exp, ln1p, sigmoid } from './lanes';
import { Context, Layer } from './structures';

export const SIGMOID: i32 = 0;
export const LINEAR: i32 = 1;
export const SOFTMAX: i32 = 2;
export const SQUARED_ERROR: i32 = 0;
export const CROSS_ENTROPY: i32 = 1;

/** The address of 4 values of a row, from column `j` on. */
// @ts-ignore: decorator
@inline
function at(start: usize, panel: usize, j: i32): usize {
  return start + <usize>(j >> 3) * panel + ((<usize>j & 7) << 2);
}

/**
 * Writes costs and predictions of `count` samples, and their deltas if `isTraining`, otherwise their outputs.
 * @param samples u32 [count]
 */
export function finish(
  context: Context,
  layer: Layer,
  samples: usize,
  count: i32,
  isTraining: bool,
): void {
  const columns = layer.outputs;
  for (let n: usize = 0; n < <usize>count; n++) {
    const z = layer.a + (n << 5);
    const label = <i32>load<u8>(context.labels + <usize>load<u32>(samples + (n << 2)));
    const best = indexOfLargest(z, layer.panel, columns);
    store<u32>(context.predictions + (n << 2), best);
    context.correct += u32(best === label);
    let cost: f64;
    if (context.output === SOFTMAX) cost = softmax(z, layer.panel, columns, best, label);
    else if (context.cost === CROSS_ENTROPY) cost = sigmoidCost(z, layer.panel, columns, label);
    else cost = 0;
    if (context.output === SIGMOID) {
      for (let j = 0; j < columns; j += 4) {
        const p = at(z, layer.panel, j);
        v128.store(p, sigmoid(v128.load(p)));
      }
    }
    const a = z;
    if (context.cost === SQUARED_ERROR) cost = squaredError(a, layer.panel, columns, label);
    store<f64>(context.costs + (n << 3), cost);
    context.costSum += cost;
    if (isTraining) writeDelta(context, layer, n, label);
    else copyOutputs(context.outputs + n * (<usize>columns << 2), a, layer.panel, columns);
  }
}

/** The index of the largest value. Ties give the first index; if the first value is NaN, the index is 0. */
function indexOfLargest(z: usize, panel: usize, columns: i32): i32 {
  let best = 0;
  let largest = load<f32>(z);
  for (let j = 1; j < columns; j++) {
    const value = load<f32>(at(z, panel, j));
    if (value > largest) {
      largest = value;
      best = j;
    }
  }
  return best;
}

/**
 * Overwrites z with its softmax.
 * @returns the cross-entropy, ln Σ e^(z[j] − z[best]) + z[best] − z[label]. The sum's largest term, 1, is left to ln1p,
 *   so that small costs stay accurate.
 */
function softmax(z: usize, panel: usize, columns: i32, best: i32, label: i32): f64 {
  const largest = load<f32>(at(z, panel, best));
  const behind = <f64>largest - <f64>load<f32>(at(z, panel, label));
  for (let j = 0; j < columns; j += 4) {
    const p = at(z, panel, j);
    v128.store(p, exp(f32x4.sub(v128.load(p), f32x4.splat(largest))));
  }
  let others: f64 = 0;
  for (let j = 0; j < columns; j++) {
    if (j !== best) others += <f64>load<f32>(at(z, panel, j));
  }
  // Multiplying by 1 / sum would round twice.
  const sum = f32x4.splat(<f32>(1 + others));
  for (let j = 0; j < columns; j += 4) {
    const p = at(z, panel, j);
    v128.store(p, f32x4.div(v128.load(p), sum));
  }
  return ln1p(others) + behind;
}

/** −ln σ(z) for the label's output and −ln(1 − σ(z)) for the others. Both are ln(1 + eˣ), with x = −z and x = z. */
function sigmoidCost(z: usize, panel: usize, columns: i32, label: i32): f64 {
  let cost: f64 = 0;
  for (let j = 0; j < columns; j++) {
    const value = load<f32>(at(z, panel, j));
    const x = <f64>(j === label ? -value : value);
    // All four lanes are equal.
    const small = f32x4.extract_lane(exp(f32x4.splat(-<f32>abs(x))), 0);
    // max would turn NaN into 0.
    cost += (x < 0 ? 0 : x) + ln1p(<f64>small);
  }
  return cost;
}

/** The one-hot label for the four columns from `j` on. */
// @ts-ignore: decorator
@inline
function oneHot(j: i32, label: i32): v128 {
  const isLabel = i32x4.eq(i32x4(0, 1, 2, 3), i32x4.splat(label - j));
  return v128.and(f32x4.splat(1), isLabel);
}

function squaredError(a: usize, panel: usize, columns: i32, label: i32): f64 {
  let low = f64x2.splat(0);
  let high = low;
  for (let j = 0; j < columns; j += 4) {
    const error = v128.and(
      f32x4.sub(v128.load(at(a, panel, j)), oneHot(j, label)),
      columnMask(j, columns),
    );
    const low2 = f64x2.promote_low_f32x4(error);
    const high2 = f64x2.promote_low_f32x4(v128.shuffle<f32>(error, error, 2, 3, 2, 3));
    low = f64x2.add(low, f64x2.mul(low2, low2));
    high = f64x2.add(high, f64x2.mul(high2, high2));
  }
  const sum = f64x2.add(low, high);
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}

function writeDelta(context: Context, layer: Layer, n: usize, label: i32): void {
  const columns = layer.outputs;
  const panel = layer.panel;
  const a = layer.a + (n << 5);
  const delta = layer.delta + n * layer.deltaRow;
  const one = f32x4.splat(1);
  const isCrossEntropy = context.cost === CROSS_ENTROPY;
  const mean =
    isCrossEntropy || context.output !== SOFTMAX
      ? f32x4.splat(0)
      : f32x4.splat(meanSlope(a, panel, columns, label));
  for (let j = 0; j < columns; j += 4) {
    const value = v128.load(at(a, panel, j));
    const error = f32x4.sub(value, oneHot(j, label));
    let result = error;
    if (!isCrossEntropy) {
      result = f32x4.add(error, error);
      if (context.output === SIGMOID) {
        result = f32x4.mul(result, f32x4.mul(value, f32x4.sub(one, value)));
      } else if (context.output === SOFTMAX) {
        result = f32x4.mul(value, f32x4.sub(result, mean));
      }
    }
    v128.store(
      at(delta, layer.deltaPanel, j),
      v128.and(result, columnMask(j, columns)),
    );
  }
}

/** Σₖ g[k]·a[k] with g = 2(a − y). */
function meanSlope(a: usize, panel: usize, columns: i32, label: i32): f32 {
  let sum: f64 = 0;
  for (let j = 0; j < columns; j++) {
    const value = <f64>load<f32>(at(a, panel, j));
    sum += 2 * (value - <f64>(j === label)) * value;
  }
  return <f32>sum;
}

function copyOutputs(to: usize, a: usize, panel: usize, columns: i32): void {
  for (let j = 0; j < columns; j++) {
    store<f32>(to + (<usize>j << 2), load<f32>(at(a, panel, j)));
  }
}
