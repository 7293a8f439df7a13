/**
 * The benchmark: trains workloads on every backend in several blocks, verifies the results and measures the speed. It
 * uses neither the DOM nor Node.
 *
 * Each block measures all workloads in its own lab: a fresh worker with a fresh device. Runs differ in memory layout,
 * compiled code and other load on the machine. Blocks differ in the same way, so intervals over blocks cover a rerun.
 */
import type { Dataset } from '../data/dataset.ts';
import { BrowserError, NoAdapterError, NudgeError } from '../errors.ts';
import type { MeasuredLimits } from '../gpu/probes/probeAdapter.ts';
import { requireFits } from '../engine/batches.ts';
import { composeResult, isDerived, requireSameRun } from './composeResult.ts';
import { isBusy, summarizePulses, takenOn } from './disturbance.ts';
import type { BenchmarkEvent } from './events.ts';
import { accuracyBackends } from './expectation.ts';
import { failureSentence } from './gate.ts';
import type { Lab, LabContext, LabEvent } from './lab.ts';
import { mergeBlock } from './mergeBlocks.ts';
import { RunProgress } from './progress.ts';
import type { Pulse } from './pulse.ts';
import { ownBackends } from './result/schema.ts';
import type {
  BenchmarkResult,
  Block,
  Environment,
  Flag,
  BackendName,
  TimeToAccuracy,
  WorkloadResult,
} from './result/schema.ts';
import { decideSettings, type BenchmarkSettings, type DecidedSettings } from './settings.ts';
import { blockSizes } from './statistics.ts';
import { findWorkload, backendsOf, type Workload } from './workloads.ts';
import { describeBackend, type WorkloadOutcome } from './workloadRun.ts';

export type { BenchmarkSettings } from './settings.ts';

/** The part of the environment that only the caller knows. */
export type HostEnvironment = Omit<
  Environment,
  'timerResolution' | 'adapter' | 'noAdapter' | 'features' | 'limits'
>;

export interface BenchmarkOptions extends BenchmarkSettings {
  /** Opens a fresh lab for each block, with the same data. */
  readonly openLab: () => Promise<Lab>;
  readonly training: Dataset;
  readonly test: Dataset;
  readonly hostEnvironment: HostEnvironment;
  readonly nudge: BenchmarkResult['nudge'];
  /** Stops the run. The result has the finished part and a flag. */
  readonly signal?: AbortSignal | undefined;
  /** Aborts when the page is hidden. Browsers slow hidden pages down, so the run gets a flag. */
  readonly hidden?: AbortSignal | undefined;
  /** The result of a stopped run with the same settings; its blocks are not run again. */
  readonly resume?: BenchmarkResult | undefined;
  readonly onEvent?: ((event: BenchmarkEvent) => void) | undefined;
}

/** The smallest network that reaches the target accuracies. */
const accuracyWorkload = 'mid';
/** Pulses of the idle processor before the run. */
const idleLooks = 10;
/** The run ends when this many labs have died. */
const maxDeaths = 3;

/**
 * Runs the benchmark.
 * @returns the finished part; failed backends, a stop or disturbances are flags of it
 * @throws {ConfigurationError} for invalid settings, data that does not fit the workloads, or a `resume` of another run
 * @throws {NoAdapterError} if `webgpu` is the only requested backend and there is no adapter
 * @throws {BrowserError} if labs die repeatedly; the last event `result` has the finished part
 */
export async function runBenchmark(options: BenchmarkOptions): Promise<BenchmarkResult> {
  // Refuses invalid settings before the run begins.
  const { workloads } = decideSettings(options, 'hardware');
  for (const { network } of workloads) {
    requireFits({ layers: network.layers }, options.training);
    requireFits({ layers: network.layers }, options.test);
  }
  return await new BenchmarkRun(options).run();
}

/** Known after opening the first lab. */
interface Known {
  readonly settings: DecidedSettings;
  readonly sizes: readonly number[];
  readonly environment: Environment;
  readonly sha256: string;
  readonly progress: RunProgress;
}

class BenchmarkRun {
  readonly #options: BenchmarkOptions;
  readonly #startedAt: string;
  readonly #start = performance.now();
  readonly #secondsBefore: number;
  readonly #workloads: Map<string, WorkloadResult>;
  readonly #flags: Flag[];
  readonly #times: TimeToAccuracy[];
  readonly #blocks: Block[];
  /** Pulses of the current block. */
  #pulses: Pulse[] = [];
  readonly #disturbed = { rounds: 0, again: 0, kept: 0 };
  /** Pairs of workload and backend that failed or ended a lab; they are not tried again. */
  readonly #failed = new Set<string>();
  #deaths = 0;
  #known: Known | undefined;
  #limits: MeasuredLimits | undefined;
  #beatRounds: number | undefined;

  constructor(options: BenchmarkOptions) {
    const { resume } = options;
    this.#options = options;
    this.#startedAt = resume?.startedAt ?? new Date().toISOString();
    this.#secondsBefore = resume?.seconds ?? 0;
    this.#workloads = new Map(resume?.workloads.map((workload) => [workload.name, workload]));
    this.#flags = (resume?.flags ?? []).filter(({ kind }) => !isDerived(kind));
    for (const { workload, backend, isVoid } of this.#flags) {
      if (workload !== undefined && backend !== undefined && isVoid) {
        this.#failed.add(key(workload, backend));
      }
    }
    this.#times = [...(resume?.timesToAccuracy ?? [])];
    this.#blocks = [...(resume?.blocks ?? [])];
  }

  async run(): Promise<BenchmarkResult> {
    const { signal } = this.#options;
    try {
      for (let block = 0; block < (this.#known?.sizes.length ?? 1); block++) {
        if (this.#known && !this.#isOpen(block)) continue;
        await this.#runBlock(block);
      }
    } catch (error) {
      if (!signal?.aborted || !this.#known) throw error;
      const message = `The run was stopped in block ${this.#blocks.length} of ${this.#known.sizes.length}.`;
      this.#flags.push({ kind: 'stopped', message, isVoid: true });
    }
    const result = this.#result(this.#known!);
    this.#emit({ type: 'result', result });
    return result;
  }

  /** Measures the workloads in a fresh lab, and in another one if it dies. */
  async #runBlock(block: number): Promise<void> {
    const { signal } = this.#options;
    for (;;) {
      signal?.throwIfAborted();
      const lab = await this.#options.openLab();
      let current: Workload | undefined;
      try {
        const known = await this.#open(lab);
        if (!this.#isOpen(block)) return;
        this.#pulses = [];
        const began = this.#seconds();
        this.#blocks[block] ??= { seconds: began };
        for (const workload of known.settings.workloads) {
          signal?.throwIfAborted();
          if (!this.#isUnfinished(workload.name, block)) continue;
          current = workload;
          await this.#measure(lab, workload, block, known);
          current = undefined;
          this.#blocks[block] = { seconds: began, ...summarizePulses(this.#pulses) };
        }
        if (block === known.sizes.length - 1) await this.#trainToAccuracy(lab, known);
        return;
      } catch (error) {
        if (signal?.aborted || !(error instanceof BrowserError) || !this.#known) throw error;
        if (++this.#deaths >= maxDeaths) throw error;
        this.#noteDeath(error, current);
      } finally {
        lab.close();
      }
    }
  }

  /** The first lab determines the settings and the environment. */
  async #open(lab: Lab): Promise<Known> {
    const { backends, hostEnvironment, resume, onEvent, signal } = this.#options;
    const wantsGpu = backends?.includes('webgpu') ?? true;
    const facts = await lab.open({
      wantsGpu,
      wantsHash: !this.#known,
      beatRounds: this.#beatRounds,
    });
    this.#beatRounds ??= facts.beatRounds;
    if (!this.#known) {
      if (backends?.length === 1 && facts.noAdapter !== undefined) {
        throw new NoAdapterError(facts.noAdapter);
      }
      const kind = facts.adapter ? (facts.adapter.isSoftware ? 'software' : 'hardware') : 'none';
      const settings = decideSettings(this.#options, kind);
      const { timerResolution, adapter, noAdapter, features, limits, sha256 = '' } = facts;
      const environment: Environment = {
        ...hostEnvironment,
        timerResolution,
        ...(adapter && { adapter }),
        ...(noAdapter !== undefined && { noAdapter }),
        features,
        limits,
      };
      if (resume) requireSameRun(resume, settings, sha256, environment);
      const progress = new RunProgress(settings, (event) => onEvent?.(event));
      const sizes = blockSizes(settings.repeats, settings.blocks);
      this.#known = { settings, sizes, environment, sha256, progress };
      await this.#awaitIdle(lab, settings, progress, signal);
      progress.begin('probe', {});
      this.#limits = await lab.probe(this.#context(() => undefined));
    }
    return this.#known;
  }

  /** Waits until other programs leave the processor alone, at most `waitSeconds`; if that is 0, it does not look either. */
  async #awaitIdle(
    lab: Lab,
    { waitSeconds }: DecidedSettings,
    progress: RunProgress,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    if (waitSeconds === 0) return;
    progress.begin('wait', {});
    const start = performance.now();
    for (;;) {
      const pulses = await lab.watch(idleLooks);
      signal?.throwIfAborted();
      if (!isBusy(pulses)) return;
      const waited = (performance.now() - start) / 1000;
      if (waited < waitSeconds) continue;
      const share = Math.round(100 * takenOn(pulses));
      this.#flags.push({
        kind: 'busy',
        message:
          `Other programs took ${share} % of the processor before the run, which waited ${Math.round(waited)} s for them. ` +
          'The figures are those of a busy machine. Close other programs and run it again.',
        isVoid: false,
      });
      return;
    }
  }

  async #measure(
    lab: Lab,
    workload: Workload,
    block: number,
    { settings, sizes, progress }: Known,
  ): Promise<void> {
    const { name } = workload;
    const before = this.#workloads.get(name);
    const isAlive = (backend: BackendName) => !this.#failed.has(key(name, backend));
    const { repeatSeconds, seed } = settings;
    const outcome = await lab.measure(
      {
        workload: name,
        block,
        isFirst: before === undefined,
        roundsBefore: sizes.slice(0, block).reduce((sum, size) => sum + size, 0),
        rounds: sizes[block]!,
        backends: backendsOf(workload, settings.backends).filter(isAlive),
        peers: backendsOf(workload, settings.peers).filter(isAlive),
        repeatSeconds,
        seed,
        steps: Object.fromEntries(
          (before?.series ?? []).map(({ backend, stepsPerRepeat }) => [backend, stepsPerRepeat]),
        ),
        limits: this.#limits,
      },
      this.#context((event) => {
        if (event.type === 'progress') {
          const { phase, share, backend, round } = event;
          progress.at(workload, block, phase, share, {
            ...(backend && { backend }),
            ...(round !== undefined && { round }),
          });
        } else this.#emit(event);
      }),
    );
    progress.finish(workload, block);
    this.#take(workload, outcome, sizes, sizes[block]!);
  }

  #take(
    workload: Workload,
    outcome: WorkloadOutcome,
    sizes: readonly number[],
    rounds: number,
  ): void {
    const { name } = workload;
    const { seed } = this.#known!.settings;
    for (const flag of outcome.flags) {
      this.#flags.push(flag);
      const hasFailed = flag.kind === 'failed' || flag.kind === 'device-lost';
      if (hasFailed && flag.backend) this.#failed.add(key(name, flag.backend));
    }
    this.#pulses.push(...outcome.pulses);
    this.#disturbed.rounds += rounds;
    this.#disturbed.again += outcome.disturbed.again;
    this.#disturbed.kept += outcome.disturbed.kept;
    if (outcome.series.length === 0) return;
    const before = this.#workloads.get(name);
    const limits = this.#limits;
    const result = mergeBlock(before, outcome, { workload, seed, sizes, limits });
    const failure = result.verification && failureSentence(name, result.verification);
    if (failure !== undefined && before?.verification?.isVerified !== false) {
      this.#flags.push({
        kind: 'not-verified',
        message: failure,
        isVoid: true,
        workload: name,
        backend: 'webgpu',
      });
    }
    this.#workloads.set(name, result);
    this.#emit({ type: 'workload', result });
    this.#emit({ type: 'result', result: this.#result(this.#known!) });
  }

  async #trainToAccuracy(lab: Lab, { settings, progress }: Known): Promise<void> {
    const { signal } = this.#options;
    const { accuracySeconds, backends, seed, workloads } = settings;
    const workload = findWorkload(accuracyWorkload)!;
    if (accuracySeconds === 0 || !workloads.includes(workload)) return;
    for (const backend of accuracyBackends(backends)) {
      if (this.#times.some((time) => time.backend === backend)) continue;
      progress.begin('accuracy', { workload: workload.name, backend });
      try {
        const task = { workload: workload.name, backend, seed, maxSeconds: accuracySeconds };
        const times = await lab.trainToAccuracy(
          task,
          this.#context((event) => {
            if (event.type === 'progress')
              progress.advanceAccuracy(event.share, workload.name, backend);
          }),
        );
        this.#times.push(...times);
      } catch (error) {
        const isOfBackend = error instanceof NudgeError && !(error instanceof BrowserError);
        if (signal?.aborted || !isOfBackend) throw error;
        const message = `Training ${workload.name} to an accuracy failed on ${describeBackend(backend)}: ${error.message}`;
        this.#flags.push({ kind: 'failed', message, isVoid: false, backend });
      }
      progress.finishAccuracy();
    }
  }

  #noteDeath(error: BrowserError, workload: Workload | undefined): void {
    if (workload) {
      for (const backend of ownBackends) this.#failed.add(key(workload.name, backend));
    }
    const what = workload ? `${workload.name} is left out` : 'A block was restarted';
    this.#flags.push({
      kind: 'failed',
      message: `${what}: ${error.message}`.slice(0, 4000),
      // The score without this workload is marked as incomplete.
      isVoid: false,
      ...(workload && { workload: workload.name }),
    });
  }

  #context(onEvent: (event: LabEvent) => void): LabContext {
    return { signal: this.#options.signal, onEvent };
  }

  #emit(event: BenchmarkEvent): void {
    this.#options.onEvent?.(event);
  }

  #seconds(): number {
    return this.#secondsBefore + (performance.now() - this.#start) / 1000;
  }

  #isOpen(block: number): boolean {
    const { settings, sizes } = this.#known!;
    return (
      settings.workloads.some(({ name }) => this.#isUnfinished(name, block)) ||
      (block === sizes.length - 1 && settings.accuracySeconds > 0)
    );
  }

  /** Whether a backend of a workload still lacks repeats of a block. */
  #isUnfinished(name: string, block: number): boolean {
    const { settings, sizes } = this.#known!;
    const wanted = sizes.slice(0, block + 1).reduce((sum, size) => sum + size, 0);
    const result = this.#workloads.get(name);
    return backendsOf(findWorkload(name)!, settings.backends)
      .filter((backend) => !this.#failed.has(key(name, backend)))
      .some((backend) => {
        const series = result?.series.find((one) => one.backend === backend);
        return (series?.samplesPerSecond.length ?? 0) < wanted;
      });
  }

  #result({ settings, sizes, environment, sha256 }: Known): BenchmarkResult {
    const { nudge, training, test, hidden } = this.#options;
    return composeResult({
      settings,
      sizes,
      environment,
      nudge,
      startedAt: this.#startedAt,
      seconds: this.#seconds(),
      data: {
        name: `${training.name}, ${test.name}`,
        sha256,
        trainingCount: training.sampleCount,
        testCount: test.sampleCount,
      },
      limits: this.#limits,
      blocks: this.#blocks,
      workloads: settings.workloads.flatMap(({ name }) => this.#workloads.get(name) ?? []),
      timesToAccuracy: this.#times,
      flags: this.#flags,
      wasHidden: hidden?.aborted === true,
      disturbed: this.#disturbed,
    });
  }
}

function key(workload: string, backend: BackendName): string {
  return `${workload} ${backend}`;
}
