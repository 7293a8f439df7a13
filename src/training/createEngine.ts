/** Creates the engine of a backend, and chooses a backend for `auto`. */
import { createCpuEngine, type CpuEngine } from '../cpu/engine.ts';
import { createDataset, type Dataset } from '../data/dataset.ts';
import { chooseFastest, medianInterval, timerResolution } from '../cpu/threadChoice.ts';
import { shuffledOrder } from '../data/shuffle.ts';
import {
  DeviceLostError,
  LimitError,
  NoAdapterError,
  NoThreadsError,
  OutOfMemoryError,
  ThreadLostError,
} from '../errors.ts';
import { adapterName, type AdapterDescription } from '../gpu/adapter.ts';
import type { PlanOrigin } from '../gpu/createEngine.ts';
import type { Device } from '../gpu/device.ts';
import { requireOneOf } from '../network/functions.ts';
import type { Network } from '../network/network.ts';
import { Random } from '../network/random.ts';
import { createReferenceEngine } from '../reference/engine.ts';
import { TrainingCursor } from '../engine/cursor.ts';
import { stepsPerEpoch } from '../engine/batches.ts';
import { backends, type Engine } from '../engine/engine.ts';
import type { OpenEngine } from './recovery.ts';
import type { TrainerOptions } from './trainerOptions.ts';

/** The engine of a trainer. What it runs on may change: a `RecoveringEngine` moves to another device. */
export interface CreatedEngine {
  readonly engine: Engine & {
    readonly adapter?: AdapterDescription | undefined;
    readonly planOrigin?: PlanOrigin | undefined;
    /** The reason for `auto`'s choice, if it may change. */
    readonly choice?: string | undefined;
  };
  /** The reason for `auto`'s choice. */
  readonly choice?: string;
}

/** @throws the errors of the chosen backend; `auto` falls back to `cpu` if there is no GPU */
export async function createEngine(
  network: Network,
  options: TrainerOptions,
): Promise<CreatedEngine> {
  const backend = requireOneOf('backend', options.backend ?? 'auto', [...backends, 'auto']);
  switch (backend) {
    case 'webgpu':
      return await createOnGpu(network, options);
    case 'cpu':
      return { engine: await createOnCpu(network, options) };
    case 'reference':
      return { engine: createReferenceEngine({ ...options, network }) };
    case 'auto':
      return await createFastest(network, options);
  }
}

const nothing = (): void => undefined;

/** Loaded only if a GPU is used: the kernels and their tools are more than half of the code that a page would load. */
async function loadGpu() {
  const [{ createGpuEngine }, { Device }, { RecoveringEngine }] = await Promise.all([
    import('../gpu/createEngine.ts'),
    import('../gpu/device.ts'),
    import('./recovery.ts'),
  ]);
  return { createGpuEngine, Device, RecoveringEngine };
}

/** @param auto the device that `auto` has chosen, and the reason */
async function createOnGpu(
  network: Network,
  options: TrainerOptions,
  auto?: Pick<OpenEngine, 'release'> & { readonly device: Device; readonly choice: string },
): Promise<CreatedEngine> {
  const { createGpuEngine, RecoveringEngine } = await loadGpu();
  const opened = auto
    ? { ...(await createGpuEngine({ ...options, ...auto, network })), release: auto.release }
    : await openGpu(network, options);
  return {
    engine: new RecoveringEngine({
      ...{ network, options, opened },
      choice: auto?.choice,
      openGpu: (another, plan) =>
        createGpuEngine({ ...options, network, device: another, plan: plan ?? 'default' }),
      openCpu: () => createOnCpu(network, options),
    }),
  };
}

/** Devices on which a trainer is created at most, if each is lost meanwhile. */
const maxDevices = 3;

async function openGpu(network: Network, options: TrainerOptions) {
  const { createGpuEngine } = await loadGpu();
  for (let devices = 1; ; devices++) {
    const another = devices > 1 ? await options.device?.requestAnother() : undefined;
    try {
      const opened = await createGpuEngine({
        ...{ ...options, network },
        ...(another && { device: another }),
      });
      return another ? { ...opened, release: () => another.destroy() } : opened;
    } catch (error) {
      another?.destroy();
      const isFinal = devices === maxDevices || options.onDeviceLost === 'throw';
      if (isFinal || !(error instanceof DeviceLostError)) throw error;
    }
  }
}

function createOnCpu(network: Network, options: TrainerOptions): Promise<CpuEngine> {
  const { threads, stream } = options;
  return createCpuEngine({ ...options, network }, { threads, stream });
}

/** Errors of a GPU that is missing, too small or lost. */
const noGpu = [NoAdapterError, LimitError, OutOfMemoryError, DeviceLostError] as const;
/** Errors of a CPU engine without enough memory or without threads. */
const noCpu = [OutOfMemoryError, NoThreadsError, ThreadLostError] as const;

function isOneOf(error: unknown, types: typeof noGpu | typeof noCpu): error is Error {
  return types.some((type) => error instanceof type);
}

async function createFastest(network: Network, options: TrainerOptions): Promise<CreatedEngine> {
  const { gpu, isVisible, timeoutMs } = options;
  const { Device } = await loadGpu();
  let release = nothing;
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
  const { createGpuEngine } = await loadGpu();
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
