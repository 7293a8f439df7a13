/**
 * What one step does, as data: which kernels, in which order, over which buffers. Made from a network and a plan
 * without a device, so that it can be printed, tested and hashed.
 */
import { applyGradients } from '../../shaders/applyGradients.ts';
import { clipScale } from '../../shaders/clipScale.ts';
import { forward } from '../../shaders/forward.ts';
import { fused } from '../../shaders/fused.ts';
import { fusedTable } from '../../shaders/fusedTable.ts';
import { hiddenDelta } from '../../shaders/hiddenDelta.ts';
import type { Kernel } from '../../shaders/kernel.ts';
import { deferred } from '../../shaders/optimizer.ts';
import { outputDelta } from '../../shaders/outputDelta.ts';
import { score } from '../../shaders/score.ts';
import { sharedFused } from '../../shaders/sharedFused.ts';
import { sumSquares } from '../../shaders/sumSquares.ts';
import { update } from '../../shaders/update.ts';
import type { Network } from '../network/network.ts';
import type { Optimizer } from '../engine/optimizers.ts';
import { matrixBytes, parameterRanges } from './layout.ts';
import { stepLayers, type StepLayers } from './layers.ts';
import type { Plan } from './plan/plan.ts';

export interface Step {
  /** In order. Each binding is bound to the buffer of its name. */
  readonly kernels: readonly Kernel[];
  /** Bytes of each buffer that the kernels share among themselves, by name. */
  readonly buffers: ReadonlyMap<string, number>;
}

type Shape = Pick<Network, 'layers' | 'activation' | 'output' | 'cost'>;

/** The buffers of the data a step reads, which a `BatchSource` provides; `rates` only to train. */
export const sourceBuffers = [
  'samples',
  'labels',
  'order',
  'counter',
  'settings',
  'rates',
] as const;

/**
 * One training step: forward through all layers, delta of the outputs, deltas of the hidden layers from last to
 * first, then the updates. Updates come after all deltas, which need the weights of before.
 * @param clipNorm keeps the gradient within this norm, which takes three kernels more
 */
export function trainingStep(
  network: Shape,
  plan: Plan,
  optimizer: Optimizer,
  clipNorm?: number,
): Step {
  const { batchSize, rows, lanes, fused: together } = plan;
  const all = stepLayers(network, rows);
  // Layers from this one on go forward and back in one dispatch.
  const split = together?.from ?? all.forward.length;
  const buffers = new Map<string, number>([
    ['activations', 16 * all.activationQuads],
    ['deltas', 16 * all.deltaQuads],
    ['metrics', rows * 8],
  ]);
  const kernels = forwardKernels(all, plan, split);
  // The last hidden layer first.
  const back = all.hiddenDelta.toReversed();
  if (together) {
    const forwardAndBack = fusedKernel(together);
    kernels.push(
      forwardAndBack({
        forward: all.forward.slice(split),
        output: all.output,
        hiddenDelta: back.slice(0, all.forward.length - Math.max(split, 1)),
        batchSize,
        rows,
        tileRows: together.rows,
        workgroupSize: together.workgroupSize ?? lanes.workgroupSize,
      }),
    );
  } else {
    const { workgroupSize } = lanes;
    kernels.push(outputDelta({ layer: all.output, batchSize, rows, workgroupSize }));
  }
  for (let l = Math.min(split, all.forward.length) - 1; l > 0; l--) {
    const layer = all.hiddenDelta[l - 1]!;
    kernels.push(hiddenDelta({ layer, rows, tile: plan.layers[l]!.hiddenDelta, lanes }));
  }
  kernels.push(
    update({
      layers: all.update.map((layer, l) => ({ ...layer, tile: plan.layers[l]!.update })),
      batchSize,
      rows,
      optimizer: clipNorm === undefined ? optimizer : deferred,
      lanes,
    }),
  );
  if (clipNorm !== undefined) {
    kernels.push(...clippedUpdate(network, lanes.workgroupSize, optimizer, clipNorm, buffers));
  }
  return { kernels, buffers };
}

function fusedKernel({ isPlain, workgroupSize }: NonNullable<Plan['fused']>) {
  if (isPlain === true) return fusedTable;
  return workgroupSize === undefined ? fused : sharedFused;
}

/** Sums made of the squares of gradients: enough to fill a GPU, few enough for one invocation to add up. */
const squareSums = 1024;

/** Where gradients are clipped: their norm, and the update of all layers at once. */
function clippedUpdate(
  network: Shape,
  workgroupSize: number,
  optimizer: Optimizer,
  clipNorm: number,
  buffers: Map<string, number>,
): Kernel[] {
  const ranges = parameterRanges(network);
  const offsets = ranges.map(({ offset }) => offset);
  const last = ranges.at(-1)!;
  const length = last.offset + last.length;
  buffers.set('squares', 4 * squareSums).set('scale', 4);
  return [
    sumSquares({ length, sums: squareSums, workgroupSize }),
    clipScale({ sums: squareSums, clipNorm }),
    applyGradients({ length, offsets, optimizer, workgroupSize }),
  ];
}

/** One step through a dataset without learning: forward, then the score. */
export function evaluationStep(network: Shape, plan: Plan): Step {
  const { layers, output, cost } = network;
  const { batchSize, rows, lanes } = plan;
  const outputs = layers.at(-1)!;
  const all = stepLayers(network, rows);
  const buffers = new Map<string, number>([
    ['activations', 16 * all.activationQuads],
    ['outputs', matrixBytes(rows, outputs)],
    ['costs', rows * 4],
    ['confusion', outputs * outputs * 4],
  ]);
  const { workgroupSize } = lanes;
  const { activationsAt } = all.output;
  const kernels = [
    ...forwardKernels(all, plan, all.forward.length),
    score({ outputs, output, cost, activationsAt, batchSize, rows, workgroupSize }),
  ];
  return { kernels, buffers };
}

function forwardKernels(all: StepLayers, plan: Plan, count: number): Kernel[] {
  const { batchSize, rows, lanes } = plan;
  return all.forward
    .slice(0, count)
    .map((layer, l) => forward({ layer, batchSize, rows, tile: plan.layers[l]!.forward, lanes }));
}
