/**
 * The benchmark: trains a ladder of workloads on every side in turn, proves the results, and says how fast each was.
 * Knows neither DOM nor Node.
 */
import type { Dataset } from '../data/dataset.ts';
import { ConfigurationError, NoAdapterError, NudgeError } from '../errors.ts';
import { sha256 } from '../formats/sha256.ts';
import { Device } from '../gpu/device.ts';
import { probeAdapter, type MeasuredLimits } from '../gpu/probes/probeAdapter.ts';
import { requireFits } from '../training/batches.ts';
import { reportAdapter, timerResolution } from './adapterReport.ts';
import { findCrossover } from './crossover.ts';
import type { BenchmarkEvent } from './events.ts';
import { accuracySides } from './expectation.ts';
import { RunProgress } from './progress.ts';
import type { LoadPeer } from './peerRun.ts';
import { Pulse } from './pulse.ts';
import { rounded } from './result/rounding.ts';
import { formatVersion } from './result/schema.ts';
import type {
  BenchmarkResult,
  Environment,
  Mark,
  MeasuredAdapterLimits,
  OwnSideName,
  TimeToAccuracy,
  WorkloadResult,
} from './result/schema.ts';
import { scoreOf } from './score.ts';
import { decideSettings, type BenchmarkSettings, type DecidedSettings } from './settings.ts';
import { timeToAccuracy } from './timeToAccuracy.ts';
import { findWorkload, sidesOf } from './workloads.ts';
import { describeSide, runWorkload } from './workloadRun.ts';

export type { BenchmarkSettings } from './settings.ts';

/** What the caller knows about where this runs, and this module cannot. */
export type Surroundings = Omit<
  Environment,
  'timerResolution' | 'adapter' | 'noAdapter' | 'features' | 'limits'
>;

export interface BenchmarkOptions extends BenchmarkSettings {
  readonly training: Dataset;
  readonly test: Dataset;
  readonly surroundings: Surroundings;
  readonly nudge: BenchmarkResult['nudge'];
  /** Default `navigator.gpu`. */
  readonly gpu?: GPU | undefined;
  /** Gives the other libraries, where `peers` asks for them. */
  readonly loadPeer?: LoadPeer | undefined;
  /** Stops the run; the result has what was finished by then, and a mark. */
  readonly signal?: AbortSignal | undefined;
  /** Aborts once the page was hidden: browsers slow hidden pages down, and the run is marked. */
  readonly hidden?: AbortSignal | undefined;
  /** An earlier result of the same settings that was stopped: workloads that it has are not run again. */
  readonly resume?: BenchmarkResult | undefined;
  readonly onEvent?: ((event: BenchmarkEvent) => void) | undefined;
}

/** Milliseconds for all the figures of the adapter together. */
const probeBudgetMs = 1000;
/** A step of the largest networks takes some seconds where a GPU is small, or none and shared with others. */
const patienceMs = 30_000;
/** What is trained up to an accuracy: the least that gets there. */
const accuracyWorkload = 'mid';

/**
 * Runs the benchmark.
 * @returns what was finished; that a side failed, that the run was stopped or disturbed are marks of it
 * @throws {ConfigurationError} for settings that make no sense, data of another size than the workloads', and a
 *   `resume` of another run
 * @throws {NoAdapterError} where `webgpu` is the only side that was asked for and there is none
 */
export async function runBenchmark(options: BenchmarkOptions): Promise<BenchmarkResult> {
  const run = await BenchmarkRun.begin(options);
  try {
    return await run.run();
  } finally {
    run.end();
  }
}

class BenchmarkRun {
  readonly #options: BenchmarkOptions;
  readonly #settings: DecidedSettings;
  #device: Device | undefined;
  readonly #environment: Environment;
  readonly #sha256: string;
  readonly #progress: RunProgress;
  readonly #pulse = new Pulse();
  readonly #startedAt: string;
  readonly #start = performance.now();
  readonly #secondsBefore: number;
  readonly #workloads: WorkloadResult[];
  readonly #marks: Mark[];
  readonly #times: TimeToAccuracy[];
  #limits: MeasuredLimits | undefined;

  private constructor(
    options: BenchmarkOptions,
    settings: DecidedSettings,
    device: Device | undefined,
    environment: Environment,
    digest: string,
  ) {
    const { resume } = options;
    this.#options = options;
    this.#settings = settings;
    this.#device = device;
    this.#environment = environment;
    this.#sha256 = digest;
    this.#startedAt = resume?.startedAt ?? new Date().toISOString();
    this.#secondsBefore = resume?.seconds ?? 0;
    this.#workloads = [...(resume?.workloads ?? [])];
    this.#marks = (resume?.marks ?? []).filter(({ kind }) => kind !== 'stopped');
    this.#times = [...(resume?.timesToAccuracy ?? [])];
    this.#progress = new RunProgress(settings, (event) => options.onEvent?.(event));
  }

  static async begin(options: BenchmarkOptions): Promise<BenchmarkRun> {
    const { gpu, training, test, surroundings, resume } = options;
    // Refused before anything is begun, whatever adapter there is.
    const { workloads } = decideSettings(options, 'hardware');
    for (const { network } of workloads) {
      requireFits(network, training);
      requireFits(network, test);
    }
    let device: Device | undefined;
    let noAdapter: string | undefined;
    if (options.sides?.includes('webgpu') ?? true) {
      try {
        device = await requestDevice(options);
      } catch (error) {
        if (!(error instanceof NoAdapterError) || options.sides?.length === 1) throw error;
        noAdapter = error.message;
      }
    }
    try {
      const kind = device ? (device.adapter.isSoftware ? 'software' : 'hardware') : 'none';
      const settings = decideSettings(options, kind);
      const environment: Environment = {
        ...surroundings,
        timerResolution: timerResolution(),
        ...(device && { adapter: device.adapter }),
        ...(noAdapter !== undefined && { noAdapter }),
        ...(await reportAdapter(device && (gpu ?? navigator.gpu))),
      };
      const digest = await digestOf(training, test);
      if (resume) requireSameRun(resume, settings, digest, environment);
      return new BenchmarkRun(options, settings, device, environment, digest);
    } catch (error) {
      device?.destroy();
      throw error;
    }
  }

  async run(): Promise<BenchmarkResult> {
    const { signal } = this.#options;
    try {
      await this.#probe();
      for (const workload of this.#settings.workloads) {
        if (this.#workloads.some(({ name }) => name === workload.name)) {
          this.#progress.finish(workload);
          continue;
        }
        signal?.throwIfAborted();
        await this.#runWorkload(workload);
      }
      await this.#trainToAccuracy();
    } catch (error) {
      if (!signal?.aborted) throw error;
      const message = `The run was stopped; ${this.#workloads.length} of ${this.#settings.workloads.length} workloads were finished.`;
      this.#marks.push({ kind: 'stopped', message, isVoid: true });
    }
    const result = this.#result();
    this.#options.onEvent?.({ type: 'result', result });
    return result;
  }

  end(): void {
    this.#device?.destroy();
  }

  async #probe(): Promise<void> {
    const { signal } = this.#options;
    if (!this.#device) return;
    this.#progress.begin('probe', {});
    this.#limits = await probeAdapter(this.#device, { budgetMs: probeBudgetMs, signal });
  }

  async #runWorkload(workload: DecidedSettings['workloads'][number]): Promise<void> {
    const { training, test, signal } = this.#options;
    const { sides, peers, repeats, repeatSeconds, seed } = this.#settings;
    const { result, marks } = await runWorkload({
      workload,
      sides: sidesOf(workload, sides),
      peers: sidesOf(workload, peers),
      loadPeer: this.#options.loadPeer,
      training,
      test,
      repeats,
      repeatSeconds,
      seed,
      device: this.#device,
      limits: this.#limits,
      pulse: this.#pulse,
      signal,
      onEvent: (event) => this.#options.onEvent?.(event),
      onPhase: (phase, share, of) => this.#progress.at(workload, phase, share, of),
    });
    this.#marks.push(...marks);
    this.#progress.finish(workload);
    if (marks.some(({ kind }) => kind === 'device-lost')) await this.#replaceDevice();
    if (!result) return;
    this.#workloads.push(result);
    this.#options.onEvent?.({ type: 'workload', result });
    this.#options.onEvent?.({ type: 'result', result: this.#result() });
  }

  /** The score is void, but what the next workloads would have been is worth knowing. */
  async #replaceDevice(): Promise<void> {
    this.#device?.destroy();
    this.#device = await requestDevice(this.#options).catch((error: unknown) => {
      if (error instanceof NudgeError) return undefined;
      throw error;
    });
  }

  async #trainToAccuracy(): Promise<void> {
    const { training, test, signal } = this.#options;
    const { accuracySeconds, sides, seed, workloads } = this.#settings;
    const workload = findWorkload(accuracyWorkload)!;
    if (accuracySeconds === 0 || !workloads.includes(workload)) return;
    for (const side of accuracySides(sides)) {
      if (this.#times.some((time) => time.side === side)) continue;
      this.#progress.begin('accuracy', { workload: workload.name, side });
      try {
        const times = await timeToAccuracy({
          workload,
          side,
          training,
          test,
          seed,
          device: this.#device,
          mostSeconds: accuracySeconds,
          signal,
          onProgress: (share) => this.#progress.advanceAccuracy(share, workload.name, side),
        });
        this.#times.push(...times);
      } catch (error) {
        if (signal?.aborted || !(error instanceof NudgeError)) throw error;
        const message = `Training ${workload.name} up to an accuracy failed on ${describeSide(side)}: ${error.message}`;
        this.#marks.push({ kind: 'failed', message, isVoid: false, side });
      }
      this.#progress.finishAccuracy();
    }
  }

  #result(): BenchmarkResult {
    const { training, test, nudge } = this.#options;
    const { sides, peers, workloads, repeats, repeatSeconds, seed, isSoftware } = this.#settings;
    const marks = [...this.#marks, ...this.#disturbances()];
    const crossover = findCrossover(this.#workloads);
    const limits = this.#limits && plainLimits(this.#limits);
    const isVoid = (side: OwnSideName) =>
      marks.some((mark) => mark.isVoid && (mark.side === undefined || mark.side === side));
    const scores = sides
      .filter((side) => !isVoid(side))
      .flatMap((side) => scoreOf(side, this.#workloads, isSoftware, seed) ?? []);
    return rounded<BenchmarkResult>({
      format: 'nudge-benchmark',
      version: formatVersion,
      nudge,
      startedAt: this.#startedAt,
      seconds: this.#secondsBefore + (performance.now() - this.#start) / 1000,
      settings: {
        workloads: workloads.map(({ name }) => name),
        sides: [...sides, ...peers],
        repeats,
        repeatSeconds,
        seed,
      },
      data: {
        name: `${training.name}, ${test.name}`,
        sha256: this.#sha256,
        trainingCount: training.sampleCount,
        testCount: test.sampleCount,
      },
      environment: this.#environment,
      ...(limits && { limits }),
      workloads: [...this.#workloads],
      timesToAccuracy: [...this.#times],
      ...(crossover && { crossover }),
      marks,
      scores,
    });
  }

  /** What happened to the machine while it was measured. */
  #disturbances(): Mark[] {
    const marks: Mark[] = [];
    if (this.#options.hidden?.aborted) {
      const message =
        'The page was hidden while it was measured, and browsers slow hidden pages down. Run it again and leave the tab in front.';
      marks.push({ kind: 'hidden', message, isVoid: true });
    }
    const { slowdown } = this.#pulse;
    if (slowdown !== undefined) {
      const message = `The processor became ${slowdown.toFixed(2)} times slower from the first third of the run to the last: heat, a battery, or something else that runs. Let it rest and run it again.`;
      marks.push({ kind: 'throttled', message, isVoid: true });
    }
    return marks;
  }
}

function requestDevice({ gpu, hidden }: BenchmarkOptions): Promise<Device> {
  const isVisible = hidden && (() => !hidden.aborted);
  return Device.request({ gpu, isVisible, timeoutMs: patienceMs });
}

/** Of features and labels of the training set, then of the test set. */
async function digestOf(training: Dataset, test: Dataset): Promise<string> {
  const parts = [training.features, training.labels, test.features, test.labels];
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return await sha256(bytes);
}

/** @throws {ConfigurationError} where a stopped run cannot be gone on with */
function requireSameRun(
  resume: BenchmarkResult,
  settings: DecidedSettings,
  digest: string,
  environment: Environment,
): void {
  const { workloads, sides, repeats, repeatSeconds, seed } = resume.settings;
  const names = settings.workloads.map(({ name }) => name);
  const isSame =
    workloads.join() === names.join() &&
    sides.join() === [...settings.sides, ...settings.peers].join() &&
    repeats === settings.repeats &&
    repeatSeconds === settings.repeatSeconds &&
    seed === settings.seed;
  const differences = [
    ...(isSame ? [] : ['settings']),
    ...(resume.data.sha256 === digest ? [] : ['data']),
    ...(resume.environment.adapter?.description === environment.adapter?.description &&
    resume.environment.name === environment.name
      ? []
      : ['browser or adapter']),
  ];
  if (differences.length === 0) return;
  throw new ConfigurationError(
    `The run to go on with had other ${differences.join(' and ')}. Start a new one, or give the same.`,
  );
}

function plainLimits({ arithmetic, memory, latency }: MeasuredLimits): MeasuredAdapterLimits {
  return {
    flopPerSecond: arithmetic.value,
    readBytesPerSecond: memory.read.value,
    copyBytesPerSecond: memory.copy.value,
    cachedBytesPerSecond: memory.cached.value,
    dispatchSeconds: latency.dispatch.value,
    encodeSeconds: latency.encode.value,
    submitSeconds: latency.submit.value,
    readbackSeconds: latency.readback.value,
  };
}
