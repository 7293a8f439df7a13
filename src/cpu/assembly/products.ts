/**
 * The products of the layers after the first. Tiles stay in registers. A tile has eight accumulators of four float32,
 * which keep two multiply-adds per cycle in flight at a latency of four cycles. With up to six loads, they fit into
 * x86's sixteen registers, of which the JavaScript engine reserves one. Larger tiles spilled to memory and were slower.
 */
import { finishPanel } from './firstLayer';
import { timesSlope } from './functions';
import { madd } from './lanes';
import { Layer } from './structures';

/**
 * Number of rows of a weight panel per block: 8 KiB, which stay in the first-level cache together with the activations
 * while the loop visits all samples.
 */
const block = 256;

/** a = f(b + Σᵢ a[n,i]·W[i,j]), in tiles of 4 samples by 8 columns. Samples are padded to a multiple of 4. */
export function forward(layer: Layer, before: Layer, count: i32): void {
  const inputs = (layer.inputs + 7) & ~7;
  for (let from = 0; from < inputs; from += block) {
    const to = min(inputs, from + block);
    const a = before.a + <usize>(from >> 3) * before.panel;
    for (let j = 0; j < layer.outputs; j += 8) {
      const panel = <usize>(j >> 3);
      const weights = layer.weights + panel * layer.weightPanel;
      const z = layer.z + panel * layer.panel;
      const start = from === 0 ? layer.biases + (<usize>j << 2) : 0;
      for (let n: usize = 0; n < <usize>count; n += 4) {
        forwardTile(
          a + (n << 5),
          before.panel,
          weights + (<usize>from << 5),
          weights + (<usize>to << 5),
          start,
          z + (n << 5),
        );
      }
      if (to === inputs) finishPanel(layer, j, (count + 3) & ~3);
    }
  }
}

/** @param biases address of the initial sums; 0 continues from the values in `z` */
// @ts-ignore: decorator
@inline
function forwardTile(
  a: usize,
  panel: usize,
  weights: usize,
  end: usize,
  biases: usize,
  z: usize,
): void {
  const rowStep: usize = biases === 0 ? 32 : 0;
  const start = biases === 0 ? z : biases;
  let sum00 = v128.load(start);
  let sum01 = v128.load(start, 16);
  let sum10 = v128.load(start + rowStep);
  let sum11 = v128.load(start + rowStep, 16);
  let sum20 = v128.load(start + 2 * rowStep);
  let sum21 = v128.load(start + 2 * rowStep, 16);
  let sum30 = v128.load(start + 3 * rowStep);
  let sum31 = v128.load(start + 3 * rowStep, 16);
  while (weights < end) {
    let x = a;
    for (const last = weights + 256; weights < last; weights += 32, x += 4) {
      const w0 = v128.load(weights);
      const w1 = v128.load(weights, 16);
      const x0 = v128.load_splat<f32>(x);
      sum00 = madd(x0, w0, sum00);
      sum01 = madd(x0, w1, sum01);
      const x1 = v128.load_splat<f32>(x, 32);
      sum10 = madd(x1, w0, sum10);
      sum11 = madd(x1, w1, sum11);
      const x2 = v128.load_splat<f32>(x, 64);
      sum20 = madd(x2, w0, sum20);
      sum21 = madd(x2, w1, sum21);
      const x3 = v128.load_splat<f32>(x, 96);
      sum30 = madd(x3, w0, sum30);
      sum31 = madd(x3, w1, sum31);
    }
    a += panel;
  }
  v128.store(z, sum00);
  v128.store(z, sum01, 16);
  v128.store(z, sum10, 32);
  v128.store(z, sum11, 48);
  v128.store(z, sum20, 64);
  v128.store(z, sum21, 80);
  v128.store(z, sum30, 96);
  v128.store(z, sum31, 112);
}

/**
 * delta[n,i] of the previous layer = f′·Σⱼ delta[n,j]·W[i,j], in tiles of 2 samples by 4 columns. Rows of both operands
 * are multiplied lane by lane, and the lanes are added up at the end. Therefore the weights need no transposed copy.
 */
export function hiddenDelta(layer: Layer, before: Layer, count: i32): void {
  const columns = (before.outputs + 7) & ~7;
  const panels = (layer.outputs + 7) >> 3;
  for (let i = 0; i < columns; i += 4) {
    const weights = layer.weights + (<usize>i << 5);
    const panel = <usize>(i >> 3);
    const lane = <usize>((i & 7) << 2);
    const source = before.z + panel * before.panel + lane;
    const to = before.delta + panel * before.deltaPanel + lane;
    for (let n: usize = 0; n < <usize>count; n += 2) {
      deltaTile(
        layer.delta + n * layer.deltaRow,
        layer.deltaRow,
        layer.deltaPanel,
        weights,
        layer.weightPanel,
        panels,
        before.activation,
        source + (n << 5),
        to + n * before.deltaRow,
        before.deltaRow,
      );
    }
  }
}

// @ts-ignore: decorator
@inline
function deltaTile(
  delta: usize,
  deltaRow: usize,
  deltaPanel: usize,
  weights: usize,
  weightPanel: usize,
  panels: i32,
  activation: i32,
  source: usize,
  to: usize,
  toRow: usize,
): void {
  let sum00 = f32x4.splat(0);
  let sum01 = sum00;
  let sum02 = sum00;
  let sum03 = sum00;
  let sum10 = sum00;
  let sum11 = sum00;
  let sum12 = sum00;
  let sum13 = sum00;
  for (let half: usize = 0; half < 32; half += 16) {
    let d = delta + half;
    let w = weights + half;
    for (let p = 0; p < panels; p++) {
      const d0 = v128.load(d);
      const d1 = v128.load(d + deltaRow);
      const w0 = v128.load(w);
      sum00 = madd(d0, w0, sum00);
      sum10 = madd(d1, w0, sum10);
      const w1 = v128.load(w, 32);
      sum01 = madd(d0, w1, sum01);
      sum11 = madd(d1, w1, sum11);
      const w2 = v128.load(w, 64);
      sum02 = madd(d0, w2, sum02);
      sum12 = madd(d1, w2, sum12);
      const w3 = v128.load(w, 96);
      sum03 = madd(d0, w3, sum03);
      sum13 = madd(d1, w3, sum13);
      d += deltaPanel;
      w += weightPanel;
    }
  }
  const row0 = addLanes(sum00, sum01, sum02, sum03);
  const row1 = addLanes(sum10, sum11, sum12, sum13);
  v128.store(to, timesSlope(activation, row0, v128.load(source)));
  v128.store(to + toRow, timesSlope(activation, row1, v128.load(source, 32)));
}

/** The sum of each operand's four lanes. */
// @ts-ignore: decorator
@inline
function addLanes(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = f32x4.add(
    v128.shuffle<f32>(a, b, 0, 4, 1, 5),
    v128.shuffle<f32>(a, b, 2, 6, 3, 7),
  );
  const cd = f32x4.add(
    v128.shuffle<f32>(c, d, 0, 4, 1, 5),
    v128.shuffle<f32>(c, d, 2, 6, 3, 7),
  );
  return f32x4.add(
    v128.shuffle<f32>(ab, cd, 0, 1, 4, 5),
    v128.shuffle<f32>(ab, cd, 2, 3, 6, 7),
  );
}

/** Number of columns per block. Their deltas stay in the first-level cache while the loop visits all inputs. */
const columnBlock = 32;

/**
 * dW[i,j] = Σₙ a[n,i]·delta[n,j], in tiles of 4 inputs by 8 columns. With `isAdded`, the result is added to the old
 * values.
 */
export function gradient(layer: Layer, before: Layer, count: i32, isAdded: bool): void {
  for (let from = 0; from < layer.outputs; from += columnBlock) {
    const to = min(layer.outputs, from + columnBlock);
    for (let i = 0; i < layer.inputs; i += 4) {
      const a = before.a + <usize>(i >> 3) * before.panel + ((<usize>i & 7) << 2);
      for (let j = from; j < to; j += 8) {
        const panel = <usize>(j >> 3);
        gradientTile(
          a,
          layer.delta + panel * layer.deltaPanel,
          count,
          layer.weightGradient + panel * layer.weightPanel + (<usize>i << 5),
          isAdded,
        );
      }
    }
  }
}

// @ts-ignore: decorator
@inline
function gradientTile(a: usize, delta: usize, count: i32, to: usize, isAdded: bool): void {
  let sum00 = f32x4.splat(0);
  let sum01 = sum00;
  let sum10 = sum00;
  let sum11 = sum00;
  let sum20 = sum00;
  let sum21 = sum00;
  let sum30 = sum00;
  let sum31 = sum00;
  if (isAdded) {
    sum00 = v128.load(to);
    sum01 = v128.load(to, 16);
    sum10 = v128.load(to, 32);
    sum11 = v128.load(to, 48);
    sum20 = v128.load(to, 64);
    sum21 = v128.load(to, 80);
    sum30 = v128.load(to, 96);
    sum31 = v128.load(to, 112);
  }
  for (const end = a + (<usize>count << 5); a < end; a += 32, delta += 32) {
    const d0 = v128.load(delta);
    const d1 = v128.load(delta, 16);
    const x0 = v128.load_splat<f32>(a);
    sum00 = madd(x0, d0, sum00);
    sum01 = madd(x0, d1, sum01);
    const x1 = v128.load_splat<f32>(a, 4);
    sum10 = madd(x1, d0, sum10);
    sum11 = madd(x1, d1, sum11);
    const x2 = v128.load_splat<f32>(a, 8);
    sum20 = madd(x2, d0, sum20);
    sum21 = madd(x2, d1, sum21);
    const x3 = v128.load_splat<f32>(a, 12);
    sum30 = madd(x3, d0, sum30);
    sum31 = madd(x3, d1, sum31);
  }
  v128.store(to, sum00);
  v128.store(to, sum01, 16);
  v128.store(to, sum10, 32);
  v128.store(to, sum11, 48);
  v128.store(to, sum20, 64);
  v128.store(to, sum21, 80);
  v128.store(to, sum30, 96);
  v128.store(to, sum31, 112);
}

/** db[j] = Σₙ delta[n,j]. With `isAdded`, the result is added to the old values. */
export function biasGradient(layer: Layer, count: i32, isAdded: bool): void {
  for (let j = 0; j < layer.outputs; j += 8) {
    let delta = layer.delta + <usize>(j >> 3) * layer.deltaPanel;
    const to = layer.biasGradient + (<usize>j << 2);
    let sum0 = isAdded ? v128.load(to) : f32x4.splat(0);
    let sum1 = isAdded ? v128.load(to, 16) : f32x4.splat(0);
    for (let n = 0; n < count; n++, delta += layer.deltaRow) {
      sum0 = f32x4.add(sum0, v128.load(delta));
      sum1 = f32x4.add(sum1, v128.load(delta, 16));
    }
    v128.store(to, sum0);
    v128.store(to, sum1, 16);
  }
}
