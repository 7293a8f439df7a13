/**
 * The first layer, which reads bytes by sample index. Four of five pixels of a digit are 0 and add nothing. Therefore
 * the other pixels are listed once per pass, by sample for the forward pass and by feature for the gradient. Both
 * products use only these lists. Skipping 0·w does not change a bit of a sum, as long as w is finite.
 *
 * Both products share one routine: for each panel, it adds up the rows of a matrix (weights or deltas) that a list
 * selects.
 */
import { activate } from './functions';
import { columnMask, madd } from './lanes';
import { Context, Layer, Lists, panelRow, Pixel } from './structures';

/** Lists the nonzero pixels of `count` samples by sample, and counts them by feature. */
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
      // The bytes after the row belong to the next sample.
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

/** Sorts the listed pixels by feature, using the counts. Each entry then has its sample's row. */
export function sortPixels(context: Context, count: i32, inputs: i32): void {
  const featureEnds = context.featureEnds;
  let next = context.byFeature;
  for (let i = 0; i < inputs; i++) {
    const end = featureEnds + (<usize>i << 2);
    const length = <usize>load<u32>(end);
    store<u32>(end, <u32>next);
    next += length * offsetof<Pixel>();
  }
  // `featureEnds` has the starts of the lists; they become the ends while the lists fill.
  let pixel = context.bySample;
  for (let n = 0; n < count; n++) {
    const end = <usize>load<u32>(context.sampleEnds + (<usize>n << 2));
    for (; pixel < end; pixel += offsetof<Pixel>()) {
      const cursor = featureEnds + (<usize>changetype<Pixel>(pixel).at << 2);
      const to = <usize>load<u32>(cursor);
      changetype<Pixel>(to).at = n;
      changetype<Pixel>(to).value = changetype<Pixel>(pixel).value;
      store<u32>(cursor, <u32>(to + offsetof<Pixel>()));
    }
  }
}

/** The width of the next panel, given the number of columns left. */
// @ts-ignore: decorator
@inline
function widthOf(left: i32): i32 {
  return left >= 32 ? 32 : left >= 16 ? 16 : 8;
}

/** a = f(b + Σᵢ x[n,i]·W[i,j]) over the listed pixels. */
export function firstForward(context: Context, layer: Layer, count: i32): void {
  const columns = (layer.outputs + 7) & ~7;
  const lists = changetype<Lists>(context.lists);
  lists.pixels = context.bySample;
  lists.ends = context.sampleEnds;
  lists.count = count;
  lists.startRow = 0;
  lists.toRow = panelRow;
  lists.toColumns = layer.panel;
  let weights = layer.weights;
  for (let j = 0; j < columns; ) {
    const width = widthOf(columns - j);
    lists.rows = weights;
    lists.rowBytes = <usize>width << 2;
    lists.start = layer.biases + (<usize>j << 2);
    lists.to = layer.z + <usize>(j >> 3) * layer.panel;
    addUp(lists, width);
    for (let k = 0; k < width; k += 8) finishPanel(layer, j + k, count);
    weights += <usize>(layer.inputs * width) << 2;
    j += width;
  }
}

/** dW[i,j] = Σₙ x[n,i]·delta[n,j] over the listed pixels. With `isAdded`, the result is added to the old values. */
export function firstGradient(context: Context, layer: Layer, isAdded: bool): void {
  const columns = (layer.outputs + 7) & ~7;
  const lists = changetype<Lists>(context.lists);
  lists.pixels = context.byFeature;
  lists.ends = context.featureEnds;
  lists.count = layer.inputs;
  lists.rowBytes = layer.deltaRow;
  lists.toColumns = panelRow;
  let gradient = layer.weightGradient;
  for (let j = 0; j < columns; ) {
    const width = widthOf(columns - j);
    const bytes = <usize>width << 2;
    lists.rows = layer.delta + (<usize>j << 2);
    lists.start = isAdded ? gradient : changetype<usize>(lists) + offsetof<Lists>();
    lists.startRow = isAdded ? bytes : 0;
    lists.to = gradient;
    lists.toRow = bytes;
    addUp(lists, width);
    gradient += <usize>layer.inputs * bytes;
    j += width;
  }
}

/** Applies the activation to the panel of 8 columns that begins at `column`, and keeps padding columns at 0. */
// @ts-ignore: decorator
@inline
export function finishPanel(layer: Layer, column: i32, count: i32): void {
  const offset = <usize>(column >> 3) * layer.panel;
  const bytes = <usize>count << 5;
  activate(layer.activation, layer.z + offset, layer.a + offset, bytes);
  if (column + 8 <= layer.outputs) return;
  const mask0 = columnMask(column, layer.outputs);
  const mask1 = columnMask(column + 4, layer.outputs);
  const a = layer.a + offset;
  for (let at = a; at < a + bytes; at += 32) {
    v128.store(at, v128.and(v128.load(at), mask0));
    v128.store(at, v128.and(v128.load(at, 16), mask1), 16);
  }
}

function addUp(lists: Lists, width: i32): void {
  if (width === 32) addUp32(lists);
  else if (width === 16) addUp16(lists);
  else addUp8(lists);
}

/**
 * to[r] = start[r] + Σ value·rows[at] over the pixels of list r, 32 columns wide. Each pixel's value is loaded once and
 * used for eight accumulators.
 */
function addUp32(lists: Lists): void {
  let pixel = lists.pixels;
  let start = lists.start;
  const rows = lists.rows;
  const rowBytes = lists.rowBytes;
  let to = lists.to;
  const to1 = lists.toColumns;
  const to2 = to1 + to1;
  const to3 = to2 + to1;
  for (let r: usize = 0; r < <usize>lists.count; r++) {
    const end = <usize>load<u32>(lists.ends + (r << 2));
    let sum0 = v128.load(start);
    let sum1 = v128.load(start, 16);
    let sum2 = v128.load(start, 32);
    let sum3 = v128.load(start, 48);
    let sum4 = v128.load(start, 64);
    let sum5 = v128.load(start, 80);
    let sum6 = v128.load(start, 96);
    let sum7 = v128.load(start, 112);
    for (; pixel < end; pixel += offsetof<Pixel>()) {
      const row = rows + <usize>changetype<Pixel>(pixel).at * rowBytes;
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
    v128.store(to, sum0);
    v128.store(to, sum1, 16);
    v128.store(to + to1, sum2);
    v128.store(to + to1, sum3, 16);
    v128.store(to + to2, sum4);
    v128.store(to + to2, sum5, 16);
    v128.store(to + to3, sum6);
    v128.store(to + to3, sum7, 16);
    start += lists.startRow;
    to += lists.toRow;
  }
}

/** The same, 16 columns wide. It processes two pixels at a time, because four accumulators would stall on latency. */
function addUp16(lists: Lists): void {
  let pixel = lists.pixels;
  let start = lists.start;
  const rows = lists.rows;
  const rowBytes = lists.rowBytes;
  let to = lists.to;
  const to1 = lists.toColumns;
  for (let r: usize = 0; r < <usize>lists.count; r++) {
    const end = <usize>load<u32>(lists.ends + (r << 2));
    let sum0 = v128.load(start);
    let sum1 = v128.load(start, 16);
    let sum2 = v128.load(start, 32);
    let sum3 = v128.load(start, 48);
    let sum4 = f32x4.splat(0);
    let sum5 = sum4;
    let sum6 = sum4;
    let sum7 = sum4;
    if ((end - pixel) & offsetof<Pixel>()) {
      const row = rows + <usize>changetype<Pixel>(pixel).at * rowBytes;
      const x = v128.load_splat<f32>(pixel, offsetof<Pixel>('value'));
      sum4 = f32x4.mul(x, v128.load(row));
      sum5 = f32x4.mul(x, v128.load(row, 16));
      sum6 = f32x4.mul(x, v128.load(row, 32));
      sum7 = f32x4.mul(x, v128.load(row, 48));
      pixel += offsetof<Pixel>();
    }
    for (; pixel < end; pixel += 2 * offsetof<Pixel>()) {
      const row = rows + <usize>changetype<Pixel>(pixel).at * rowBytes;
      const x = v128.load_splat<f32>(pixel, offsetof<Pixel>('value'));
      sum0 = madd(x, v128.load(row), sum0);
      sum1 = madd(x, v128.load(row, 16), sum1);
      sum2 = madd(x, v128.load(row, 32), sum2);
      sum3 = madd(x, v128.load(row, 48), sum3);
      const next = pixel + offsetof<Pixel>();
      const nextRow = rows + <usize>changetype<Pixel>(next).at * rowBytes;
      const y = v128.load_splat<f32>(next, offsetof<Pixel>('value'));
      sum4 = madd(y, v128.load(nextRow), sum4);
      sum5 = madd(y, v128.load(nextRow, 16), sum5);
      sum6 = madd(y, v128.load(nextRow, 32), sum6);
      sum7 = madd(y, v128.load(nextRow, 48), sum7);
    }
    v128.store(to, f32x4.add(sum0, sum4));
    v128.store(to, f32x4.add(sum1, sum5), 16);
    v128.store(to + to1, f32x4.add(sum2, sum6));
    v128.store(to + to1, f32x4.add(sum3, sum7), 16);
    start += lists.startRow;
    to += lists.toRow;
  }
}

/** The same, 8 columns wide. */
function addUp8(lists: Lists): void {
  let pixel = lists.pixels;
  let start = lists.start;
  let to = lists.to;
  for (let r: usize = 0; r < <usize>lists.count; r++) {
    const end = <usize>load<u32>(lists.ends + (r << 2));
    let sum0 = v128.load(start);
    let sum1 = v128.load(start, 16);
    for (; pixel < end; pixel += offsetof<Pixel>()) {
      const row = lists.rows + <usize>changetype<Pixel>(pixel).at * lists.rowBytes;
      const x = v128.load_splat<f32>(pixel, offsetof<Pixel>('value'));
      sum0 = madd(x, v128.load(row), sum0);
      sum1 = madd(x, v128.load(row, 16), sum1);
    }
    v128.store(to, sum0);
    v128.store(to, sum1, 16);
    start += lists.startRow;
    to += lists.toRow;
  }
}
