/**
 * Trainings and evaluations described by plain data. The command line runs them in its own process or sends them to a
 * browser's page; both run this code. Knows neither DOM nor Node.
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

/** The network that a job works on, as data. */
export interface NetworkDescription extends PlainNetworkOptions {
  /** Weights and biases to start from; drawn by the initialiser when left out. */
  readonly parameters?: Float32Array | undefined;
}

/** All that decides what a training computes. */
export interface TrainConfiguration extends OptimizerConfiguration {
  readonly network: NetworkDescription;
  readonly batchSize: number;
  /** Default: gradients are applied as they are. */
  readonly clipNorm?: number | undefined;
  /** Exactly one of `epochs` and `steps` is given. */
  readonly epochs?: number | undefined;
  readonly steps?: number | undefined;
  /** Of the shuffling. */
  readonly seed: number;
  readonly shuffle: boolean;
  readonly backend: Backend | 'auto';
  /** On the CPU. Default: as many as trials find fastest. */
  readonly threads?: number | undefined;
  /** Default: only a training set that is too large for the device. */
  readonly stream?: boolean | undefined;
  /** Default: what follows from network, mini-batch and adapter. */
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

/** What did the arithmetic. */
export interface EngineFacts {
  readonly backend: Backend;
  /** How `auto` chose, in a sentence. */
  readonly choice?: string;
  /** How a step is cut up, in words. */
  readonly plan?: string;
  /** The same as data. */
  readonly exactPlan?: EnginePlan;
  readonly adapter?: AdapterDescription;
}

/** What happens while a training runs. */
export type TrainEvent =
  | {
      readonly type: 'start';
      readonly engine: EngineFacts;
      readonly stepsPerEpoch: number;
      /** That are to be made. */
      readonly steps: number;
    }
  | (TrainProgress & { readonly type: 'progress' })
  | { readonly type: 'epoch'; readonly result: EpochResult };

export interface TrainResult {
  readonly engine: EngineFacts;
  /** The last one may be unfinished; see `EpochResult.isComplete`. */
  readonly epochs: readonly EpochResult[];
  /** Steps made: fewer than asked for only when the signal stopped it. */
  readonly steps: number;
  readonly isStopped: boolean;
  /** On the test set, with the final parameters. */
  readonly evaluation: Evaluation;
  readonly parameters: Float32Array<ArrayBuffer>;
  /** Of the final parameters, see {@link hashParameters}. */
  readonly sha256: string;
}

/**
 * Trains, and evaluates after each epoch. When the signal aborts, it stops after the steps under way and gives
 * what was reached.
 * @throws what `Trainer` throws, but never the signal's reason
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
    // A command line's browser has no window, so no reader waits for a frame.
    isVisible: () => false,
  });
  try {
    // Ahead of the clock, which is to time training alone.
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
    // Steps made after the last report count as well, so the last evaluation may be of other parameters.
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
  /** Of the parameters, see {@link hashParameters}. */
  readonly sha256: string;
}

/**
 * Evaluates a network on the test set.
 * @throws what `Trainer` throws
 */
export async function runEvaluation(
  configuration: EvaluateConfiguration,
  { test }: Pick<JobData, 'test'>,
  { gpu, signal }: JobContext = {},
): Promise<EvaluateResult> {
  const network = createNetwork(configuration.network);
  requireFits(network, test);
  const trainer = await Trainer.create(network, {
    // Nothing is trained, and a trainer wants to know how it would be.
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

/** Parameters × samples between two reports of a CPU: a tenth of a second with SIMD, some seconds in float64. */
const workPerReport = 1e9;

function reportEvery({ adapter }: EngineFacts, network: Network, batchSize: number): number {
  const maxSteps = 100;
  if (adapter?.isSoftware === false) return maxSteps;
  const steps = Math.round(workPerReport / (network.parameterCount * batchSize));
  return Math.min(maxSteps, Math.max(1, steps));
}
