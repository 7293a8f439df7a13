/** From a backend's name to an engine, and `auto`'s choice between them. */
import { createCpuEngine } from '../cpu/engine.ts';
import { createDataset, type Dataset } from '../data/dataset.ts';
import { fileOrder } from '../data/shuffle.ts';
import { LimitError, NoAdapterError, OutOfMemoryError } from '../errors.ts';
import { adapterName, type AdapterDescription } from '../gpu/adapter.ts';
import { Device } from '../gpu/device.ts';
import { GpuEngine } from '../gpu/engine.ts';
import type { Plan } from '../gpu/plan.ts';
import { planFile, readPlanFile } from '../gpu/planFile.ts';
import { findPlan } from '../gpu/tuning/planCache.ts';
import { requireOneOf } from '../network/functions.ts';
import type { Network } from '../network/network.ts';
import { Random } from '../network/random.ts';
import { createReferenceEngine } from '../reference/engine.ts';
import { backends, type Engine } from './engine.ts';
import type { TrainerOptions } from './trainerOptions.ts';

/** Whether the plan follows from the adapter, was the caller's, was tuned here, or came with nudge. */
export type PlanOrigin = 'default' | 'given' | 'cache' | 'shipped';

export interface CreatedEngine {
  readonly engine: Engine;
  readonly adapter?: AdapterDescription;
  /** How `auto` chose. */
  readonly choice?: string;
  readonly planOrigin?: PlanOrigin;
  /** Frees what was made beside the engine, after the engine is disposed. */
  readonly release: () => void;
}

/** @throws what the chosen backend throws; `auto` falls back to `cpu` where there is no GPU */
export async function createEngine(
  network: Network,
  options: TrainerOptions,
): Promise<CreatedEngine> {
  const backend = requireOneOf('backend', options.backend ?? 'auto', [...backends, 'auto']);
  switch (backend) {
    case 'webgpu':
      return await createGpuEngine(network, options);
    case 'cpu':
      return { engine: await createOnCpu(network, options), release: nothing };
    case 'reference':
      return { engine: createReferenceEngine({ ...options, network }), release: nothing };
    case 'auto':
      return await createFastest(network, options);
  }
}

const nothing = (): void => undefined;

function createOnCpu(network: Network, options: TrainerOptions): Promise<Engine> {
  const { threads, stream } = options;
  return createCpuEngine({ ...options, network }, { threads, stream });
}

async function createGpuEngine(
  network: Network,
  options: TrainerOptions,
): Promise<CreatedEngine & { readonly adapter: AdapterDescription }> {
  const { gpu, isVisible } = options;
  const device = options.device ?? (await Device.request({ gpu, isVisible }));
  const release = options.device ? nothing : () => device.destroy();
  try {
    const { plan, planOrigin } = await resolvePlan(device, network, options);
    const engine = await GpuEngine.create(device, { ...options, network, plan });
    return { engine, adapter: device.adapter, planOrigin, release };
  } catch (error) {
    release();
    throw error;
  }
}

/** @throws {FormatError} for a plan that is no plan */
async function resolvePlan(
  device: Device,
  network: Network,
  { plan, planCache, batchSize }: TrainerOptions,
): Promise<{ readonly plan: Plan | undefined; readonly planOrigin: PlanOrigin }> {
  if (typeof plan === 'object') {
    // It may come from a file, by whatever way.
    const read = readPlanFile(planFile(network, plan), network);
    return { plan: read, planOrigin: 'given' };
  }
  const choice = requireOneOf('plan', plan ?? 'default', ['default', 'tuned']);
  const found =
    choice === 'tuned' ? await findPlan(device, network, batchSize, planCache) : undefined;
  return { plan: found?.plan, planOrigin: found?.from ?? 'default' };
}

/** Errors of a GPU that is not there, or too small. */
const noGpu = [NoAdapterError, LimitError, OutOfMemoryError] as const;

async function createFastest(network: Network, options: TrainerOptions): Promise<CreatedEngine> {
  const onCpu = async (why: string): Promise<CreatedEngine> => ({
    engine: await createOnCpu(network, options),
    release: nothing,
    choice: `cpu: ${why}`,
  });
  let gpu: Awaited<ReturnType<typeof createGpuEngine>>;
  try {
    gpu = await createGpuEngine(network, options);
  } catch (error) {
    // No GPU, or one that cannot hold this network, is no reason not to train.
    if (noGpu.some((type) => error instanceof type)) return await onCpu((error as Error).message);
    throw error;
  }
  const { engine, adapter, release } = gpu;
  if (adapter.isSoftware) {
    await engine.dispose();
    release();
    return await onCpu(`the only adapter is ${adapterName(adapter)}`);
  }
  // The trials train, so each trains an engine of its own.
  const trial = await createOnCpu(network, options);
  let cpuRate: number;
  let gpuRate: number;
  let cpuPlan: string | undefined;
  try {
    cpuRate = await stepsPerSecond(trial, network, options.batchSize);
    cpuPlan = trial.plan;
    gpuRate = await stepsPerSecond(engine, network, options.batchSize);
  } finally {
    await trial.dispose();
    await engine.dispose();
    release();
  }
  const rates = `${Math.round(gpuRate)} steps/s on ${adapterName(adapter)}, ${Math.round(cpuRate)} on the CPU (${cpuPlan})`;
  if (gpuRate <= cpuRate) return await onCpu(rates);
  return { ...(await createGpuEngine(network, options)), choice: `webgpu: ${rates}` };
}

/** Milliseconds that `auto` tries each backend for, once it is warm. */
const trialMs = 100;

/** Trains on noise for a moment. Of its values a quarter is not 0, as in a drawn digit: the CPU leaves zeros out. */
async function stepsPerSecond(
  engine: Engine,
  network: Network,
  batchSize: number,
): Promise<number> {
  const batches = 4;
  const noise = noiseDataset(batches * batchSize, network);
  await engine.load(noise);
  await engine.settle?.();
  let best = 0;
  const start = performance.now();
  for (let elapsed = 0; elapsed < trialMs; elapsed = performance.now() - start) {
    const before = performance.now();
    const rounds = best === 0 ? 1 : Math.max(1, Math.round((best * trialMs) / 4000 / batches));
    const runs = Array.from({ length: rounds }, () => {
      engine.beginEpoch(fileOrder(noise.sampleCount), 0);
      return engine.run(batches);
    });
    await Promise.all(runs);
    best = Math.max(best, (rounds * batches * 1000) / (performance.now() - before));
  }
  return best;
}

function noiseDataset(sampleCount: number, { layers }: Network): Dataset {
  const random = new Random(0, 0);
  const classCount = Math.min(256, layers.at(-1)!);
  return createDataset({
    name: 'noise',
    featureCount: layers[0]!,
    classCount,
    features: Uint8Array.from({ length: sampleCount * layers[0]! }, () =>
      random.integer(4) === 0 ? random.integer(256) : 0,
    ),
    labels: Uint8Array.from({ length: sampleCount }, () => random.integer(classCount)),
  });
}
