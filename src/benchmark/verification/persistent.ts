/** Checks the persistent kernel against the reference engine: several steps of several networks in one dispatch. */
import { paddedRows } from '../../../shaders/batch.ts';
import { divergedBit, persistent, scratchVec4s } from '../../../shaders/persistent.ts';
import { createDataset, type Dataset } from '../../data/dataset.ts';
import { shuffledOrder } from '../../data/shuffle.ts';
import { TrainingCursor } from '../../engine/cursor.ts';
import { sgd } from '../../engine/optimizers.ts';
import type { Device } from '../../gpu/device.ts';
import { packLayer, packSamples, unpackLayer } from '../../gpu/layout.ts';
import { stepLayers } from '../../gpu/layers.ts';
import { optimizerScalarsOf, updateRuleOf } from '../../gpu/optimizerScalars.ts';
import { parameterPlaces } from '../../gpu/parameterStore.ts';
import { choosePersistentPlan } from '../../gpu/plan/persistent.ts';
import type { PlanAdapter } from '../../gpu/plan/plan.ts';
import { Network, type PlainNetworkOptions } from '../../network/network.ts';
import { parameterLayout } from '../../network/parameters.ts';
import { createReferenceEngine } from '../../reference/engine.ts';
import { floats, poison, runKernel } from './kernelRunner.ts';
import { Samples, Worst } from './samples.ts';
import { trajectoryShare } from './trajectories.ts';

const batchSize = 9;
const [sampleCount, featureCount, classCount] = [23, 17, 6];
/** The last is of 5 samples. */
const steps = Math.ceil(sampleCount / batchSize);
/** Of each network. */
const learningRates = [0.5, 0.05];

/** The plan is made for this adapter, and for this many networks. Any adapter can run it. */
export interface PersistentCase {
  /** The layers begin with 17 and end with 6. */
  readonly network: PlainNetworkOptions;
  readonly adapter: PlanAdapter;
  /** Default 1. */
  readonly planned?: number;
  /** Default: all steps of the epoch. */
  readonly maxSteps?: number;
  /** Whether a weight of the second network is infinite: the check is then that it alone diverges. */
  readonly isInfinite?: boolean;
}

function drawDataset(): Dataset {
  const samples = new Samples(40, 'random');
  return createDataset({
    ...{ name: 'drawn', featureCount, classCount },
    features: samples.bytes(sampleCount * featureCount),
    labels: Uint8Array.from(samples.integers(sampleCount, classCount)),
  });
}

const networksOf = (options: PlainNetworkOptions) =>
  learningRates.map((_, n) => new Network({ ...options, seed: n + 1 }));

export interface PersistentResult {
  readonly parameters: Float32Array;
  readonly steps: number;
  readonly costSum: number;
  readonly correct: number;
  readonly diverged: boolean;
  /** Whether its part of `scratch` was written: networks that share one disturb each other where they run at once. */
  readonly hasOwnScratch: boolean;
}

/** One dispatch. @returns the parameters and metrics of both networks */
export async function runPersistent(
  device: Device,
  { network: options, adapter, planned = 1, maxSteps, isInfinite = false }: PersistentCase,
): Promise<readonly PersistentResult[]> {
  const networks = networksOf(options);
  const network = networks[0]!;
  const dataset = drawDataset();
  const rows = paddedRows(batchSize);
  const step = stepLayers(network, batchSize);
  const { offsets, stride } = parameterPlaces(network);
  const count = networks.length;
  const optimizers = learningRates.map((learningRate) => sgd({ learningRate }));
  const kernel = persistent({
    ...choosePersistentPlan(network, batchSize, adapter, planned),
    ...(maxSteps !== undefined && { maxSteps }),
    optimizer: updateRuleOf(optimizers[0]!),
    networks: count,
    ...{ step, parameterStride: stride },
  });
  const parameters = new Float32Array(4 * stride * count);
  const rates = new Float32Array(4 * steps * count);
  const order = new Uint32Array(sampleCount * count);
  networks.forEach((one, n) => {
    parameterLayout(one.layers).forEach(({ inputs, outputs }, l) => {
      const layer = packLayer(one.weights(l), one.biases(l), inputs, outputs);
      parameters.set(layer, 4 * (stride * n + offsets[l]!));
    });
    if (isInfinite && n === 1) parameters[4 * stride * n] = Infinity;
    rates.set(optimizerScalarsOf(optimizers[n]!)(0, steps), 4 * steps * n);
    order.set(shuffledOrder(n, 0, sampleCount), sampleCount * n);
  });
  const bytes = new Uint8Array(sampleCount * 4 * Math.ceil(featureCount / 4));
  packSamples(dataset.features, sampleCount, featureCount, bytes);
  const result = await runKernel(device, kernel, {
    parameters,
    optimizerScalars: rates,
    order,
    scratch: { poisoned: 4 * scratchVec4s(step) * count },
    samples: new Uint32Array(bytes.buffer),
    labels: Uint32Array.from(dataset.labels),
    progress: new Uint32Array(count + 2 * rows * count),
    settings: Uint32Array.of(sampleCount, steps, steps, 0),
  });
  const words = result.get('progress')!;
  const scratchWords = 4 * scratchVec4s(step);
  const scratchOf = (n: number) =>
    result.get('scratch')!.subarray(scratchWords * n, scratchWords * (n + 1));
  return networks.map((one, n) => {
    const found = floats(result.get('parameters')!).subarray(4 * stride * n);
    const values = new Float32Array(one.parameterCount);
    parameterLayout(one.layers).forEach(({ inputs, outputs, weightOffset, biasOffset }, l) => {
      const layer = unpackLayer(found.subarray(4 * offsets[l]!), inputs, outputs);
      values.set(layer.weights, weightOffset);
      values.set(layer.biases, biasOffset);
    });
    const metrics = words.subarray(count + 2 * rows * n, count + 2 * rows * (n + 1));
    const sum = (array: ArrayLike<number>, odd: number) =>
      Array.from(array).reduce((total, value, i) => total + (i % 2 === odd ? value : 0), 0);
    return {
      parameters: values,
      steps: words[n]!,
      costSum: sum(floats(metrics.slice()), 0),
      correct: sum(metrics, 1),
      hasOwnScratch: scratchOf(n).some((word) => word !== poison),
      diverged: (metrics[1]! & divergedBit) !== 0,
    };
  });
}

/**
 * Checks three steps of two networks, the last batch short, against the reference engine.
 * @returns the largest error relative to its bound
 */
export async function checkPersistent(device: Device, options: PersistentCase): Promise<number> {
  const found = await runPersistent(device, options);
  const worst = new Worst();
  found.forEach(({ diverged, hasOwnScratch }, n) => {
    worst.note(Number(hasOwnScratch), 1, 0);
    worst.note(Number(diverged), Number(options.isInfinite === true && n === 1), 0);
  });
  if (options.isInfinite) return worst.share;
  for (const [n, network] of networksOf(options.network).entries()) {
    const optimizer = sgd({ learningRate: learningRates[n]! });
    const reference = createReferenceEngine({ network, batchSize, optimizer });
    await reference.load(drawDataset());
    reference.beginEpoch(shuffledOrder(n, 0, sampleCount), new TrainingCursor());
    const truth = await reference.run(steps);
    const { parameters, ...metrics } = found[n]!;
    worst.note(trajectoryShare(network, parameters, await reference.readParameters()), 0, 1);
    worst.note(metrics.steps, steps, 0);
    worst.note(metrics.correct, truth.correct, 0);
    worst.note(metrics.costSum, truth.costSum, 5e-4);
  }
  return worst.share;
}
