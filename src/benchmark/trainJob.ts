/**
 * Trainings and evaluations as plain data. The command line runs them in its own process or in a browser's page, so this
 * module uses neither the DOM nor Node.
 */
import type { Dataset } from '../data/dataset.ts';
import { float32Tensor } from '../formats/safetensors.ts';
import { sha256 } from '../formats/sha256.ts';
import type { AdapterDescription } from '../gpu/adapter.ts';
import { Network, type PlainNetworkOptions } from '../network/network.ts';
import { requireFits, stepsPerEpoch } from '../engine/batches.ts';
import type { Backend, EnginePlan, Evaluation } from '../engine/engine.ts';
import { sgd } from '../engine/optimizers.ts';
import { createOptimizer, type OptimizerConfiguration } from './optimizerConfiguration.ts';
import { Trainer } from '../training/trainer.ts';
import { EpochMeter, type EpochResult, type TrainProgress } from './epochMeter.ts';

export interface NetworkDescription extends PlainNetworkOptions {
  /** Initial weights and biases. Default: drawn by the initializer. */
  readonly parameters?: Float32Array | undefined;
}

/** Everything that determines the result of a training. */
export interface TrainConfiguration extends OptimizerConfiguration {
  readonly network: NetworkDescription;
  readonly batchSize: number;
  /** Default: no clipping. */
  readonly clipNorm?: number | undefined;
  /** Exactly one of `epochs` and `steps` is given. */
  readonly epochs?: number | undefined;
  readonly steps?: number | undefined;
  /** Seed of the shuffling. */
  readonly seed: number;
  readonly shuffle: boolean;
  readonly backend: Backend | 'auto';
  /** Threads of the CPU engine. Default: the fastest number by trials. */
  readonly threads?: number | undefined;
  /** Whether to stream the training set. Default: only if it is too large for the device. */
  readonly stream?: boolean | undefined;
  /** Default: chosen by network, mini-batch and adapter. */
  readonly plan?: EnginePlan | undefined;
}

export interface JobData {
  readonly training: Dataset;
  readonly test: Dataset;
}

export interface JobContext<Event = never> {
  /** Default `navigator.gpu`. */
  readonly gpu?: GPU | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: Event) => void) | undefined;
}

export interface EngineFacts {
  readonly backend: Backend;
  /** The choice of `auto` in a sentence. */
  readonly choice?: string;
  /** The execution plan in words. */
  readonly plan?: string;
  /** The execution plan as data. */
  readonly exactPlan?: EnginePlan;
  readonly adapter?: AdapterDescription;
}

export type TrainEvent =
  | {
      readonly type: 'start';
      readonly engine: EngineFacts;
      readonly stepsPerEpoch: number;
      /** Total of the training. */
      readonly steps: number;
    }
  | (TrainProgress & { readonly type: 'progress' })
  | { readonly type: 'epoch'; readonly result: EpochResult };

export interface TrainResult {
  readonly engine: EngineFacts;
  /** The last epoch may be unfinished; see `EpochResult.isComplete`. */
  readonly epochs: readonly EpochResult[];
  /** Fewer than requested only if the signal stopped the training. */
  readonly steps: number;
  readonly isStopped: boolean;
  /** On the test set, with the final parameters. */
  readonly evaluation: Evaluation;
  readonly parameters: Float32Array<ArrayBuffer>;
  /** See {@link hashParameters}. */
  readonly sha256: string;
}

/**
 * Trains a network and evaluates it after each epoch. If the signal aborts, it stops after the current steps and returns
 * the network trained so far.
 * @throws the errors of `Trainer`, but not the signal's reason
 */
export async function runTraining(
  configuration: TrainConfiguration,
  { training, test }: JobData,
  { gpu, signal, onEvent }: JobContext<TrainEvent> = {},
): Promise<TrainResult> {
  const network = createNetwork(configuration.network);
  requireFits(network, training);
  requireFits(network, test);
  const { batchSize, clipNorm, seed, shuffle, backend, threads, stream, plan, epochs, steps } =
    configuration;
  const perEpoch = stepsPerEpoch(training.sampleCount, batchSize);
  const total = steps ?? (epochs ?? 1) * perEpoch;
  const trainer = await Trainer.create(network, {
    batchSize,
    optimizer: createOptimizer(configuration, { stepsPerEpoch: perEpoch, steps: total }),
    ...(clipNorm !== undefined && { clipNorm }),
    seed,
    shuffle,
    backend,
    threads,
    ...(stream !== undefined && { stream }),
    ...(plan && { plan }),
    ...(gpu && { gpu }),
    // The command line's browser has no window, so there are no frames to keep free.
    isVisible: () => false,
  });
  try {
    // Before the clock starts, which times training only.
    await trainer.prepare(training);
    const engine = engineFacts(trainer);
    onEvent?.({ type: 'start', engine, stepsPerEpoch: perEpoch, steps: total });

    const results: EpochResult[] = [];
    const record = (result: EpochResult) => {
      results.push(result);
      onEvent?.({ type: 'epoch', result });
    };
    const meter = new EpochMeter();
    const reports = trainer.fit(training, {
      ...(steps === undefined ? { epochs: epochs ?? 1 } : { steps }),
      reportEvery: reportEvery(engine, network, batchSize),
      signal,
    });
    try {
      for await (const report of reports) {
        const progress = meter.add(report);
        onEvent?.({ type: 'progress', ...progress });
        if (report.endOfEpoch) record(meter.end(await trainer.evaluate(test)));
      }
    } catch (error) {
      if (signal?.aborted !== true || error !== signal.reason) throw error;
    }
    const isStopped = trainer.step < total;
    // After a stop, steps may follow the last report, so the last evaluation may be outdated.
    const last = results.at(-1);
    const isCurrent = last !== undefined && trainer.step === results.length * perEpoch;
    const evaluation = isCurrent ? last.evaluation : await trainer.evaluate(test);
    if (!isCurrent && meter.hasReports) record(meter.end(evaluation));
    const { parameters } = await trainer.network();
    return {
      engine,
      epochs: results,
      steps: trainer.step,
      isStopped,
      evaluation,
      parameters,
      sha256: await hashParameters(parameters),
    };
  } finally {
    await trainer.dispose();
  }
}

export interface EvaluateConfiguration {
  readonly network: NetworkDescription;
  readonly backend: Backend | 'auto';
}

export interface EvaluateResult {
  readonly engine: EngineFacts;
  /** On the test set. */
  readonly evaluation: Evaluation;
  /** See {@link hashParameters}. */
  readonly sha256: string;
}

/**
 * Evaluates a network on the test set.
 * @throws the errors of `Trainer`
 */
export async function runEvaluation(
  configuration: EvaluateConfiguration,
  { test }: Pick<JobData, 'test'>,
  { gpu, signal }: JobContext = {},
): Promise<EvaluateResult> {
  const network = createNetwork(configuration.network);
  requireFits(network, test);
  const trainer = await Trainer.create(network, {
    // A trainer requires these options; they do not affect an evaluation.
    batchSize: 100,
    optimizer: sgd({ learningRate: 1 }),
    backend: configuration.backend,
    ...(gpu && { gpu }),
  });
  try {
    signal?.throwIfAborted();
    return {
      engine: engineFacts(trainer),
      evaluation: await trainer.evaluate(test),
      sha256: await hashParameters(network.parameters),
    };
  } finally {
    await trainer.dispose();
  }
}

/** SHA-256 over the float32 little-endian bytes of all parameters, in the order of `Network.parameters`. */
export async function hashParameters(parameters: Float32Array): Promise<string> {
  return await sha256(float32Tensor([parameters.length], parameters).data);
}

function createNetwork({ parameters, ...options }: NetworkDescription): Network {
  return new Network(options, parameters);
}

function engineFacts({ backend, choice, plan, exactPlan, adapter }: Trainer): EngineFacts {
  return {
    backend,
    ...(choice !== undefined && { choice }),
    ...(plan !== undefined && { plan }),
    ...(exactPlan && { exactPlan }),
    ...(adapter && { adapter }),
  };
}

/** Parameters × samples between two reports of a CPU: 0.1 s with SIMD, some seconds in float64. */
const workPerReport = 1e9;

function reportEvery({ adapter }: EngineFacts, network: Network, batchSize: number): number {
  const maxSteps = 100;
  if (adapter?.isSoftware === false) return maxSteps;
  const steps = Math.round(workPerReport / (network.parameterCount * batchSize));
  return Math.min(maxSteps, Math.max(1, steps));
}
