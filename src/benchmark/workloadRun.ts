/** One workload on all sides: made ready, warmed up, timed in rounds, and held against the reference. */
import { ConfigurationError, DeviceLostError, NonFiniteError, NudgeError } from '../errors.ts';
import type { Dataset } from '../data/dataset.ts';
import type { Device } from '../gpu/device.ts';
import type { MeasuredLimits } from '../gpu/probes/probeAdapter.ts';
import { Random, streams } from '../network/random.ts';
import { stepFlop } from '../network/stepWork.ts';
import { stepsPerEpoch } from '../training/batches.ts';
import type { BenchmarkEvent, Phase } from './events.ts';
import {
  compareCosts,
  failureSentence,
  verdictOf,
  verifyGradient,
  type CostDrift,
  type GradientVerdict,
} from './gate.ts';
import type { Pulse } from './pulse.ts';
import type {
  Mark,
  OwnSideName,
  PeerName,
  Ratio,
  Series,
  SideName,
  WorkloadResult,
} from './result/schema.ts';
import { PeerRun, type LoadPeer } from './peerRun.ts';
import { networkOf, SideRun } from './sideRun.ts';
import { ownSides } from './result/schema.ts';
import { sideNames } from './result/words.ts';
import { estimatePairedRatio } from './statistics.ts';
import type { Workload } from './workloads.ts';

export interface WorkloadRunOptions {
  readonly workload: Workload;
  readonly sides: readonly OwnSideName[];
  readonly peers: readonly PeerName[];
  readonly loadPeer: LoadPeer | undefined;
  readonly training: Dataset;
  readonly test: Dataset;
  readonly repeats: number;
  readonly repeatSeconds: number;
  readonly seed: number;
  readonly device: Device | undefined;
  readonly limits: MeasuredLimits | undefined;
  readonly pulse: Pulse;
  readonly signal: AbortSignal | undefined;
  readonly onEvent: (event: BenchmarkEvent) => void;
  /** Told what is begun, and the share of this workload that is done. */
  readonly onPhase: (
    phase: Phase,
    share: number,
    of: { readonly side?: SideName; readonly round?: number },
  ) => void;
}

export interface WorkloadOutcome {
  /** Missing where no side came through. */
  readonly result?: WorkloadResult;
  readonly marks: readonly Mark[];
}

/** Of the time that a workload takes, about: what is over when measuring begins, and when it ends. */
const readyShare = 0.3;
const measuredShare = 0.95;
/** Where no CPU side was timed, one trains for the comparison of costs alone, so many steps or so much of them. */
const stepsToCompare = 32;
const flopToCompare = 2e11;

/** @throws the signal's reason, and errors that are no word on the machine but bugs */
export async function runWorkload(options: WorkloadRunOptions): Promise<WorkloadOutcome> {
  const run = new WorkloadRun(options);
  try {
    return await run.run();
  } finally {
    await run.dispose();
  }
}

class WorkloadRun {
  readonly #options: WorkloadRunOptions;
  readonly #runs: (SideRun | PeerRun)[] = [];
  readonly #marks: Mark[] = [];
  #gradient: GradientVerdict | undefined;

  constructor(options: WorkloadRunOptions) {
    this.#options = options;
  }

  async run(): Promise<WorkloadOutcome> {
    const { sides, peers } = this.#options;
    await this.#verify();
    const all = [...sides, ...peers];
    for (const [n, side] of all.entries()) {
      await this.#ready(side, readyShare * ((n + 1) / (all.length + 1)));
    }
    await this.#measure();
    for (const run of [...this.#runs]) {
      if (run instanceof PeerRun) continue;
      this.#options.onPhase('evaluate', measuredShare, { side: run.side });
      await this.#attempt(run.side, () => run.evaluate());
    }
    if (this.#runs.length === 0) return { marks: this.#marks };
    return { result: await this.#result(), marks: this.#marks };
  }

  async dispose(): Promise<void> {
    for (const run of this.#runs.splice(0)) await run.dispose();
  }

  async #verify(): Promise<void> {
    const { workload, sides, device, training, seed } = this.#options;
    if (!device || !sides.includes('webgpu')) return;
    this.#options.onPhase('verify', 0, { side: 'webgpu' });
    await this.#attempt('webgpu', async () => {
      const network = networkOf(workload, seed);
      this.#gradient = await verifyGradient(device, network, workload.batchSize, training);
    });
  }

  async #ready(side: SideName, share: number): Promise<void> {
    // What could not be verified is not timed.
    if (side === 'webgpu' && !this.#gradient) return;
    this.#options.onPhase('compile', share, { side });
    await this.#attempt(side, async () => {
      const run = await this.#create(side);
      this.#runs.push(run);
      if (run instanceof SideRun) await run.prepare();
      this.#options.onPhase('warm-up', share, { side });
      await run.warmUp();
      if (!run.isSteady) {
        const message = `${this.#options.workload.name} on ${describeSide(side)} had not become steady when the time for warming up was over; its interval says how much it varies.`;
        this.#mark({ kind: 'not-steady', message, isVoid: false, side });
      }
    });
  }

  async #create(side: SideName): Promise<SideRun | PeerRun> {
    const { workload, training, test, seed, repeatSeconds, device, signal } = this.#options;
    const { loadPeer: load, onEvent } = this.#options;
    const shared = { workload, training, seed, repeatSeconds, signal };
    if (isOwn(side)) {
      return await SideRun.create({
        ...shared,
        side,
        test,
        device,
        onPoint: (point) => onEvent({ type: 'point', workload: workload.name, side, point }),
      });
    }
    if (!load) {
      throw new ConfigurationError(
        `${side} runs in browsers only. Leave the other libraries out here.`,
      );
    }
    return await PeerRun.create({ ...shared, side, load });
  }

  async #measure(): Promise<void> {
    const { repeats, seed, workload, pulse, onEvent, onPhase } = this.#options;
    const random = new Random(seed, streams.benchmark);
    for (let round = 1; round <= repeats; round++) {
      const share = readyShare + ((measuredShare - readyShare) * (round - 1)) / repeats;
      for (const run of shuffled(this.#runs, random)) {
        const { side } = run;
        onPhase('measure', share, { side, round });
        pulse.beat();
        await this.#attempt(side, async () => {
          const samplesPerSecond = await run.repeat();
          onEvent({ type: 'repeat', workload: workload.name, side, round, samplesPerSecond });
        });
      }
    }
  }

  async #result(): Promise<WorkloadResult> {
    const { workload, limits, seed } = this.#options;
    const network = networkOf(workload, seed);
    const costs = this.#gradient && (await this.#compareCosts());
    const verification = this.#gradient && costs && verdictOf(this.#gradient, costs);
    const failure = verification && failureSentence(workload.name, verification);
    if (failure !== undefined) {
      this.#mark({ kind: 'not-verified', message: failure, isVoid: true, side: 'webgpu' });
    }
    const series = this.#runs.map((run) =>
      run instanceof PeerRun ? run.result(seed) : run.result(limits, seed),
    );
    return {
      name: workload.name,
      layers: network.layers,
      activation: network.activation,
      output: network.output,
      cost: network.cost,
      batchSize: workload.batchSize,
      learningRate: workload.learningRate,
      parameterCount: network.parameterCount,
      series,
      ratios: ratiosOf(series, seed),
      ...(verification && { verification }),
    };
  }

  /** The costs of the GPU's timed run against those of the CPU's, or of one that trains for that alone. */
  async #compareCosts(): Promise<CostDrift | undefined> {
    const { workload, training, test, seed, repeatSeconds, signal } = this.#options;
    const own = this.#runs.filter((run) => run instanceof SideRun);
    const gpu = own.find(({ side }) => side === 'webgpu');
    if (!gpu) return undefined;
    const samplesAt = (step: number) => samplesOf(step, training.sampleCount, workload.batchSize);
    const timed = own.find(({ side }) => side !== 'webgpu');
    if (timed) return compareCosts(gpu.costSums, timed.costSums, samplesAt);
    const onPoint = () => undefined;
    const shared = { workload, training, test, seed, repeatSeconds, signal, device: undefined };
    const cpu = await SideRun.create({ ...shared, side: 'cpu', onPoint });
    try {
      await cpu.prepare();
      const flop = stepFlop(workload.network.layers, workload.batchSize);
      const most = Math.max(1, Math.min(stepsToCompare, flopToCompare / flop));
      const steps = [...gpu.costSums.keys()].filter((step) => step <= most);
      await cpu.trainTo(Math.max(...steps), 1);
      return compareCosts(gpu.costSums, cpu.costSums, samplesAt);
    } finally {
      await cpu.dispose();
    }
  }

  /** Does something of one side; if it fails for a reason of the machine's, that side is out, with a mark. */
  async #attempt(side: SideName, work: () => Promise<void>): Promise<void> {
    const { workload, signal } = this.#options;
    try {
      signal?.throwIfAborted();
      await work();
    } catch (error) {
      if (signal?.aborted || !(error instanceof NudgeError)) throw error;
      const isLost = error instanceof DeviceLostError;
      this.#mark({
        kind: isLost ? 'device-lost' : 'failed',
        message: `${workload.name} on ${describeSide(side)} failed: ${error.message}`.slice(
          0,
          4000,
        ),
        // What diverges here and not elsewhere computes something else.
        isVoid: isLost || error instanceof NonFiniteError,
        side,
      });
      const at = this.#runs.findIndex((run) => run.side === side);
      // What fails again on its way out has been told once.
      if (at >= 0)
        await this.#runs
          .splice(at, 1)[0]!
          .dispose()
          .catch(() => undefined);
    }
  }

  #mark(mark: Omit<Mark, 'workload'>): void {
    this.#marks.push({ ...mark, workload: this.#options.workload.name });
  }
}

function isOwn(side: SideName): side is OwnSideName {
  return (ownSides as readonly string[]).includes(side);
}

/** 'the GPU', 'one thread of the CPU', 'the CPU', 'jax-js, WebAssembly'. */
export function describeSide(side: SideName): string {
  if (!isOwn(side)) return sideNames[side];
  return { webgpu: 'the GPU', 'cpu-1': 'one thread of the CPU', cpu: 'the CPU' }[side];
}

/** Samples that the first `step` steps take; the last step of an epoch takes what is left. */
export function samplesOf(step: number, sampleCount: number, batchSize: number): number {
  const perEpoch = stepsPerEpoch(sampleCount, batchSize);
  const epochs = Math.floor(step / perEpoch);
  return epochs * sampleCount + Math.min((step % perEpoch) * batchSize, sampleCount);
}

/** What is put in relation to what. */
const comparisons: readonly (readonly [SideName, SideName])[] = [
  ['webgpu', 'cpu'],
  ['webgpu', 'cpu-1'],
  ['cpu', 'cpu-1'],
  ['webgpu', 'tfjs-webgpu'],
  ['webgpu', 'jax-webgpu'],
  ['cpu', 'tfjs-wasm'],
  ['cpu', 'jax-wasm'],
];

function ratiosOf(series: readonly Series[], seed: number): Ratio[] {
  const ratesOf = (side: SideName) => series.find((one) => one.side === side)?.samplesPerSecond;
  return comparisons.flatMap(([of, over]) => {
    const above = ratesOf(of);
    const below = ratesOf(over);
    return above && below ? [{ of, over, ...estimatePairedRatio(above, below, seed) }] : [];
  });
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
