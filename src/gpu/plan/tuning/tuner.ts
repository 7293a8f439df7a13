/**
 * Finds a plan by measuring. It decides one question at a time and keeps the other answers as decided so far. This is
 * enough, because the time of a kernel does not depend on the tiles of other kernels.
 */
import { ConfigurationError, LimitError, OutOfMemoryError, ShaderError } from '../../../errors.ts';
import type { Kernel } from '../../../../shaders/kernel.ts';
import type { Network } from '../../../network/network.ts';
import type { Optimizer } from '../../../engine/optimizers.ts';
import type { Device } from '../../device.ts';
import { choosePlan } from '../choose.ts';
import { maxLayersPerKernel, type Plan } from '../plan.ts';
import { planTarget } from '../check.ts';
import { BatchTimer } from '../../probes/batchTimer.ts';
import { requireBudget } from '../../probes/probeAdapter.ts';
import {
  candidatesFor,
  nameAnswer,
  nameQuestion,
  tileQuestions,
  type Candidate,
  type Question,
} from './candidates.ts';
import { halve, isFaster, minBy } from './halving.ts';
import { Ledger, type LedgerEntry } from './ledger.ts';
import { Workbench, type Timer } from './workbench.ts';

export interface TunerOptions {
  readonly batchSize: number;
  readonly optimizer: Optimizer;
  readonly clipNorm?: number | undefined;
  /** Approximate milliseconds for tuning. Default 5000. */
  readonly budgetMs?: number | undefined;
  /** Stops tuning with the best plan found so far. */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: TuneProgress) => void) | undefined;
  /** Entries of an earlier tuning with the same options. They are not measured again, and their time counts. */
  readonly known?: readonly LedgerEntry[] | undefined;
  /** Called with each new measurement and check; pass them as `known` to a later tuning. */
  readonly onMeasured?: ((entry: LedgerEntry) => void) | undefined;
  /** Timer to measure with. Default: the clock. */
  readonly timer?: Timer | undefined;
  /**
   * Whether the page is hidden. Timers run slowly in hidden pages, so tuning stops at once. Default: asks the document.
   */
  readonly isHidden?: (() => boolean) | undefined;
}

/**
 * Returns the error of a plan's results relative to the tolerance; 1 or less passes. Use `checkPlan` of src/benchmark.
 */
export type PlanCheck = (plan: Plan) => Promise<number>;

export interface TuneProgress {
  /** For example 'forward of layer 0: 8×8'. */
  readonly what: string;
  /** Share of the budget spent, 0 to 1. */
  readonly done: number;
  /** Speed of the best step so far relative to the default plan. */
  readonly ratio: number;
}

/** Result of one question. */
export interface Decision {
  /** For example 'forward of layer 0'. */
  readonly question: string;
  readonly before: Answer;
  /** The fastest other answer; absent if none was measured. */
  readonly best?: Answer;
  /** Whether `best` replaced `before`. */
  readonly isAccepted: boolean;
  /** Number of candidates measured. */
  readonly tried: number;
  /** Candidates that gave wrong results or failed to compile, with the reason. */
  readonly dropped: readonly { readonly name: string; readonly why: string }[];
}

export interface Answer {
  readonly name: string;
  /** Shortest time measured: of the kernel, or of those kernels of the step in which the candidates differ. */
  readonly seconds: number;
}

export interface Tuning {
  /** The default plan if nothing was clearly faster. */
  readonly plan: Plan;
  readonly isDefault: boolean;
  readonly decisions: readonly Decision[];
  /** Seconds per step with the default plan and with `plan`, measured in turn. */
  readonly step: { readonly default: number; readonly tuned: number };
  /** `complete` means that every question was answered; the other values say what stopped tuning before that. */
  readonly ended: 'complete' | 'budget' | 'signal' | 'hidden';
  /** Total seconds, including an earlier tuning that this one resumed. */
  readonly seconds: number;
}

/** Kernels with a smaller share of the step are skipped, because there is too little to gain. */
const minShare = 0.04;
/** Share of the budget reserved for comparing the result with the default plan. */
const finalShare = 0.15;
const finalRounds = 4;

/**
 * @throws {ConfigurationError} for a budget that is not greater than 0; also the errors of a failing device. All
 *   buffers are released in any case
 */
export async function tune(
  device: Device,
  network: Network,
  check: PlanCheck,
  options: TunerOptions,
): Promise<Tuning> {
  const { budgetMs = 5000 } = options;
  requireBudget(budgetMs, 5000);
  const timer = options.timer ? undefined : await BatchTimer.create(device);
  try {
    return await new Tuner(device, network, check, options, budgetMs).run(options.timer ?? timer!);
  } finally {
    timer?.dispose();
  }
}

/** Reasons to stop before all questions are answered. */
type Cut = Exclude<Tuning['ended'], 'complete'>;

class Tuner {
  readonly #device: Device;
  readonly #network: Network;
  readonly #check: PlanCheck;
  readonly #options: TunerOptions;
  readonly #ledger: Ledger;
  readonly #budgetMs: number;
  readonly #decisions: Decision[] = [];
  /** Questions whose share of the budget was too short. */
  readonly #unfinished: Question[] = [];
  #cut: Cut | undefined;
  /** Seconds per step as estimated so far. */
  #gained = { default: 1, best: 1 };

  constructor(
    device: Device,
    network: Network,
    check: PlanCheck,
    options: TunerOptions,
    budgetMs: number,
  ) {
    this.#device = device;
    this.#network = network;
    this.#check = check;
    this.#options = options;
    this.#budgetMs = budgetMs;
    this.#ledger = new Ledger(options.known ?? [], (entry) => options.onMeasured?.(entry));
  }

  async run(timer: Timer): Promise<Tuning> {
    const { batchSize, optimizer, clipNorm } = this.#options;
    const original = choosePlan(this.#network, batchSize, this.#device.adapter);
    const bench = await Workbench.create(this.#device, timer, {
      ...{ network: this.#network, batchSize, optimizer, clipNorm },
    });
    try {
      const plan = await this.#decideAll(bench, original);
      return await this.#finish(bench, original, plan);
    } finally {
      bench.dispose();
    }
  }

  async #decideAll(bench: Workbench, original: Plan): Promise<Plan> {
    const first = await this.#time(bench, bench.kernels(original));
    this.#gained = { default: first, best: first };
    let plan = await this.#decide(bench, { kind: 'fused' }, original, 0.2);
    const tiles = await this.#byTime(bench, plan);
    let left = tiles.reduce((sum, { seconds }) => sum + seconds, 0);
    // The slowest kernels come first, so that a small budget goes where it matters most.
    for (const { question, seconds } of tiles) {
      plan = await this.#decide(bench, question, plan, 0.8 * (seconds / left));
      left -= seconds;
    }
    plan = await this.#decide(bench, { kind: 'workgroups' }, plan, 1);
    return await this.#askAgain(bench, plan);
  }

  /** Gives the remaining budget to the questions that were cut short. */
  async #askAgain(bench: Workbench, plan: Plan): Promise<Plan> {
    const again = this.#unfinished.splice(0);
    if (this.#cut !== 'budget' || this.#ledger.elapsed >= this.#end) return plan;
    this.#cut = undefined;
    let found = plan;
    for (const [i, question] of again.entries()) {
      found = await this.#decide(bench, question, found, 1 / (again.length - i));
    }
    return found;
  }

  /** Returns the questions about tiles, the slowest kernel first. */
  async #byTime(bench: Workbench, plan: Plan) {
    const times = new Map<Kernel, number>();
    const kernels = bench.kernels(plan);
    for (const kernel of kernels) {
      if (this.#isOver(this.#end)) return [];
      times.set(kernel, await this.#time(bench, [kernel]));
    }
    const step = [...times.values()].reduce((sum, seconds) => sum + seconds, 0);
    const weights = this.#network.layers.slice(1).map((size, l) => size * this.#network.layers[l]!);
    const all = weights.reduce((sum, count) => sum + count, 0);
    return tileQuestions(plan)
      .map((question) => {
        const kernel = kernelOf(question, plan, kernels);
        const seconds = kernel === undefined ? 0 : times.get(kernel)!;
        // The update of all layers is one kernel, so estimate the share of each layer.
        const part = question.role === 'update' ? weights[question.layer]! / all : 1;
        return { question, seconds: part * seconds };
      })
      .filter(({ seconds }) => seconds >= minShare * step)
      .toSorted((a, b) => b.seconds - a.seconds);
  }

  /** @param share part of the remaining budget that this question may use */
  async #decide(bench: Workbench, question: Question, plan: Plan, share: number): Promise<Plan> {
    const now = this.#ledger.elapsed;
    const deadline = now + share * (this.#end - now);
    if (this.#isOver(deadline)) return plan;
    const name = nameQuestion(question);
    const own: Candidate = { name: nameAnswer(question, plan), plan };
    const kernels = new Map<Candidate, readonly Kernel[]>([
      [own, this.#kernelsOf(bench, question, plan)],
    ]);
    const dropped: { name: string; why: string }[] = [];
    let isCut = false;
    const target = planTarget(this.#device);
    for (const candidate of candidatesFor(question, plan, this.#network, target)) {
      // Checking must leave time to measure.
      if (this.#isOver((now + 2 * deadline) / 3)) {
        isCut = true;
        break;
      }
      this.#tell(`${name}: checking ${candidate.name}`);
      const why = await this.#problemOf(candidate.plan);
      if (why === null) kernels.set(candidate, this.#kernelsOf(bench, question, candidate.plan));
      else dropped.push({ name: candidate.name, why });
    }
    const differing = withoutCommon(kernels);
    const challengers = [...kernels.keys()].slice(1);
    const result = await halve(own, challengers, {
      time: async (candidate) => {
        this.#tell(`${name}: ${candidate.name}`);
        return await this.#time(bench, differing.get(candidate)!);
      },
      isOver: () => this.#isOver(deadline),
    });
    const { winner, incumbent, best, measured } = result;
    if (incumbent.samples.length === 0 && dropped.length === 0) return plan;
    const before =
      incumbent.samples.length > 0
        ? minBy(incumbent.samples)
        : await this.#time(bench, differing.get(own)!);
    const isAccepted = winner !== own;
    if (isAccepted) this.#gained.best -= before - minBy(best!.samples);
    if (isCut || this.#ledger.elapsed >= deadline) this.#unfinished.push(question);
    const earlier = this.#decisions.findIndex((one) => one.question === name && !one.isAccepted);
    if (earlier >= 0) this.#decisions.splice(earlier, 1);
    this.#decisions.push({
      question: name,
      before: { name: own.name, seconds: before },
      ...(best && { best: { name: best.contender.name, seconds: minBy(best.samples) } }),
      isAccepted,
      tried: measured,
      dropped,
    });
    return winner.plan;
  }

  /**
   * Compares the plan found with the default plan by whole steps. It always measures anew, because the machine may have
   * been busier during recorded measurements.
   */
  async #finish(bench: Workbench, original: Plan, found: Plan): Promise<Tuning> {
    const times = { original: [this.#gained.default], found: [] as number[] };
    if (this.#decisions.some(({ isAccepted }) => isAccepted)) {
      for (let round = 0; round < finalRounds; round++) {
        // A comparison needs at least two rounds; further ones run only within the budget.
        if (round >= 2 && this.#isOver(this.#budgetMs)) break;
        this.#tell('the whole step');
        times.original.push(await bench.time(bench.kernels(original)));
        times.found.push(await bench.time(bench.kernels(found)));
      }
    }
    const wins =
      times.found.length > 0 &&
      isFaster(times.found, times.original) &&
      (await this.#problemOf(found)) === null;
    const before = minBy(times.original);
    return {
      plan: wins ? found : original,
      isDefault: !wins,
      decisions: this.#decisions,
      step: { default: before, tuned: wins ? minBy(times.found) : before },
      ended: this.#cut ?? 'complete',
      seconds: this.#ledger.elapsed / 1000,
    };
  }

  #time(bench: Workbench, kernels: readonly Kernel[]): Promise<number> {
    return this.#ledger.time(kernels, () => bench.time(kernels));
  }

  /** Returns why a plan cannot be used, or null if its results are correct. */
  async #problemOf(plan: Plan): Promise<string | null> {
    return await this.#ledger.check(plan, () => this.#findProblem(plan));
  }

  async #findProblem(plan: Plan): Promise<string | null> {
    try {
      const share = await this.#check(plan);
      if (share <= 1) return null;
      return `the error of its gradient is ${share.toPrecision(2)} times the tolerance for rounding`;
    } catch (error) {
      if (unusable.some((type) => error instanceof type)) return (error as Error).message;
      throw error;
    }
  }

  #kernelsOf(bench: Workbench, question: Question, plan: Plan): readonly Kernel[] {
    const all = bench.kernels(plan);
    if (question.kind !== 'tile') return all;
    const kernel = kernelOf(question, plan, all);
    return kernel ? [kernel] : all;
  }

  /** Deadline of the questions, in milliseconds of tuning. */
  get #end(): number {
    return (1 - finalShare) * this.#budgetMs;
  }

  #isOver(deadline: number): boolean {
    const { signal, isHidden = documentIsHidden } = this.#options;
    if (this.#cut === undefined) {
      if (signal?.aborted === true) this.#cut = 'signal';
      else if (isHidden()) this.#cut = 'hidden';
    }
    if (this.#cut === 'signal' || this.#cut === 'hidden') return true;
    if (this.#ledger.elapsed < deadline) return false;
    this.#cut = 'budget';
    return true;
  }

  #tell(what: string): void {
    const done = Math.min(1, this.#ledger.elapsed / this.#budgetMs);
    this.#options.onProgress?.({ what, done, ratio: this.#gained.default / this.#gained.best });
  }
}

/** Errors that disqualify a candidate but not the others. */
const unusable = [ShaderError, ConfigurationError, LimitError, OutOfMemoryError] as const;

/** Removes kernels that all candidates share. Their time says nothing, and in wide layers it would dominate. */
function withoutCommon(
  kernels: ReadonlyMap<Candidate, readonly Kernel[]>,
): ReadonlyMap<Candidate, readonly Kernel[]> {
  const lists = [...kernels.values()];
  const isCommon = ({ code }: Kernel) =>
    lists.every((list) => list.some((kernel) => kernel.code === code));
  const differing = new Map(
    [...kernels].map(([candidate, list]) => [candidate, list.filter((one) => !isCommon(one))]),
  );
  return [...differing.values()].every((list) => list.length > 0) ? differing : kernels;
}

/** Returns the kernel that a tile belongs to. */
function kernelOf(
  { role, layer }: Question & { readonly kind: 'tile' },
  plan: Plan,
  kernels: readonly Kernel[],
): Kernel | undefined {
  const labelled = (text: string) => kernels.filter(({ label }) => label.startsWith(text));
  const split = plan.fused?.from ?? plan.layers.length;
  switch (role) {
    case 'forward':
      return labelled('forward ')[layer];
    case 'hiddenDelta':
      // These kernels run from the last layer that is not fused back to layer 1.
      return labelled('hidden delta ')[split - 1 - layer];
    case 'update':
      return labelled('update ')[Math.floor(layer / maxLayersPerKernel)];
  }
}

function documentIsHidden(): boolean {
  const { document } = globalThis as { document?: { readonly hidden?: boolean } };
  return document?.hidden === true;
}
