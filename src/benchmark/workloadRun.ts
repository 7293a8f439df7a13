/** One workload on all backends, in one block: made ready, warmed up, timed in rounds, and compared with the reference. */
import { ConfigurationError, DeviceLostError, NonFiniteError, NudgeError } from '../errors.ts';
import type { Dataset } from '../data/dataset.ts';
import type { Device } from '../gpu/device.ts';
import type { MeasuredLimits } from '../gpu/probes/probeAdapter.ts';
import { Random, streams } from '../network/random.ts';
import { stepFlop } from '../network/stepWork.ts';
import { stepsPerEpoch } from '../engine/batches.ts';
import type { BenchmarkEvent, Phase } from './events.ts';
import { compareCosts, verifyGradient, type CostDrift, type GradientVerdict } from './gate.ts';
import { boundNames, judgeStep } from './limit.ts';
import type { Pulse, PulseMeter } from './pulse.ts';
import type { Flag, OwnBackendName, PeerName, BackendName } from './result/schema.ts';
import { PeerRun, type LoadPeer } from './peerRun.ts';
import { networkOf, BackendRun, type BlockSeries } from './backendRun.ts';
import { isOwn, backendNames } from './result/backends.ts';
import { median } from './statistics.ts';
import type { Workload } from './workloads.ts';

/** What is to be measured of a workload in one block. Plain data, but for the workload. */
export interface WorkloadTask {
  readonly workload: Workload;
  /** Counting from 0. */
  readonly block: number;
  /** Whether nothing is known of this workload yet: it is then verified and evaluated as well. */
  readonly isFirst: boolean;
  /** Rounds of earlier blocks, and of this one. */
  readonly roundsBefore: number;
  readonly rounds: number;
  readonly backends: readonly OwnBackendName[];
  readonly peers: readonly PeerName[];
  readonly repeatSeconds: number;
  readonly seed: number;
  /** Steps of a repeat, by backend, as earlier blocks have found them; none in the first. */
  readonly steps: Readonly<Partial<Record<BackendName, number>>>;
  /** Of the adapter. */
  readonly limits: MeasuredLimits | undefined;
}

export interface WorkloadRunOptions extends WorkloadTask {
  readonly loadPeer: LoadPeer | undefined;
  readonly training: Dataset;
  readonly test: Dataset;
  readonly device: Device | undefined;
  readonly meter: PulseMeter | undefined;
  readonly signal: AbortSignal | undefined;
  readonly onEvent: (event: BenchmarkEvent) => void;
  /** Told what begins, and the share of this workload that is done. */
  readonly onPhase: (
    phase: Phase,
    share: number,
    of: { readonly backend?: BackendName; readonly round?: number },
  ) => void;
}

/** What came of a workload in one block. Plain data. */
export interface WorkloadOutcome {
  /** Of the backends that came through. */
  readonly series: readonly BlockSeries[];
  readonly flags: readonly Flag[];
  /** Where this was the first block of a GPU. */
  readonly gradient?: GradientVerdict;
  readonly costs?: CostDrift;
  /** Taken between the repeats. */
  readonly pulses: readonly Pulse[];
  /** Rounds that were measured again because other programs took the processor, and those of them that stayed disturbed. */
  readonly disturbed: { readonly again: number; readonly kept: number };
}

/** Of the time that a workload takes, about: what is over when measuring begins, and when it ends. */
const readyShare = 0.3;
const measuredShare = 0.95;
/** Where no CPU backend was timed, one trains for the comparison of costs alone, so many steps or so much of them. */
const stepsToCompare = 32;
const flopToCompare = 2e11;
/** Share of the processor that other programs may take during a repeat. */
export const maxTaken = 0.15;
/** A GPU below this share of its own limit is not believed at first sight. */
const minFraction = 0.05;
/** It is timed once more with repeats this many times as long, so often at most, until it is no longer this much faster. */
const lengthen = 4;
const maxLengthenings = 3;
const muchFaster = 1.2;
/** All threads may be slower than one by this share before their number is tried anew. */
const slowerThanOne = 0.95;

/** @throws the signal's reason, and errors that say nothing of the machine: bugs */
export async function runWorkload(options: WorkloadRunOptions): Promise<WorkloadOutcome> {
  const run = new WorkloadRun(options);
  try {
    return await run.run();
  } finally {
    await run.dispose();
  }
}

/** Rates by backend, and how much of the processor other programs took at the worst. */
interface Round {
  readonly rates: ReadonlyMap<BackendName, number>;
  readonly taken: number;
}

class WorkloadRun {
  readonly #options: WorkloadRunOptions;
  readonly #random: Random;
  #runs: (BackendRun | PeerRun)[] = [];
  readonly #flags: Flag[] = [];
  readonly #pulses: Pulse[] = [];
  readonly #disturbed = { again: 0, kept: 0 };
  #gradient: GradientVerdict | undefined;

  constructor(options: WorkloadRunOptions) {
    this.#options = options;
    this.#random = new Random(options.seed, streams.benchmark, options.block);
  }

  async run(): Promise<WorkloadOutcome> {
    const { backends, peers } = this.#options;
    if (this.#options.isFirst) await this.#verify();
    const all = [...backends, ...peers];
    for (const [n, backend] of all.entries()) {
      await this.#ready(backend, readyShare * ((n + 1) / (all.length + 1)));
    }
    await this.#requireBelievable();
    let rounds = await this.#measure();
    if (this.#contradictsThreads(rounds)) {
      await this.#readyAnew('cpu');
      rounds = await this.#measure();
    }
    for (const run of this.#runs) {
      for (const { rates } of rounds) {
        const rate = rates.get(run.backend);
        if (rate !== undefined) run.repeats.keep(rate);
      }
    }
    if (this.#options.isFirst) {
      for (const run of [...this.#runs]) {
        if (run instanceof PeerRun) continue;
        this.#options.onPhase('evaluate', measuredShare, { backend: run.backend });
        await this.#attempt(run.backend, () => run.evaluate());
      }
    }
    const costs = await this.#compareCosts();
    return {
      series: this.#runs.map((run) => run.result()),
      flags: this.#flags,
      ...(this.#gradient && { gradient: this.#gradient }),
      ...(costs && { costs }),
      pulses: this.#pulses,
      disturbed: { ...this.#disturbed },
    };
  }

  async dispose(): Promise<void> {
    for (const run of this.#runs.splice(0)) await run.dispose();
  }

  async #verify(): Promise<void> {
    const { workload, backends, device, training, seed } = this.#options;
    if (!device || !backends.includes('webgpu')) return;
    this.#options.onPhase('verify', 0, { backend: 'webgpu' });
    await this.#attempt('webgpu', async () => {
      const network = networkOf(workload, seed);
      this.#gradient = await verifyGradient(device, network, workload.batchSize, training);
    });
  }

  async #ready(backend: BackendName, share: number): Promise<void> {
    // What could not be verified is not timed.
    if (backend === 'webgpu' && this.#options.isFirst && !this.#gradient) return;
    this.#options.onPhase('compile', share, { backend });
    await this.#attempt(backend, async () => {
      const run = await this.#create(backend);
      this.#runs.push(run);
      if (run instanceof BackendRun) await run.prepare();
      this.#options.onPhase('warm-up', share, { backend });
      await (run instanceof PeerRun ? run.warmUp() : run.repeats.warmUp());
      if (this.#options.isFirst && !run.repeats.isSteady) {
        const message = `${this.#options.workload.name} on ${describeBackend(backend)} was still changing speed when the time for warming up was over. Its interval says how much it varies.`;
        this.#flag({ kind: 'not-steady', message, isVoid: false, backend });
      }
    });
  }

  async #readyAnew(backend: BackendName): Promise<void> {
    const at = this.#runs.findIndex((run) => run.backend === backend);
    if (at < 0) return;
    await this.#runs.splice(at, 1)[0]!.dispose();
    await this.#ready(backend, readyShare);
  }

  async #create(backend: BackendName): Promise<BackendRun | PeerRun> {
    const { workload, training, test, seed, repeatSeconds, device, signal } = this.#options;
    const { loadPeer: load, onEvent } = this.#options;
    const steps = this.#options.steps[backend];
    const shared = { workload, training, seed, repeatSeconds, steps, signal };
    if (isOwn(backend)) {
      return await BackendRun.create({
        ...shared,
        backend,
        test,
        device,
        onPoint: (point) => onEvent({ type: 'point', workload: workload.name, backend, point }),
      });
    }
    if (!load) {
      throw new ConfigurationError(
        `${backend} runs in browsers only. Leave the other libraries out here.`,
      );
    }
    return await PeerRun.create({ ...shared, backend, load });
  }

  /**
   * A GPU far below its own limit may have been timed wrongly: a repeat is mostly a wait, or something was still compiling.
   * Longer repeats tell. If they are not faster, the kernels are that slow, and a flag says so.
   */
  async #requireBelievable(): Promise<void> {
    const { limits, workload } = this.#options;
    const run = this.#runs.find(({ backend }) => backend === 'webgpu');
    if (!this.#options.isFirst || !limits || !(run instanceof BackendRun)) return;
    await this.#attempt('webgpu', async () => {
      const judge = (rate: number) =>
        judgeStep(limits, {
          layers: workload.network.layers,
          batchSize: workload.batchSize,
          dispatches: run.dispatchesPerStep ?? 0,
          seconds: workload.batchSize / rate,
        });
      let rate = await run.repeats.time();
      let verdict = judge(rate);
      for (let n = 0; n < maxLengthenings && verdict.fraction < minFraction; n++) {
        const longer = await run.repeats.time(lengthen);
        if (longer < muchFaster * rate) {
          const message =
            `${workload.name} on the GPU reached ${(100 * verdict.fraction).toPrecision(2)} % of what the adapter's own limits allow (${boundNames[verdict.longest]}). ` +
            `A repeat ${lengthen} times as long was ${(longer / rate).toFixed(2)} times as fast, so waiting and compiling are not the reason: the kernels are that far from the limits here.`;
          this.#flag({ kind: 'below-limit', message, isVoid: false, backend: 'webgpu' });
          return;
        }
        run.repeats.lengthen(lengthen);
        rate = longer;
        verdict = judge(rate);
      }
    });
  }

  /** The rounds of this block; those that other programs disturbed are measured again, as many as there are at most. */
  async #measure(): Promise<Round[]> {
    const rounds: Round[] = [];
    while (rounds.length < this.#options.rounds) rounds.push(await this.#round(rounds.length));
    for (let extra = 0; extra < this.#options.rounds; extra++) {
      const worst = rounds.reduce((a, b) => (b.taken > a.taken ? b : a));
      if (worst.taken <= maxTaken) break;
      const at = rounds.indexOf(worst);
      this.#disturbed.again++;
      const again = await this.#round(at);
      if (again.taken < worst.taken) rounds[at] = again;
    }
    this.#disturbed.kept += rounds.filter(({ taken }) => taken > maxTaken).length;
    return rounds;
  }

  /** One repeat of each backend, in random order. */
  async #round(n: number): Promise<Round> {
    const { roundsBefore, rounds, workload, onEvent, onPhase } = this.#options;
    const round = roundsBefore + n + 1;
    const share = readyShare + ((measuredShare - readyShare) * n) / rounds;
    const rates = new Map<BackendName, number>();
    let worst = 0;
    let before = await this.#look();
    for (const run of shuffled(this.#runs, this.#random)) {
      const { backend } = run;
      onPhase('measure', share, { backend, round });
      await this.#attempt(backend, async () => {
        rates.set(backend, await run.repeats.time());
      });
      const after = await this.#look();
      // Not before: the page and what drives it would be at work on it meanwhile.
      const samplesPerSecond = rates.get(backend);
      if (samplesPerSecond !== undefined) {
        onEvent({ type: 'repeat', workload: workload.name, backend, round, samplesPerSecond });
      }
      // What takes the processor for a moment shows in one of the two looks; what disturbs a repeat shows in both.
      worst = Math.max(worst, Math.min(before, after));
      before = after;
    }
    return { rates, taken: worst };
  }

  async #look(): Promise<number> {
    const pulse = await this.#options.meter?.look();
    if (!pulse) return 0;
    this.#pulses.push(pulse);
    return pulse.taken;
  }

  /** Whether several threads were slower than one, which a right choice of their number rules out. */
  #contradictsThreads(rounds: readonly Round[]): boolean {
    const all = this.#runs.find(({ backend }) => backend === 'cpu');
    if (!(all instanceof BackendRun) || (all.threads ?? 1) <= 1) return false;
    const ratios = rounds.flatMap(({ rates }) => {
      const [many, one] = [rates.get('cpu'), rates.get('cpu-1')];
      return many !== undefined && one !== undefined ? [many / one] : [];
    });
    return ratios.length > 0 && median(ratios) < slowerThanOne;
  }

  /** The costs of the GPU's timed run against those of the CPU's, or of one that trains for that alone. */
  async #compareCosts(): Promise<CostDrift | undefined> {
    const { workload, training, test, seed, repeatSeconds, signal } = this.#options;
    const own = this.#runs.filter((run) => run instanceof BackendRun);
    const gpu = own.find(({ backend }) => backend === 'webgpu');
    if (!gpu) return undefined;
    const samplesAt = (step: number) => samplesOf(step, training.sampleCount, workload.batchSize);
    const timed = own.find(({ backend }) => backend !== 'webgpu');
    if (timed) return compareCosts(gpu.costSums, timed.costSums, samplesAt);
    if (!this.#options.isFirst) return undefined;
    const onPoint = () => undefined;
    const shared = { workload, training, test, seed, repeatSeconds, signal };
    const cpu = await BackendRun.create({
      ...shared,
      backend: 'cpu',
      steps: undefined,
      device: undefined,
      onPoint,
    });
    try {
      await cpu.prepare();
      const flop = stepFlop(workload.network.layers, workload.batchSize);
      const max = Math.max(1, Math.min(stepsToCompare, flopToCompare / flop));
      const steps = [...gpu.costSums.keys()].filter((step) => step <= max);
      await cpu.trainTo(Math.max(...steps), 1);
      return compareCosts(gpu.costSums, cpu.costSums, samplesAt);
    } finally {
      await cpu.dispose();
    }
  }

  /** Does something of one backend; if it fails for a reason of the machine's, that backend is out, with a flag. */
  async #attempt(backend: BackendName, work: () => Promise<void>): Promise<void> {
    const { workload, signal } = this.#options;
    try {
      signal?.throwIfAborted();
      await work();
    } catch (error) {
      if (signal?.aborted || !(error instanceof NudgeError)) throw error;
      const isLost = error instanceof DeviceLostError;
      this.#flag({
        kind: isLost ? 'device-lost' : 'failed',
        message: `${workload.name} on ${describeBackend(backend)} failed: ${error.message}`.slice(
          0,
          4000,
        ),
        // What diverges here and not elsewhere computes something else.
        isVoid: isLost || error instanceof NonFiniteError,
        backend,
      });
      const at = this.#runs.findIndex((run) => run.backend === backend);
      // What fails again on its way out has been told once.
      if (at >= 0)
        await this.#runs
          .splice(at, 1)[0]!
          .dispose()
          .catch(() => undefined);
    }
  }

  #flag(flag: Omit<Flag, 'workload'>): void {
    this.#flags.push({ ...flag, workload: this.#options.workload.name });
  }
}

/** 'the GPU', 'one thread of the CPU', 'the CPU', 'jax-js, WebAssembly'. */
export function describeBackend(backend: BackendName): string {
  if (!isOwn(backend)) return backendNames[backend];
  return { webgpu: 'the GPU', 'cpu-1': 'one thread of the CPU', cpu: 'the CPU' }[backend];
}

/** Samples that the first `step` steps take; the last step of an epoch takes what is left. */
export function samplesOf(step: number, sampleCount: number, batchSize: number): number {
  const perEpoch = stepsPerEpoch(sampleCount, batchSize);
  const epochs = Math.floor(step / perEpoch);
  return epochs * sampleCount + Math.min((step % perEpoch) * batchSize, sampleCount);
}

/** Fisher and Yates. */
function shuffled<Item>(items: readonly Item[], random: Random): Item[] {
  const order = [...items];
  for (let n = order.length - 1; n > 0; n--) {
    const other = random.integer(n + 1);
    [order[n], order[other]] = [order[other]!, order[n]!];
  }
  return order;
}
