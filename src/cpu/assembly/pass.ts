/** A forward pass of some samples, and the backward pass in training. */
import { firstForward, firstGradient, listPixels, sortPixels } from './firstLayer';
import { finish } from './output';
import { biasGradient, forward, gradient, hiddenDelta } from './products';
import { Context, layerAt } from './structures';

/**
 * Runs the network on `count` samples.
 * @param samples sample indices, u32 [count]
 * @param isTraining whether to compute gradients
 * @param isAdded whether to add to the old gradients instead of overwriting them
 */
export function pass(
  context: Context,
  samples: usize,
  count: i32,
  isTraining: bool,
  isAdded: bool,
): void {
  const layerCount = context.layerCount;
  const first = layerAt(context, 0);
  const last = layerAt(context, layerCount - 1);
  listPixels(context, samples, count, first.inputs);
  firstForward(context, first, count);
  let before = first;
  for (let l = 1; l < layerCount; l++) {
    const layer = layerAt(context, l);
    forward(layer, before, count);
    before = layer;
  }
  finish(context, last, samples, count, isTraining);
  if (!isTraining) return;
  for (let l = layerCount - 1; l > 0; l--) {
    const layer = layerAt(context, l);
    const below = layerAt(context, l - 1);
    hiddenDelta(layer, below, count);
    gradient(layer, below, count, isAdded);
    biasGradient(layer, count, isAdded);
  }
  sortPixels(context, count, first.inputs);
  firstGradient(context, first, isAdded);
  biasGradient(first, count, isAdded);
}
