/**
 * Describes one step as data: its kernels, their order and their buffers. It is derived from a network and a plan
 * without a device, so that it can be printed, tested and hashed.
 */
import { paddedRows } from '../../shaders/batch.ts';
import { applyGradients, clipScale, sumSquares } from '../../shaders/clip.ts';
import { forward } from '../../shaders/forward.ts';
import { fused } from '../../shaders/fused.ts';
import { hiddenDelta } from '../../shaders/hiddenDelta.ts';
import type { Kernel } from '../../shaders/kernel.ts';
import type { StepLayers } from '../../shaders/layer.ts';
import { deferred, type UpdateRule } from '../../shaders/optimizer.ts';
import { outputDelta } from '../../shaders/outputDelta.ts';
import { score } from '../../shaders/score.ts';
import { update } from '../../shaders/update.ts';
import type { Network } from '../network/network.ts';
import type { Optimizer } from '../engine/optimizers.ts';
import { updateRuleOf } from './optimizerScalars.ts';
import { matrixBytes, parameterRanges } from './layout.ts';
import { stepLayers } from './layers.ts';
import { maxLayersPerKernel, type Plan } from './plan/plan.ts';
import { clearMarkBytes } from './readback.ts';

/** Workgroup size of kernels with one invocation per row or parameter: one subgroup on most GPUs. */
const workgroupSize = 32;

type Shape = Pick<Network, 'layers' | 'activation' | 'output' | 'cost'>;

/** Buffers with the data that a step reads. A `BatchSource` provides them; `optimizerScalars` only for training. */
export const sourceBuffers = [
  'samples',
  'labels',
  'order',
  'counter',
  'settings',
  'optimizerScalars',
] as const;

/**
 * One training step: forward through all layers, delta of the outputs, deltas of the hidden layers from last to first,
 * then the updates. The updates come last because the deltas need the old weights.
 * @param clipNorm limits the norm of the gradient, which takes three more kernels
 */
export function trainingStep(
  network: Shape,
  plan: Plan,
  optimizer: Optimizer,
  clipNorm?: number,
): readonly Kernel[] {
  return clipNorm === undefined
    ? gradientKernels(network, plan, updateRuleOf(optimizer))
    : [...gradientKernels(network, plan, deferred), ...clippedUpdate(network, optimizer, clipNorm)];
}

/** The kernels of a training step up to the gradients, which `rule` takes. */
function gradientKernels(network: Shape, plan: Plan, rule: UpdateRule): Kernel[] {
  const { batchSize, fused: together } = plan;
  const all = stepLayers(network, batchSize);
  const { layers } = all;
  // Layers from this one on run forward and back in one dispatch.
  const split = together?.from ?? layers.length;
  const kernels = forwardKernels(all, plan, split);
  if (together) {
    kernels.push(fused({ ...all, batchSize, from: split, tile: together }));
  } else {
    kernels.push(outputDelta({ ...all, layer: layers.at(-1)!, batchSize, workgroupSize }));
  }
  for (let l = Math.min(split, layers.length) - 1; l > 0; l--) {
    const [before, layer] = [layers[l - 1]!, layers[l]!];
    kernels.push(hiddenDelta({ before, layer, batchSize, tile: plan.layers[l]!.hiddenDelta }));
  }
  const updated = layers.map((layer, l) => ({ ...layer, tile: plan.layers[l]!.update }));
  for (let from = 0; from < layers.length; from += maxLayersPerKernel) {
    const to = Math.min(from + maxLayersPerKernel, layers.length);
    kernels.push(update({ layers: updated, from, to, batchSize, optimizer: rule }));
  }
  return kernels;
}

/** Bytes of each buffer that the kernels of a training step share, by name. */
export function trainingBuffers(
  network: Shape,
  batchSize: number,
  clipNorm?: number,
): ReadonlyMap<string, number> {
  const rows = paddedRows(batchSize);
  const { activationVec4s, deltaVec4s } = stepLayers(network, batchSize);
  return new Map([
    ['activations', 16 * activationVec4s],
    ['deltas', 16 * deltaVec4s],
    ['metrics', rows * 8 + clearMarkBytes],
    ...(clipNorm === undefined
      ? []
      : ([
          ['squares', 4 * squareSums],
          ['scale', 4],
        ] as const)),
  ]);
}

/** Number of partial sums of squared gradients: enough to fill a GPU, few enough for one invocation to add up. */
const squareSums = 1024;

/** Kernels for gradient clipping: the norm of the gradient, and the update of all layers at once. */
function clippedUpdate(network: Shape, optimizer: Optimizer, clipNorm: number): Kernel[] {
  const ranges = parameterRanges(network);
  const offsets = ranges.map(({ offset }) => offset);
  const last = ranges.at(-1)!;
  const length = last.offset + last.length;
  return [
    sumSquares({ length, sums: squareSums, workgroupSize }),
    clipScale({ sums: squareSums, clipNorm }),
    applyGradients({ length, offsets, optimizer: updateRuleOf(optimizer), workgroupSize }),
  ];
}

/** One evaluation step: forward, then the score. */
export function evaluationStep(network: Shape, plan: Plan): readonly Kernel[] {
  const all = stepLayers(network, plan.batchSize);
  return [...forwardKernels(all, plan, all.layers.length), scoreKernel(all, plan)];
}

/**
 * A training step that only stores its gradients, then the score. The gradients have the bits of a training step by the
 * same plan.
 */
export function explanationStep(network: Shape, plan: Plan): readonly Kernel[] {
  const all = stepLayers(network, plan.batchSize);
  return [...gradientKernels(network, plan, deferred), scoreKernel(all, plan)];
}

function scoreKernel(all: StepLayers, { batchSize }: Plan): Kernel {
  return score({ ...all, layer: all.layers.at(-1)!, batchSize, workgroupSize });
}

/** Bytes of each buffer that the kernels of an evaluation step share, by name. */
export function evaluationBuffers(network: Shape, batchSize: number): ReadonlyMap<string, number> {
  const rows = paddedRows(batchSize);
  const outputs = network.layers.at(-1)!;
  return new Map([
    ['activations', 16 * stepLayers(network, batchSize).activationVec4s],
    ['outputs', matrixBytes(rows, outputs)],
    ['costs', rows * 4 + clearMarkBytes],
    ['confusion', outputs * outputs * 4 + clearMarkBytes],
  ]);
}

/** Bytes of each buffer that the kernels of an explanation step share, by name. It has the data of one mini-batch. */
export function explanationBuffers(network: Shape, batchSize: number): ReadonlyMap<string, number> {
  const { offset, length } = parameterRanges(network).at(-1)!;
  return new Map([
    ...evaluationBuffers(network, batchSize),
    ...trainingBuffers(network, batchSize),
    ['gradients', 16 * (offset + length)],
    ['samples', matrixBytes(batchSize, network.layers[0]!) / 4],
    ['labels', 4 * batchSize],
    ['order', 4 * batchSize],
  ]);
}

function forwardKernels(all: StepLayers, { batchSize, layers }: Plan, count: number): Kernel[] {
  return all.layers
    .slice(0, count)
    .map((layer, l) => forward({ layer, batchSize, tile: layers[l]!.forward }));
}
