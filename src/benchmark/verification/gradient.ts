/**
 * Checks the GPU's gradient against the reference, element by element. The bounds follow the errors of float32 through
 * the whole network, forward and back.
 */
import type { Dataset } from '../../data/dataset.ts';
import { fileOrder } from '../../data/shuffle.ts';
import type { Device } from '../../gpu/device.ts';
import { GpuEngine } from '../../gpu/engine.ts';
import type { Plan } from '../../gpu/plan/plan.ts';
import type { Network } from '../../network/network.ts';
import { parameterLayout } from '../../network/parameters.ts';
import { backpropagate } from '../../reference/backpropagation.ts';
import { featureValues } from '../../reference/features.ts';
import { TrainingCursor } from '../../engine/cursor.ts';
import { sgd } from '../../engine/optimizers.ts';
import { gradientBound } from './passBounds.ts';
import { Worst } from './samples.ts';

/**
 * The gradient of one mini-batch on the GPU: after the first step with momentum, the velocity is the gradient.
 * @param dataset the mini-batch
 */
async function gpuGradient(
  device: Device,
  network: Network,
  dataset: Dataset,
  plan?: Plan,
): Promise<Float32Array> {
  const engine = await GpuEngine.create(device, {
    network,
    batchSize: dataset.sampleCount,
    optimizer: sgd({ learningRate: 1, momentum: 0.5 }),
    plan,
  });
  try {
    await engine.load(dataset);
    engine.beginEpoch(fileOrder(dataset.sampleCount), new TrainingCursor());
    await engine.run(1);
    return (await engine.readMoments())[0]!;
  } finally {
    await engine.dispose();
  }
}

/** The gradient of a mini-batch in float64, and a bound on the error of each float32 element. */
export interface GradientTruth {
  readonly gradient: Float64Array;
  readonly bound: Float64Array;
}

/** @param dataset the mini-batch */
export function gradientTruth(network: Network, dataset: Dataset): GradientTruth {
  const features = featureValues(dataset, fileOrder(dataset.sampleCount));
  const { parameters } = network;
  const pass = backpropagate({ network, parameters, features, labels: dataset.labels });
  return {
    gradient: pass.gradient,
    bound: gradientBound(network, features, dataset.labels, pass),
  };
}

/** `plan` defaults to the engine's choice, and `truth` is computed if it is missing. */
interface GradientCheckOptions {
  readonly plan?: Plan;
  readonly truth?: GradientTruth;
}

export interface TensorError {
  /** As in `parameterLayout`: 'layers.0.weight'. */
  readonly name: string;
  /** The largest error of an element relative to its bound; 1 or less passes. */
  readonly worst: number;
}

/**
 * @param dataset the mini-batch
 * @returns the largest error relative to its bound
 */
export async function checkGradient(
  device: Device,
  network: Network,
  dataset: Dataset,
  given: GradientCheckOptions = {},
): Promise<number> {
  const tensors = await checkGradientTensors(device, network, dataset, given);
  return Math.max(...tensors.map(({ worst }) => worst));
}

/** {@link checkGradient} by tensor. */
export async function checkGradientTensors(
  device: Device,
  network: Network,
  dataset: Dataset,
  given: GradientCheckOptions = {},
): Promise<readonly TensorError[]> {
  const found = await gpuGradient(device, network, dataset, given.plan);
  const { gradient, bound } = given.truth ?? gradientTruth(network, dataset);
  const worstIn = (name: string, start: number, end: number): TensorError => {
    const worst = new Worst();
    for (let i = start; i < end; i++) worst.note(found[i]!, gradient[i]!, bound[i]!);
    return { name, worst: worst.share };
  };
  return parameterLayout(network.layers).flatMap((layer) => {
    const { weightName, weightOffset, biasName, biasOffset, outputs } = layer;
    return [
      worstIn(weightName, weightOffset, biasOffset),
      worstIn(biasName, biasOffset, biasOffset + outputs),
    ];
  });
}
