/**
 * The first layer, from bytes gathered by index. Four of five pixels of a digit are 0 and ask for nothing, so the
 * others are listed once a pass, by sample for the way forward and by feature for the gradient, and both products go
 * through the lists alone. Leaving 0·w out of a sum changes no bit of it, as long as w is finite.
 *
 * Eight accumulators, 32 columns, are what one pixel's value is multiplied into, so that it is loaded once for eight
 * multiply-adds. Where the layer is narrower, two pixels go side by side instead: four accumulators alone would wait for
 * each other.
 */
import { activate } from './functions';
import { columnMask, madd } from './lanes';
import { Context, Layer, Pixel } from './structures';

/** Lists the pixels of `count` samples that are not 0, by sample and by feature. */
export function listPixels(context: Context, samples: usize, count: i32, inputs: i32): void {
  const featureEnds = context.featureEnds;
  memory.fill(featureEnds, 0, <usize>inputs << 2);
  let pixel = context.bySample;
  for (let n = 0; n < count; n++) {
    const sample = load<u32>(samples + (<usize>n << 2));
    const row = context.features + <usize>sample * <usize>inputs;
    for (let i = 0; i < inputs; i += 16) {
      const bytes = v128.load(row + i);
      if (!v128.any_true(bytes)) continue;
      let mask = i8x16.bitmask(i8x16.ne(bytes, i8x16.splat(0)));
      // The bytes behind the row are the next sample's.
      if (inputs - i < 16) mask &= (1 << (inputs - i)) - 1;
      while (mask) {
        const feature = i + ctz(mask);
        mask &= mask - 1;
        changetype<Pixel>(pixel).at = feature;
        changetype<Pixel>(pixel).value = load<f32>(
          context.values + (<usize>load<u8>(row + feature) << 2),
        );
        pixel += offsetof<Pixel>();
        const end = featureEnds + (<usize>feature << 2);
        store<u32>(end, load<u32>(end) + 1);
      }
    }
    store<u32>(context.sampleEnds + (<usize>n << 2), <u32>pixel);
  }
}

/**
 * From the numbers of pixels a feature has to their list by feature. Each names the offset of its sample's row of delta.
 */
export function sortPixels(context: Context, count: i32, inputs: i32, deltaRow: usize): void {
  const featureEnds = context.featureEnds;
  let next = context.byFeature;
  for (let i = 0; i < inputs; i++) {
    const end = featureEnds + (<usize>i << 2);
    const length = <usize>load<u32>(end);
    store<u32>(end, <u32>next);
    next += length * offsetof<Pixel>();
  }
  // The starts become ends while the lists fill.
  let pixel = context.bySample;
  for (let n = 0; n < count; n++) {
    const end = <usize>load<u32>(context.sampleEnds + (<usize>n << 2));
    const row = <u32>(<usize>n * deltaRow);
    for (; pixel < end; pixel += offsetof<Pixel>()) {
      const cursor = featureEnds + (<usize>changetype<Pixel>(pixel).at << 2);
      const to = <usize>load<u32>(cursor);
      changetype<Pixel>(to).at = row;
      changetype<Pixel>(to).value = changetype<Pixel>(pixel).value;
      store<u32>(cursor, <u32>(to + offsetof<Pixel>()));
    }
  }
}

/** a = f(b + Σᵢ x[n,i]·W[i,j]) over the listed pixels. */
export function firstForward(
  context: Context,
  layer: Layer,
  count: i32,
  activation: i32,
): void {
  const columns = (layer.outputs + 7) & ~7;
  let weights = layer.weights;
  for (let j = 0; j < columns; ) {
    const left = columns - j;
    const width = left >= 32 ? 32 : left >= 16 ? 16 : 8;
    const biases = layer.biases + (<usize>j << 2);
    const z = layer.z + <usize>(j >> 3) * layer.panel;
    if (width === 32) forward32(context, weights, biases, z, layer.panel, count);
    else if (width === 16) forward16(context, weights, biases, z, layer.panel, count);
    else forward8(context, weights, biases, z, count);
    for (let k = 0; k < width; k += 8) finishPanel(layer, j + k, count, activation);
    weights += <usize>(layer.inputs * width) << 2;
    j += width;
  }
}

/** Activates a panel of 8 columns from `column` on, and keeps at 0 what only fills it up. */
// @ts-ignore: decorator
@inline
export function finishPanel(layer: Layer, column: i32, count: i32, activation: i32): void {
  const offset = <usize>(column >> 3) * layer.panel;
  const bytes = <usize>count << 5;
  activate(activation, layer.z + offset, layer.a + offset, bytes);
  if (column + 8 <= layer.outputs) return;
  const mask0 = columnMask(column, layer.outputs);
  const mask1 = columnMask(column + 4, layer.outputs);
  const a = layer.a + offset;
  for (let at = a; at < a + bytes; at += 32) {
    v128.store(at, v128.and(v128.load(at), mask0));
    v128.store(at, v128.and(v128.load(at, 16), mask1), 16);
  }
}

function forward32(
  context: Context,
  weights: usize,
  biases: usize,
  z: usize,
  panel: usize,
  count: i32,
): void {
  let pixel = context.bySample;
  const z1 = z + panel;
  const z2 = z1 + panel;
  const z3 = z2 + panel;
  for (let n: usize = 0; n < <usize>count; n++) {
    const end = <usize>load<u32>(context.sampleEnds + (n << 2));
    let sum0 = v128.load(biases);
    let sum1 = v128.load(biases, 16);
    let sum2 = v128.load(biases, 32);
    let sum3 = v128.load(biases, 48);
    let sum4 = v128.load(biases, 64);
    let sum5 = v128.load(biases, 80);
    let sum6 = v128.load(biases, 96);
    let sum7 = v128.load(biases, 112);
    for (; pixel < end; pixel += offsetof<Pixel>()) {
      const row = weights + (<usize>changetype<Pixel>(pixel).at << 7);
      const x = v128.load_splat<f32>(pixel, offsetof<Pixel>('value'));
      sum0 = madd(x, v128.load(row), sum0);
      sum1 = madd(x, v128.load(row, 16), sum1);
      sum2 = madd(x, v128.load(row, 32), sum2);
      sum3 = madd(x, v128.load(row, 48), sum3);
      sum4 = madd(x, v128.load(row, 64), sum4);
      sum5 = madd(x, v128.load(row, 80), sum5);
      sum6 = madd(x, v128.load(row, 96), sum6);
      sum7 = madd(x, v128.load(row, 112), sum7);
    }
    const row = n << 5;
    v128.store(z + row, sum0);
    v128.store(z + row, sum1, 16);
    v128.store(z1 + row, sum2);
    v128.store(z1 + row, sum3, 16);
    v128.store(z2 + row, sum4);
    v128.store(z2 + row, sum5, 16);
    v128.store(z3 + row, sum6);
    v128.store(z3 + row, sum7, 16);
  }
}

function forward16(
  context: Context,
  weights: usize,
  biases: usize,
  z: usize,
  panel: usize,
  count: i32,
): void {
  let pixel = context.bySample;
  const z1 = z + panel;
  for (let n: usize = 0; n < <usize>count; n++) {
    const end = <usize>load<u32>(context.sampleEnds + (n << 2));
    let sum0 = v128.load(biases);
    let sum1 = v128.load(biases, 16);
    let sum2 = v128.load(biases, 32);
    let sum3 = v128.load(biases, 48);
    let sum4 = f32x4.splat(0);
    let sum5 = sum4;
    let sum6 = sum4;
    let sum7 = sum4;
    if ((end - pixel) & offsetof<Pixel>()) {
      const row = weights + (<usize>changetype<Pixel>(pixel).at << 6);
      const x = v128.load_splat<f32>(pixel, offsetof<Pixel>('value'));
      sum4 = f32x4.mul(x, v128.load(row));
      sum5 = f32x4.mul(x, v128.load(row, 16));
      sum6 = f32x4.mul(x, v128.load(row, 32));
      sum7 = f32x4.mul(x, v128.load(row, 48));
      pixel += offsetof<Pixel>();
    }
    for (; pixel < end; pixel += 2 * offsetof<Pixel>()) {
      const row = weights + (<usize>changetype<Pixel>(pixel).at << 6);
      const x = v128.load_splat<f32>(pixel, offsetof<Pixel>('value'));
      sum0 = madd(x, v128.load(row), sum0);
      sum1 = madd(x, v128.load(row, 16), sum1);
      sum2 = madd(x, v128.load(row, 32), sum2);
      sum3 = madd(x, v128.load(row, 48), sum3);
      const next = pixel + offsetof<Pixel>();
      const nextRow = weights + (<usize>changetype<Pixel>(next).at << 6);
      const y = v128.load_splat<f32>(next, offsetof<Pixel>('value'));
      sum4 = madd(y, v128.load(nextRow), sum4);
      sum5 = madd(y, v128.load(nextRow, 16), sum5);
      sum6 = madd(y, v128.load(nextRow, 32), sum6);
      sum7 = madd(y, v128.load(nextRow, 48), sum7);
    }
    const row = n << 5;
    v128.store(z + row, f32x4.add(sum0, sum4));
    v128.store(z + row, f32x4.add(sum1, sum5), 16);
    v128.store(z1 + row, f32x4.add(sum2, sum6));
    v128.store(z1 + row, f32x4.add(sum3, sum7), 16);
  }
}

function forward8(
  context: Context,
  weights: usize,
  biases: usize,
  z: usize,
  count: i32,
): void {
  let pixel = context.bySample;
  for (let n: usize = 0; n < <usize>count; n++) {
    const end = <usize>load<u32>(context.sampleEnds + (n << 2));
    let sum0 = v128.load(biases);
    let sum1 = v128.load(biases, 16);
    for (; pixel < end; pixel += offsetof<Pixel>()) {
      const row = weights + (<usize>changetype<Pixel>(pixel).at << 5);
      const x = v128.load_splat<f32>(pixel, offsetof<Pixel>('value'));
      sum0 = madd(x, v128.load(row), sum0);
      sum1 = madd(x, v128.load(row, 16), sum1);
    }
    v128.store(z + (n << 5), sum0);
    v128.store(z + (n << 5), sum1, 16);
  }
}

/** dW[i,j] = Σₙ x[n,i]·delta[n,j] over the listed pixels, added to what is there where `isAdded`. */
export function firstGradient(context: Context, layer: Layer, isAdded: bool): void {
  const columns = (layer.outputs + 7) & ~7;
  let gradient = layer.weightGradient;
  for (let j = 0; j < columns; ) {
    const left = columns - j;
    const width = left >= 32 ? 32 : left >= 16 ? 16 : 8;
    const delta = layer.delta + (<usize>j << 2);
    if (width === 32) gradient32(context, delta, gradient, layer.inputs, isAdded);
    else if (width === 16) gradient16(context, delta, gradient, layer.inputs, isAdded);
    else gradient8(context, delta, gradient, layer.inputs, isAdded);
    gradient += <usize>(layer.inputs * width) << 2;
    j += width;
  }
}

function gradient32(
  context: Context,
  delta: usize,
  gradient: usize,
  inputs: i32,
  isAdded: bool,
): void {
  let pixel = context.byFeature;
  const zero = f32x4.splat(0);
  for (let i: usize = 0; i < <usize>inputs; i++, gradient += 128) {
    const end = <usize>load<u32>(context.featureEnds + (i << 2));
    if (isAdded && pixel === end) continue;
    let sum0 = zero;
    let sum1 = zero;
    let sum2 = zero;
    let sum3 = zero;
    let sum4 = zero;
    let sum5 = zero;
    let sum6 = zero;
    let sum7 = zero;
    if (isAdded) {
      sum0 = v128.load(gradient);
      sum1 = v128.load(gradient, 16);
      sum2 = v128.load(gradient, 32);
      sum3 = v128.load(gradient, 48);
      sum4 = v128.load(gradient, 64);
      sum5 = v128.load(gradient, 80);
      sum6 = v128.load(gradient, 96);
      sum7 = v128.load(gradient, 112);
    }
    for (; pixel < end; pixel += offsetof<Pixel>()) {
      const row = delta + <usize>changetype<Pixel>(pixel).at;
      const x = v128.load_splat<f32>(pixel, offsetof<Pixel>('value'));
      sum0 = madd(x, v128.load(row), sum0);
      sum1 = madd(x, v128.load(row, 16), sum1);
      sum2 = madd(x, v128.load(row, 32), sum2);
      sum3 = madd(x, v128.load(row, 48), sum3);
      sum4 = madd(x, v128.load(row, 64), sum4);
      sum5 = madd(x, v128.load(row, 80), sum5);
      sum6 = madd(x, v128.load(row, 96), sum6);
      sum7 = madd(x, v128.load(row, 112), sum7);
    }
    v128.store(gradient, sum0);
    v128.store(gradient, sum1, 16);
    v128.store(gradient, sum2, 32);
    v128.store(gradient, sum3, 48);
    v128.store(gradient, sum4, 64);
    v128.store(gradient, sum5, 80);
    v128.store(gradient, sum6, 96);
    v128.store(gradient, sum7, 112);
  }
}

function gradient16(
  context: Context,
  delta: usize,
  gradient: usize,
  inputs: i32,
  isAdded: bool,
): void {
  let pixel = context.byFeature;
  const zero = f32x4.splat(0);
  for (let i: usize = 0; i < <usize>inputs; i++, gradient += 64) {
    const end = <usize>load<u32>(context.featureEnds + (i << 2));
    if (isAdded && pixel === end) continue;
    let sum0 = zero;
    let sum1 = zero;
    let sum2 = zero;
    let sum3 = zero;
    let sum4 = zero;
    let sum5 = zero;
    let sum6 = zero;
    let sum7 = zero;
    if (isAdded) {
      sum0 = v128.load(gradient);
      sum1 = v128.load(gradient, 16);
      sum2 = v128.load(gradient, 32);
      sum3 = v128.load(gradient, 48);
    }
    if ((end - pixel) & offsetof<Pixel>()) {
      const row = delta + <usize>changetype<Pixel>(pixel).at;
      const x = v128.load_splat<f32>(pixel, offsetof<Pixel>('value'));
      sum4 = f32x4.mul(x, v128.load(row));
      sum5 = f32x4.mul(x, v128.load(row, 16));
      sum6 = f32x4.mul(x, v128.load(row, 32));
      sum7 = f32x4.mul(x, v128.load(row, 48));
      pixel += offsetof<Pixel>();
    }
    for (; pixel < end; pixel += 2 * offsetof<Pixel>()) {
      const row = delta + <usize>changetype<Pixel>(pixel).at;
      const x = v128.load_splat<f32>(pixel, offsetof<Pixel>('value'));
      sum0 = madd(x, v128.load(row), sum0);
      sum1 = madd(x, v128.load(row, 16), sum1);
      sum2 = madd(x, v128.load(row, 32), sum2);
      sum3 = madd(x, v128.load(row, 48), sum3);
      const next = pixel + offsetof<Pixel>();
      const nextRow = delta + <usize>changetype<Pixel>(next).at;
      const y = v128.load_splat<f32>(next, offsetof<Pixel>('value'));
      sum4 = madd(y, v128.load(nextRow), sum4);
      sum5 = madd(y, v128.load(nextRow, 16), sum5);
      sum6 = madd(y, v128.load(nextRow, 32), sum6);
      sum7 = madd(y, v128.load(nextRow, 48), sum7);
    }
    v128.store(gradient, f32x4.add(sum0, sum4));
    v128.store(gradient, f32x4.add(sum1, sum5), 16);
    v128.store(gradient, f32x4.add(sum2, sum6), 32);
    v128.store(gradient, f32x4.add(sum3, sum7), 48);
  }
}

function gradient8(
  context: Context,
  delta: usize,
  gradient: usize,
  inputs: i32,
  isAdded: bool,
): void {
  let pixel = context.byFeature;
  for (let i: usize = 0; i < <usize>inputs; i++, gradient += 32) {
    const end = <usize>load<u32>(context.featureEnds + (i << 2));
    let sum0 = f32x4.splat(0);
    let sum1 = sum0;
    if (isAdded) {
      sum0 = v128.load(gradient);
      sum1 = v128.load(gradient, 16);
    }
    for (; pixel < end; pixel += offsetof<Pixel>()) {
      const row = delta + <usize>changetype<Pixel>(pixel).at;
      const x = v128.load_splat<f32>(pixel, offsetof<Pixel>('value'));
      sum0 = madd(x, v128.load(row), sum0);
      sum1 = madd(x, v128.load(row, 16), sum1);
    }
    v128.store(gradient, sum0);
    v128.store(gradient, sum1, 16);
  }
}
