/** Measures one workload on all backends in one block: prepares and warms them up, times rounds, compares the costs. */
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

export interface WorkloadTask {
  readonly workload: Workload;
  /** Starts at 0. */
  readonly block: number;
  /** Whether this is the first block of the workload, which is also verified and evaluated. */
  readonly isFirst: boolean;
  /** Rounds of earlier blocks. */
  readonly roundsBefore: number;
  /** Rounds of this block. */
  readonly rounds: number;
  readonly backends: readonly OwnBackendName[];
  readonly peers: readonly PeerName[];
  readonly repeatSeconds: number;
  readonly seed: number;
  /** Steps of a repeat by backend, from earlier blocks. */
  readonly steps: Readonly<Partial<Record<BackendName, number>>>;
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
  /** @param share completed share of this workload */
  readonly onPhase: (
    phase: Phase,
    share: number,
    of: { readonly backend?: BackendName; readonly round?: number },
  ) => void;
}

export interface WorkloadOutcome {
  /** Backends that did not fail. */
  readonly series: readonly BlockSeries[];
  readonly flags: readonly Flag[];
  /** In the first block of a GPU. */
  readonly gradient?: GradientVerdict;
  readonly costs?: CostDrift;
  /** Measured between the repeats. */
  readonly pulses: readonly Pulse[];
  /** Rounds that were measured again because of other programs, and rounds that stayed disturbed. */
  readonly disturbed: { readonly again: number; readonly kept: number };
}

/** Approximate progress of the workload at the start and at the end of measuring. */
const readyShare = 0.3;
const measuredShare = 0.95;
/** If no CPU backend was timed, one trains only to compare costs: at most this many steps and this much work. */
const stepsToCompare = 32;
const flopToCompare = 2e11;
/** Share of the processor that other programs may take during a repeat. */
export const maxTaken = 0.15;
/** A GPU below this share of its own limit may have been timed wrongly. */
const minFraction = 0.05;
/** It is timed again with longer repeats, until these are no longer much faster. */
const lengthen = 4;
const maxLengthenings = 3;
const muchFaster = 1.2;
/** Below this ratio of all threads to one, the thread count is chosen again. */
const slowerThanOne = 0.95;

/** @throws the signal's reason, and errors other than NudgeError, which are bugs */
export async function runWorkload(options: WorkloadRunOptions): Promise<WorkloadOutcome> {
  const run = new WorkloadRun(options);
  try {
    return await run.run();
  } finally {
    await run.dispose();
  }
}

interface Round {
  readonly rates: ReadonlyMap<BackendName, number>;
  /** Largest share of the processor that other programs took. */
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
    await this.#lengthenRepeats();
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
    // An unverified GPU is not timed.
    if (backend === 'webgpu' && this.#options.isFirst && !this.#gradient) return;
    this.#options.onPhase('compile', share, { backend });
    await this.#attempt(backend, async () => {
      const run = await this.#create(backend);
      this.#runs.push(run);
      if (run instanceof BackendRun) await run.prepare();
      this.#options.onPhase('warm-up', share, { backend });
      await (run instanceof PeerRun ? run.warmUp() : run.repeats.warmUp());
      if (this.#options.isFirst && !run.repeats.isSteady) {
        const message = `${this.#options.workload.name} on ${describeBackend(backend)} was still changing speed at the end of the warm-up. Its interval shows how much it varies.`;
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
        `${backend} runs only in browsers. Leave out the other libraries here.`,
      );
    }
    return await PeerRun.create({ ...shared, backend, load });
  }

  /**
   * A GPU far below its own limit may have been timed wrongly, if a repeat was mostly waiting or compiling. Longer repeats
   * are then faster. If they are not, the kernels are that slow, and the result gets a flag.
   */
  async #lengthenRepeats(): Promise<void> {
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
            `A repeat ${lengthen} times as long was ${(longer / rate).toFixed(2)} times as fast, so the cause is not waiting or compiling: the kernels are slow here.`;
          this.#flag({ kind: 'below-limit', message, isVoid: false, backend: 'webgpu' });
          return;
        }
        run.repeats.lengthen(lengthen);
        rate = longer;
        verdict = judge(rate);
      }
    });
  }

  /** Measures the rounds of this block, and repeats disturbed rounds, at most as many as there are rounds. */
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
      // Emitted after the pulse, since handling the event takes processor time.
      const samplesPerSecond = rates.get(backend);
      if (samplesPerSecond !== undefined) {
        onEvent({ type: 'repeat', workload: workload.name, backend, round, samplesPerSecond });
      }
      // A short disturbance shows in one of the two pulses; one that disturbs a repeat shows in both.
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

  /** Whether several threads were slower than one, so that their number was chosen wrongly. */
  #contradictsThreads(rounds: readonly Round[]): boolean {
    const all = this.#runs.find(({ backend }) => backend === 'cpu');
    if (!(all instanceof BackendRun) || (all.threads ?? 1) <= 1) return false;
    const ratios = rounds.flatMap(({ rates }) => {
      const [many, one] = [rates.get('cpu'), rates.get('cpu-1')];
      return many !== undefined && one !== undefined ? [many / one] : [];
    });
    return ratios.length > 0 && median(ratios) < slowerThanOne;
  }

  /** Compares the costs of the GPU with those of a timed CPU backend, or of one that trains only for this comparison. */
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

  /** Runs work of one backend. If it fails with a NudgeError, the backend is removed and gets a flag. */
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
        // A workload that diverges only on this backend was computed wrongly.
        isVoid: isLost || error instanceof NonFiniteError,
        backend,
      });
      const at = this.#runs.findIndex((run) => run.backend === backend);
      // The failure is already reported, so an error of `dispose` is ignored.
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

/** 'the GPU', 'one thread of the CPU', 'jax-js, WebAssembly' */
export function describeBackend(backend: BackendName): string {
  if (!isOwn(backend)) return backendNames[backend];
  return { webgpu: 'the GPU', 'cpu-1': 'one thread of the CPU', cpu: 'the CPU' }[backend];
}

/** Samples in the first `step` steps; the last step of an epoch may be shorter. */
export function samplesOf(step: number, sampleCount: number, batchSize: number): number {
  const perEpoch = stepsPerEpoch(sampleCount, batchSize);
  const epochs = Math.floor(step / perEpoch);
  return epochs * sampleCount + Math.min((step % perEpoch) * batchSize, sampleCount);
}

/** Fisher–Yates shuffle. */
function shuffled<Item>(items: readonly Item[], random: Random): Item[] {
  const order = [...items];
  for (let n = order.length - 1; n > 0; n--) {
    const other = random.integer(n + 1);
    [order[n], order[other]] = [order[other]!, order[n]!];
  }
  return order;
}
