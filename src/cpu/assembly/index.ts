/**
 * What the host calls. It is written in AssemblyScript: of the toolchains that npm brings, it is the one whose sources
 * TypeScript engineers read without learning anything, that gives every SIMD instruction a name, relaxed ones
 * included, and whose output, optimized by Binaryen, has neither a runtime nor a garbage collector in it. wabt would
 * have asked for WebAssembly by hand, and a C compiler cannot be had from npm.
 */
import { LINEAR } from './functions';
import { firstForward, firstGradient, listPixels, sortPixels } from './firstLayer';
import { madd } from './lanes';
import { finish } from './output';
import { biasGradient, forward, gradient, hiddenDelta } from './products';
import { Context, Layer, layerAt } from './structures';

export { addThreads, squareSum, update } from './update';

/** The first byte that the host may use. */
export function heapBase(): usize {
  return __heap_base;
}

/**
 * Shows the network `count` samples.
 * @param samples their indices, u32 [count]
 * @param isTraining whether what they ask for is to be found in the gradients afterwards
 * @param isAdded whether the gradients are added to what is there, or written over it
 */
export function pass(
  context: Context,
  samples: usize,
  count: i32,
  isTraining: bool,
  isAdded: bool,
): void {
  const layerCount = context.layerCount;
  const activation = context.activation;
  const first = layerAt(context, 0);
  const last = layerAt(context, layerCount - 1);
  listPixels(context, samples, count, first.inputs);
  firstForward(context, first, count, layerCount === 1 ? LINEAR : activation);
  let before = first;
  for (let l = 1; l < layerCount; l++) {
    const layer = layerAt(context, l);
    forward(layer, before, count, l === layerCount - 1 ? LINEAR : activation);
    before = layer;
  }
  finish(context, last, samples, count, isTraining);
  if (!isTraining) return;
  for (let l = layerCount - 1; l > 0; l--) {
    const layer = layerAt(context, l);
    const below = layerAt(context, l - 1);
    hiddenDelta(layer, below, count, activation);
    gradient(layer, below, count, isAdded);
    biasGradient(layer, count, isAdded);
  }
  sortPixels(context, count, first.inputs, first.deltaRow);
  firstGradient(context, first, isAdded);
  biasGradient(first, count, isAdded);
}

/**
 * Multiply-adds in registers alone, 12 chains of them, which is what this machine can do at most.
 * @param room 192 bytes
 * @returns multiply-adds of four lanes that were made
 */
export function multiplyAdds(room: usize, rounds: i32): f64 {
  const x = v128.load(room);
  const y = v128.load(room, 16);
  let sum0 = x;
  let sum1 = y;
  let sum2 = v128.load(room, 32);
  let sum3 = v128.load(room, 48);
  let sum4 = v128.load(room, 64);
  let sum5 = v128.load(room, 80);
  let sum6 = v128.load(room, 96);
  let sum7 = v128.load(room, 112);
  let sum8 = v128.load(room, 128);
  let sum9 = v128.load(room, 144);
  let sum10 = v128.load(room, 160);
  let sum11 = v128.load(room, 176);
  for (let round = 0; round < rounds; round++) {
    sum0 = madd(x, sum0, y);
    sum1 = madd(x, sum1, y);
    sum2 = madd(x, sum2, y);
    sum3 = madd(x, sum3, y);
    sum4 = madd(x, sum4, y);
    sum5 = madd(x, sum5, y);
    sum6 = madd(x, sum6, y);
    sum7 = madd(x, sum7, y);
    sum8 = madd(x, sum8, y);
    sum9 = madd(x, sum9, y);
    sum10 = madd(x, sum10, y);
    sum11 = madd(x, sum11, y);
  }
  v128.store(room, sum0);
  v128.store(room, sum1, 16);
  v128.store(room, sum2, 32);
  v128.store(room, sum3, 48);
  v128.store(room, sum4, 64);
  v128.store(room, sum5, 80);
  v128.store(room, sum6, 96);
  v128.store(room, sum7, 112);
  v128.store(room, sum8, 128);
  v128.store(room, sum9, 144);
  v128.store(room, sum10, 160);
  v128.store(room, sum11, 176);
  return <f64>rounds * 12;
}
