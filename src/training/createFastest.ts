/** Chooses the backend for `auto`. */
import type { CpuEngine } from '../cpu/engine.ts';
import { chooseFastest, medianInterval, timerResolution } from '../cpu/threadChoice.ts';
import { createDataset, type Dataset } from '../data/dataset.ts';
import { shuffledOrder } from '../data/shuffle.ts';
import { stepsPerEpoch } from '../engine/batches.ts';
import { TrainingCursor } from '../engine/cursor.ts';
import type { Engine } from '../engine/engine.ts';
import {
  DeviceLostError,
  LimitError,
  NoAdapterError,
  NoThreadsError,
  OutOfMemoryError,
  ThreadLostError,
} from '../errors.ts';
import { adapterName } from '../gpu/adapter.ts';
import { createGpuEngine } from '../gpu/createEngine.ts';
import { Device } from '../gpu/device.ts';
import type { Network } from '../network/network.ts';
import { Random } from '../network/random.ts';
import { createOnCpu, type CreatedEngine } from './createdEngine.ts';
import { createOnGpu } from './createOnGpu.ts';
import type { TrainerOptions } from './trainerOptions.ts';

/** Errors of a GPU that is missing, too small or lost. */
const noGpu = [NoAdapterError, LimitError, OutOfMemoryError, DeviceLostError] as const;
/** Errors of a CPU engine without enough memory or without threads. */
const noCpu = [OutOfMemoryError, NoThreadsError, ThreadLostError] as const;

function isOneOf(error: unknown, types: typeof noGpu | typeof noCpu): error is Error {
  return types.some((type) => error instanceof type);
}

/** @throws the errors of the backend that is left */
export async function createFastest(
  network: Network,
  options: TrainerOptions,
): Promise<CreatedEngine> {
  const { gpu, isVisible, timeoutMs } = options;
  let release = (): void => undefined;
  let comparison: Comparison;
  try {
    const device = options.device ?? (await Device.request({ gpu, isVisible, timeoutMs }));
    if (!options.device) release = () => device.destroy();
    comparison = device.adapter.isSoftware
      ? { backend: 'cpu', why: `the only adapter is ${adapterName(device.adapter)}` }
      : await compareOn(device, network, options);
    if (comparison.backend === 'webgpu') {
      const choice = `webgpu: ${comparison.why}`;
      return await createOnGpu(network, options, { device, release, choice });
    }
  } catch (error) {
    if (!isOneOf(error, noGpu)) {
      release();
      throw error;
    }
    // Without a GPU that can hold this network, the CPU trains.
    comparison = { backend: 'cpu', why: error.message };
  }
  release();
  return { engine: await createOnCpu(network, options), choice: `cpu: ${comparison.why}` };
}

/** The faster backend, and a sentence that gives the reason. */
export interface Comparison {
  readonly backend: 'webgpu' | 'cpu';
  readonly why: string;
}

/** Trains briefly on both backends, with temporary engines. @throws the errors of a GPU engine */
async function compareOn(
  device: Device,
  network: Network,
  given: TrainerOptions,
): Promise<Comparison> {
  // The trials use noise instead of the user's data, so a real learning rate could diverge.
  const optimizer = { ...given.optimizer, learningRate: 0 };
  const options = { ...given, device, optimizer };
  const { engine } = await createGpuEngine({ ...options, network });
  try {
    let cpu: CpuEngine;
    try {
      cpu = await createOnCpu(network, options);
    } catch (error) {
      if (isOneOf(error, noCpu)) return { backend: 'webgpu', why: error.message };
      throw error;
    }
    try {
      // The reference is tens of times slower than SIMD. A trial of a large network would take minutes.
      if (!cpu.build) return { backend: 'webgpu', why: `the CPU has only the ${cpu.plan}` };
      const name = adapterName(device.adapter);
      return await compareEngines({ engine, name }, cpu, network, given.batchSize);
    } finally {
      await cpu.dispose();
    }
  } finally {
    await engine.dispose();
  }
}

/** Milliseconds of all trials, and of one trial. */
const budgetMs = 500;
const trialMs = 25;
/** Maximum number of steps in a trial. */
const maxTrialSteps = 4096;
/**
 * Approximate size of the noise in bytes: more than caches hold, like real data. Then its maximum number of samples.
 */
const noiseBytes = 2 ** 24;
const maxNoiseSamples = 2 ** 16;

/**
 * Trains on noise with both engines alternately. A tie goes to the GPU, because it leaves the CPU's cores free.
 * @param cpu an engine whose plan is known once a training set is loaded
 */
export async function compareEngines(
  gpu: { readonly engine: Engine; readonly name: string },
  cpu: Engine,
  network: Network,
  batchSize: number,
): Promise<Comparison> {
  const noise = noiseDataset(network, batchSize);
  const trials = [await trialOn(gpu.engine, noise, batchSize)];
  try {
    trials.push(await trialOn(cpu, noise, batchSize));
  } catch (error) {
    if (isOneOf(error, noCpu)) return { backend: 'webgpu', why: error.message };
    throw error;
  }
  const rates = trials.map((): number[] => []);
  const { chosen, ratios } = await chooseFastest(
    trials.map((makeSteps, t) => async () => {
      const stepMs = await makeSteps();
      rates[t]!.push(1000 / stepMs);
      return stepMs;
    }),
    { budgetMs },
  );
  const [onGpu, onCpu] = rates.map(describeRate);
  const isTie = chosen === 0 && !(ratios[1]!.low > 1);
  return {
    backend: chosen === 0 ? 'webgpu' : 'cpu',
    why:
      `${onGpu} steps/s on ${gpu.name}, ${onCpu} on the CPU (${cpu.plan})` +
      (isTie ? '; a tie, and the GPU leaves the CPU cores free' : ''),
  };
}

/** '1234 (1200 to 1260)'. */
function describeRate(rates: readonly number[]): string {
  const { middle, low, high } = medianInterval(rates);
  return `${Math.round(middle)} (${Math.round(low)} to ${Math.round(high)})`;
}

/**
 * Prepares and warms up an engine.
 * @returns a function that trains for some milliseconds and returns the milliseconds per step
 */
async function trialOn(
  engine: Engine,
  training: Dataset,
  batchSize: number,
): Promise<() => Promise<number>> {
  await engine.load(training);
  await engine.settle?.();
  const perEpoch = stepsPerEpoch(training.sampleCount, batchSize);
  const order = shuffledOrder(1, 0, training.sampleCount);
  const makeSteps = async (steps: number): Promise<number> => {
    const begin = performance.now();
    const runs: Promise<unknown>[] = [];
    for (let left = steps; left > 0; left -= perEpoch) {
      engine.beginEpoch(order, new TrainingCursor());
      runs.push(engine.run(Math.min(left, perEpoch)));
    }
    await Promise.all(runs);
    return (performance.now() - begin) / steps;
  };
  let stepMs: number;
  // Steps double each time, because a GPU engine submits more steps at once only after it has timed fewer.
  let steps = 1;
  do {
    stepMs = await makeSteps(steps);
    steps *= 2;
  } while (stepMs * steps < 2 * trialMs && steps < maxTrialSteps);
  const eachMs = Math.max(trialMs, 10 * timerResolution());
  return async () => {
    const wanted = stepMs > 0 ? Math.round(eachMs / stepMs) : 1;
    stepMs = await makeSteps(Math.max(1, Math.min(wanted, maxTrialSteps)));
    return stepMs;
  };
}

/** Noise in whole mini-batches. A quarter of the values is not 0, like in a digit, because the CPU skips zeros. */
function noiseDataset({ layers }: Network, batchSize: number): Dataset {
  const random = new Random(0, 0);
  const featureCount = layers[0]!;
  const classCount = Math.min(256, layers.at(-1)!);
  const max = Math.min(maxNoiseSamples, noiseBytes / featureCount);
  const sampleCount = batchSize * Math.max(1, Math.floor(max / batchSize));
  const features = new Uint8Array(sampleCount * featureCount);
  // The period is a prime number, so that samples begin at different positions in it.
  const period = Uint8Array.from({ length: 65_521 }, () =>
    random.integer(4) === 0 ? random.integer(256) : 0,
  );
  for (let at = 0; at < features.length; at += period.length) {
    features.set(period.subarray(0, features.length - at), at);
  }
  const labels = Uint8Array.from({ length: sampleCount }, (_, n) => n % classCount);
  return createDataset({ name: 'noise', featureCount, classCount, features, labels });
}
