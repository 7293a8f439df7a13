/**
 * Trainings and evaluations as plain data. The command line runs them in its own process or in a browser's page, so this
 * module uses neither the DOM nor Node.
 */
import type { Dataset } from '../data/dataset.ts';
import { ConfigurationError } from '../errors.ts';
import { float32Tensor } from '../formats/safetensors.ts';
import { sha256 } from '../formats/sha256.ts';
import type { AdapterDescription } from '../gpu/adapter.ts';
import { Network, type PlainNetworkOptions } from '../network/network.ts';
import { requireFits, stepsPerEpoch } from '../engine/batches.ts';
import type { Backend, EnginePlan, Evaluation } from '../engine/engine.ts';
import { sgd } from '../engine/optimizers.ts';
import { createOptimizer, type OptimizerConfiguration } from './optimizerConfiguration.ts';
import type { RecoveryEvent } from '../training/recovery.ts';
import type { Resumption } from '../training/resume.ts';
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
  /** See `DeviceOptions`. */
  readonly timeoutMs?: number | undefined;
  /** Default: chosen by network, mini-batch and adapter. */
  readonly plan?: EnginePlan | undefined;
  /** A checkpoint to continue. It decides everything but the length, `backend`, `threads`, `stream` and `timeoutMs`. */
  readonly resume?: Uint8Array | undefined;
  /** Asks for checkpoints: before the first step, at times during the training, and at the end. */
  readonly checkpoints?: CheckpointConfiguration | undefined;
}

export interface CheckpointConfiguration {
  /** See `CheckpointOptions`. */
  readonly note: string;
  /** Steps from one checkpoint to the next report that makes one. Default: a minute. */
  readonly everySteps?: number | undefined;
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
  /** Like `onEvent`, but resolves when the caller has dealt with the event. It rejects where the caller failed. */
  readonly deliver?: ((event: Event) => Promise<unknown>) | undefined;
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
  | { readonly type: 'epoch'; readonly result: EpochResult }
  /** Delivered; training waits until the checkpoint is stored. */
  | { readonly type: 'checkpoint'; readonly bytes: Uint8Array; readonly step: number }
  | RecoveryEvent;

export interface TrainResult {
  /** At the end. */
  readonly engine: EngineFacts;
  /** How often the GPU was lost. */
  readonly deviceLosses: number;
  /** The last epoch may be unfinished; see `EpochResult.isComplete`. */
  readonly epochs: readonly EpochResult[];
  /** Fewer than requested only if the signal stopped the training. */
  readonly steps: number;
  readonly isStopped: boolean;
  /** The checkpoint that was continued. Its steps count in `steps`, but are not in `epochs`. */
  readonly resumedFrom?: Omit<Resumption, 'note'>;
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
  { gpu, signal, onEvent, deliver }: JobContext<TrainEvent> = {},
): Promise<TrainResult> {
  const network = createNetwork(configuration.network);
  requireFits(network, training);
  requireFits(network, test);
  const { batchSize, epochs, steps, checkpoints } = configuration;
  const perEpoch = stepsPerEpoch(training.sampleCount, batchSize);
  const total = steps ?? (epochs ?? 1) * perEpoch;
  let deviceLosses = 0;
  const trainer = await createTrainer(configuration, network, {
    ...{ perEpoch, total, gpu },
    onRecovery: (event) => {
      if (event.type === 'lost') deviceLosses++;
      onEvent?.(event);
    },
  });
  try {
    if (trainer.step > total) {
      throw new ConfigurationError(
        `The checkpoint is at step ${trainer.step}, but the run should end at step ${total}. Ask for at least ${trainer.step} steps.`,
      );
    }
    // Before the clock starts, which times training only.
    await trainer.prepare(training);
    const engine = engineFacts(trainer);
    const keepCheckpoint = async () => {
      if (!checkpoints) return;
      const { step } = trainer;
      const bytes = await trainer.checkpoint({ note: checkpoints.note });
      await deliver?.({ type: 'checkpoint', bytes, step });
    };
    // A disk that cannot be written is found before the first step.
    await keepCheckpoint();
    const isDue = checkpointClock(checkpoints, trainer.step);
    onEvent?.({ type: 'start', engine, stepsPerEpoch: perEpoch, steps: total });

    const results: EpochResult[] = [];
    const record = (result: EpochResult) => {
      results.push(result);
      onEvent?.({ type: 'epoch', result });
    };
    const meter = new EpochMeter();
    const reportAfter = Math.min(
      reportEvery(engine, network, batchSize),
      checkpoints?.everySteps ?? Infinity,
    );
    try {
      if (trainer.step < total) {
        const left = { steps: total - trainer.step, reportEvery: reportAfter, signal };
        for await (const report of trainer.fit(training, left)) {
          const progress = meter.add(report);
          onEvent?.({ type: 'progress', ...progress });
          if (report.endOfEpoch) record(meter.end(await trainer.evaluate(test)));
          // The last one follows below.
          if (report.step < total && isDue(report.step)) await keepCheckpoint();
        }
      }
    } catch (error) {
      if (signal?.aborted !== true || error !== signal.reason) throw error;
    }
    await keepCheckpoint();
    const isStopped = trainer.step < total;
    // After a stop, steps may follow the last report, so the last evaluation may be outdated.
    const last = results.at(-1);
    const isCurrent = last?.step === trainer.step;
    const evaluation = isCurrent ? last.evaluation : await trainer.evaluate(test);
    if (!isCurrent && meter.hasReports) record(meter.end(evaluation));
    const { parameters } = await trainer.network();
    return {
      engine: engineFacts(trainer),
      deviceLosses,
      epochs: results,
      steps: trainer.step,
      isStopped,
      ...(trainer.resumedFrom && { resumedFrom: withoutNote(trainer.resumedFrom) }),
      evaluation,
      parameters,
      sha256: await hashParameters(parameters),
    };
  } finally {
    await trainer.dispose();
  }
}

async function createTrainer(
  configuration: TrainConfiguration,
  network: Network,
  run: {
    readonly perEpoch: number;
    readonly total: number;
    readonly gpu: GPU | undefined;
    readonly onRecovery: (event: RecoveryEvent) => void;
  },
): Promise<Trainer> {
  const { batchSize, clipNorm, seed, shuffle, backend, threads, stream, timeoutMs, plan, resume } =
    configuration;
  const machine = {
    backend,
    threads,
    timeoutMs,
    ...(stream !== undefined && { stream }),
    ...(run.gpu && { gpu: run.gpu }),
    // The command line's browser has no window, so there are no frames to keep free.
    isVisible: () => false,
    onRecovery: run.onRecovery,
  };
  if (resume) return await Trainer.resume(resume, machine);
  const length = { stepsPerEpoch: run.perEpoch, steps: run.total };
  return await Trainer.create(network, {
    ...{ ...machine, batchSize, seed, shuffle },
    optimizer: createOptimizer(configuration, length),
    ...(clipNorm !== undefined && { clipNorm }),
    ...(plan && { plan }),
  });
}

/** Milliseconds between two checkpoints, by default. */
const checkpointMs = 60_000;

/** A function that says at each report whether to write a checkpoint. */
function checkpointClock(checkpoints: CheckpointConfiguration | undefined, start: number) {
  const { everySteps } = checkpoints ?? {};
  let [step, time] = [start, performance.now()];
  return (now: number): boolean => {
    if (!checkpoints) return false;
    const isDue =
      everySteps === undefined
        ? performance.now() >= time + checkpointMs
        : now >= step + everySteps;
    if (isDue) [step, time] = [now, performance.now()];
    return isDue;
  };
}

/** Without the note, which may be long. */
function withoutNote(resumption: Resumption): Omit<Resumption, 'note'> {
  const { step, epoch, stepOfEpoch, backend, adapter, plan, planProblem } = resumption;
  return {
    ...{ step, epoch, stepOfEpoch, backend },
    ...(adapter && { adapter }),
    ...(plan !== undefined && { plan }),
    ...(planProblem !== undefined && { planProblem }),
  };
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
