/**
 * The main job: trains presets on the CPU and on the GPU, holds the two against each other, and says how fast each
 * was. Knows neither DOM nor Node; the page and the command line show what it reports.
 */
import { sliceDataset, type Dataset } from '../data/dataset.ts';
import { NoAdapterError } from '../errors.ts';
import type { AdapterDescription } from '../gpu/adapter.ts';
import { Device } from '../gpu/device.ts';
import type { Plan } from '../gpu/plan.ts';
import { planFile, type PlanFile } from '../gpu/planFile.ts';
import { probeAdapter, type MeasuredLimits } from '../gpu/probes/probeAdapter.ts';
import { Network } from '../network/network.ts';
import { countParameters } from '../network/parameters.ts';
import { presets, type Preset, type PresetName } from '../network/presets.ts';
import { sgd } from '../training/optimizers.ts';
import { Trainer, type Progress } from '../training/trainer.ts';
import { judgeStep, type Verdict } from './limit.ts';
import { checkGradient } from './verification/gradient.ts';
import { planForSamples } from './verification/plan.ts';

export const defaultPresets: readonly PresetName[] = ['lecture', 'modern'];

export interface MainJobOptions {
  readonly training: Dataset;
  readonly test: Dataset;
  /** Default `navigator.gpu`. */
  readonly gpu?: GPU | undefined;
  /** Default {@link defaultPresets}. */
  readonly presets?: readonly PresetName[];
  /** How the GPU's steps are cut into kernels. Default: what follows from network, mini-batch and adapter. */
  readonly plans?: Readonly<Partial<Record<PresetName, Plan>>> | undefined;
  /** Default 1. */
  readonly epochs?: number;
  /** Seeds initialisation and shuffling. Default 1. */
  readonly seed?: number;
  readonly signal?: AbortSignal | undefined;
  /** Whether somebody looks at the page that this runs in, which is then kept responsive. Default: no. */
  readonly isVisible?: (() => boolean) | undefined;
  readonly onEvent?: (event: MainJobEvent) => void;
}

/** The two sides of the comparison, in the order in which they run. */
export const sides = ['cpu', 'webgpu'] as const;
export type SideName = (typeof sides)[number];

/** What happens while the job runs. */
export type MainJobEvent =
  | {
      readonly type: 'progress';
      readonly preset: PresetName;
      readonly side: SideName;
      /** Share of the whole job that is done, 0 to 1. */
      readonly done: number;
      readonly epoch: number;
      readonly step: number;
      /** Mean cost of the samples since the last event. */
      readonly cost: number;
      /** Share of them that the network got right. */
      readonly accuracy: number;
      readonly samplesPerSecond: number;
    }
  | {
      readonly type: 'side';
      readonly preset: PresetName;
      readonly side: SideName;
      readonly result: Side;
    };

/** How one backend did on one preset. */
export interface Side {
  /** Samples trained on, per second of training; evaluation not counted. */
  readonly samplesPerSecond: number;
  /** Seconds of training. */
  readonly seconds: number;
  /** Mean cost and accuracy on the test set after training. */
  readonly cost: number;
  readonly accuracy: number;
  /** Of the GPU: dispatches that a step was made of. */
  readonly dispatchesPerStep?: number;
  /** How a step was cut up, in words: into kernels, or over threads. */
  readonly plan?: string;
  /** Of the GPU: the same as what a plan file has. */
  readonly exactPlan?: PlanFile;
}

/** How the GPU's results were held against the others', and whether they held. */
export interface Agreement {
  /** What was compared with the reference. */
  readonly what: string;
  /** The worst error of an element, as a share of the bound it must keep: at most 1. */
  readonly worst: number;
  /** Difference of the two sides' test costs after training, as a share of the CPU's: at most {@link mostCostDrift}. */
  readonly costDrift: number;
  readonly verified: boolean;
}

/**
 * Rounding differs between the sides, and where a ReLU's z comes within a rounding of 0 they part for good; they
 * end in costs that are close, not equal. A wrong kernel ends elsewhere.
 */
export const mostCostDrift = 0.02;

export interface MainJobRow {
  readonly preset: PresetName;
  readonly layers: readonly number[];
  readonly batchSize: number;
  readonly epochs: number;
  readonly cpu: Side;
  /** Missing where there is no adapter. */
  readonly webgpu?: Side;
  /** GPU samples/s over CPU samples/s. */
  readonly ratio?: number;
  readonly agreement?: Agreement;
  /** How near the GPU came to what its adapter can do at most, and what limits it. */
  readonly limit?: Verdict;
}

export interface MainJobResult {
  /** Name of the training set. */
  readonly data: string;
  readonly adapter?: AdapterDescription;
  /** Why there is no GPU side, in a sentence. */
  readonly noAdapter?: string;
  /** Of the adapter, measured after the training. */
  readonly limits?: MeasuredLimits;
  readonly rows: readonly MainJobRow[];
}

/** For all the figures of the adapter together, which are wanted beside the training and not for themselves. */
const probeBudgetMs = 1000;

/** Reports of a side while it trains: enough for a smooth curve. */
const reportsPerSide = 100;

/**
 * Trains each preset on the CPU, then on the GPU, from the same weights in the same order.
 * @throws the signal's reason; typed errors of a device that fails. That there is no adapter is no error but
 *   part of the result
 */
export async function runMainJob(options: MainJobOptions): Promise<MainJobResult> {
  const { training, test, signal } = options;
  const names = options.presets ?? defaultPresets;
  const epochs = options.epochs ?? 1;
  const seed = options.seed ?? 1;
  let device: Device | undefined;
  let noAdapter: string | undefined;
  try {
    device = await Device.request({ gpu: options.gpu, isVisible: options.isVisible });
  } catch (error) {
    if (!(error instanceof NoAdapterError)) throw error;
    noAdapter = error.message;
  }

  const progress = new WorkDone(names, device ? sides.length : 1);
  try {
    const rows: MainJobRow[] = [];
    for (const name of names) {
      const preset: Preset = presets[name];
      const network = new Network({ ...preset.network, seed });
      const { batchSize } = preset;
      const optimizer = sgd(preset);
      const plan = options.plans?.[name];
      const train = async (side: SideName): Promise<Side> => {
        const trainer = await Trainer.create(network, {
          backend: side,
          batchSize,
          optimizer,
          seed,
          ...(device && { device }),
          ...(plan && { plan }),
        });
        try {
          return await trainSide(
            trainer,
            network,
            training,
            test,
            { epochs, signal },
            (report, done) =>
              options.onEvent?.({
                type: 'progress',
                preset: name,
                side,
                done: progress.at(name, done),
                ...report,
              }),
          );
        } finally {
          await trainer.dispose();
        }
      };
      const finish = (side: SideName, result: Side): Side => {
        progress.finished(name);
        options.onEvent?.({ type: 'side', preset: name, side, result });
        return result;
      };
      const cpu = finish('cpu', await train('cpu'));
      const webgpu = device && finish('webgpu', await train('webgpu'));
      const batch = sliceDataset(training, 0, Math.min(batchSize, training.sampleCount));
      const agreement =
        device && webgpu && (await compare(device, network, batch, plan, { cpu, webgpu }));
      rows.push({
        preset: name,
        layers: network.layers,
        batchSize,
        epochs,
        cpu,
        ...(webgpu && { webgpu, ratio: webgpu.samplesPerSecond / cpu.samplesPerSecond }),
        ...(agreement && { agreement }),
      });
    }
    const limits = device && (await probeAdapter(device, { budgetMs: probeBudgetMs, signal }));
    return {
      data: training.name,
      ...(device && { adapter: device.adapter }),
      ...(noAdapter !== undefined && { noAdapter }),
      ...(limits && { limits }),
      rows: limits ? rows.map((row) => withLimit(row, limits)) : rows,
    };
  } finally {
    device?.destroy();
  }
}

type Report = Pick<Progress, 'epoch' | 'step' | 'cost' | 'accuracy' | 'samplesPerSecond'>;

async function trainSide(
  trainer: Trainer,
  network: Network,
  training: Dataset,
  test: Dataset,
  { epochs, signal }: { readonly epochs: number; readonly signal: AbortSignal | undefined },
  onReport: (report: Report, done: number) => void,
): Promise<Side> {
  // Compiles and uploads, so that the clock below times training alone.
  await trainer.prepare(training);
  const total = epochs * training.sampleCount;
  const reportEvery = Math.max(1, Math.round(total / trainer.batchSize / reportsPerSide));
  let seconds = 0;
  let samples = 0;
  for await (const report of trainer.fit(training, { epochs, reportEvery, signal })) {
    seconds += report.seconds;
    samples += report.samples;
    const { epoch, step, cost, accuracy, samplesPerSecond } = report;
    onReport({ epoch, step, cost, accuracy, samplesPerSecond }, samples / total);
  }
  const { cost, accuracy } = await trainer.evaluate(test);
  const { dispatchesPerStep, plan, exactPlan } = trainer;
  return {
    samplesPerSecond: samples / seconds,
    seconds,
    cost,
    accuracy,
    ...(dispatchesPerStep !== undefined && { dispatchesPerStep }),
    ...(plan !== undefined && { plan }),
    ...(exactPlan && { exactPlan: planFile(network, exactPlan) }),
  };
}

function withLimit(row: MainJobRow, limits: MeasuredLimits): MainJobRow {
  const { preset, layers, batchSize, webgpu } = row;
  if (webgpu?.dispatchesPerStep === undefined) return row;
  const { momentum }: Preset = presets[preset];
  const limit = judgeStep(limits, {
    layers,
    batchSize,
    momentCount: momentum > 0 ? 1 : 0,
    dispatches: webgpu.dispatchesPerStep,
    seconds: batchSize / webgpu.samplesPerSecond,
  });
  return { ...row, limit };
}

/** The GPU's first gradient against the reference's, and where the two sides ended against each other. */
async function compare(
  device: Device,
  network: Network,
  batch: Dataset,
  plan: Plan | undefined,
  { cpu, webgpu }: { readonly cpu: Side; readonly webgpu: Side },
): Promise<Agreement> {
  const given = plan && { plan: planForSamples(plan, network, batch.sampleCount) };
  const worst = await checkGradient(device, network, batch, given);
  const costDrift = Math.abs(webgpu.cost - cpu.cost) / cpu.cost;
  return {
    what: 'first gradient against float64',
    worst,
    costDrift,
    verified: worst <= 1 && costDrift <= mostCostDrift,
  };
}

/** Share of the whole job that is done, by the arithmetic each preset takes. */
class WorkDone {
  readonly #total: number;
  #done = 0;

  constructor(names: readonly PresetName[], sideCount: number) {
    this.#total = sideCount * names.reduce((sum, name) => sum + work(name), 0);
  }

  at(name: PresetName, share: number): number {
    return (this.#done + share * work(name)) / this.#total;
  }

  finished(name: PresetName): void {
    this.#done += work(name);
  }
}

function work(name: PresetName): number {
  return countParameters(presets[name].network.layers);
}
