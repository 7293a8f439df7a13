/**
 * Finds a plan by measuring: one question after the other, each with all other answers as they are by then. That is
 * enough, since a kernel's time does not depend on the tiles of the others.
 */
import { ConfigurationError, LimitError, OutOfMemoryError, ShaderError } from '../../../errors.ts';
import type { Kernel } from '../../../../shaders/kernel.ts';
import type { Network } from '../../../network/network.ts';
import type { Optimizer } from '../../../engine/optimizers.ts';
import type { Device } from '../../device.ts';
import { choosePlan } from '../choose.ts';
import type { Plan } from '../plan.ts';
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
  /** Milliseconds that tuning should take, about. Default 5000. */
  readonly budgetMs?: number | undefined;
  /** Ends the tuning with the best plan found by then. */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: TuneProgress) => void) | undefined;
  /** What an earlier tuning of the same measured: it is not measured again, and its time counts. */
  readonly known?: readonly LedgerEntry[] | undefined;
  /** Takes each new measurement and check, for `known` of a later tuning. */
  readonly onMeasured?: ((entry: LedgerEntry) => void) | undefined;
  /** What times are measured with. Default: the clock. */
  readonly timer?: Timer | undefined;
  /** Whether the page is hidden. Its timers then run slowly, so tuning ends at once. Default: asks the document. */
  readonly isHidden?: (() => boolean) | undefined;
}

/**
 * Says how far a plan's results are from the truth, as a share of how far they may be: at most 1 is right.
 * `checkPlan` of src/benchmark is the one to use.
 */
export type PlanCheck = (plan: Plan) => Promise<number>;

export interface TuneProgress {
  /** 'forward of layer 0: 8×8' */
  readonly what: string;
  /** Share of the budget that is spent, 0 to 1. */
  readonly done: number;
  /** How many times as fast as the default plan's the step is that is the best so far. */
  readonly ratio: number;
}

/** What became of one question. */
export interface Decision {
  /** 'forward of layer 0' */
  readonly question: string;
  readonly before: Answer;
  /** The fastest of the others; absent where none was measured. */
  readonly best?: Answer;
  /** Whether it took the place of the one before. */
  readonly isAccepted: boolean;
  /** Candidates that were measured. */
  readonly tried: number;
  /** Candidates that gave wrong results, or could not be compiled, and why. */
  readonly dropped: readonly { readonly name: string; readonly why: string }[];
}

export interface Answer {
  readonly name: string;
  /** The least measured, of the kernel, or of those kernels of the step, in which the candidates differ. */
  readonly seconds: number;
}

export interface Tuning {
  /** The default one where nothing was surely faster. */
  readonly plan: Plan;
  readonly isDefault: boolean;
  readonly decisions: readonly Decision[];
  /** Seconds of a step by the default plan and by `plan`, measured in turn. */
  readonly step: { readonly default: number; readonly tuned: number };
  /** `budget`, `signal` and `hidden`: before every question had its answer. */
  readonly ended: 'complete' | 'budget' | 'signal' | 'hidden';
  /** Seconds that all of it took, those of an earlier tuning that it goes on from included. */
  readonly seconds: number;
}

/** Kernels that take less of a step than this are left as they are: there is too little to gain. */
const minShare = 0.04;
/** Of the budget, kept for holding the result against the default. */
const finalShare = 0.15;
const finalRounds = 4;

/**
 * @throws {ConfigurationError} for a budget that is not greater than 0; what a device that fails throws. No buffer
 *   is left in any case
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

/** What tuning ends with sooner than the questions do. */
type Cut = Exclude<Tuning['ended'], 'complete'>;

class Tuner {
  readonly #device: Device;
  readonly #network: Network;
  readonly #check: PlanCheck;
  readonly #options: TunerOptions;
  readonly #ledger: Ledger;
  readonly #budgetMs: number;
  readonly #decisions: Decision[] = [];
  /** Questions that their share of the budget was too short for. */
  readonly #unfinished: Question[] = [];
  #cut: Cut | undefined;
  /** Seconds of a step as known so far. */
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
    // What most of the step is spent on comes first, so that a small budget is spent on what matters most.
    for (const { question, seconds } of tiles) {
      plan = await this.#decide(bench, question, plan, 0.8 * (seconds / left));
      left -= seconds;
    }
    plan = await this.#decide(bench, { kind: 'workgroups' }, plan, 1);
    return await this.#askAgain(bench, plan);
  }

  /** What one question left of the budget, those have that were cut short. */
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

  /** The questions about tiles, that of the slowest kernel first. */
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
        // The update is one kernel, of which each layer has its part.
        const part = question.role === 'update' ? weights[question.layer]! / all : 1;
        return { question, seconds: part * seconds };
      })
      .filter(({ seconds }) => seconds >= minShare * step)
      .toSorted((a, b) => b.seconds - a.seconds);
  }

  /** @param share of what is left of the budget that this question may take */
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
   * Holds the plan that was found against the default one, step against step. Always measured anew: times of before may
   * be of a machine that was busier.
   */
  async #finish(bench: Workbench, original: Plan, found: Plan): Promise<Tuning> {
    const times = { original: [this.#gained.default], found: [] as number[] };
    if (this.#decisions.some(({ isAccepted }) => isAccepted)) {
      for (let round = 0; round < finalRounds; round++) {
        // Without two rounds there is no telling whether it is faster; after that, the budget is what counts.
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

  /** Why a plan is not to be used; null where it computes what is right. */
  async #problemOf(plan: Plan): Promise<string | null> {
    return await this.#ledger.check(plan, () => this.#findProblem(plan));
  }

  async #findProblem(plan: Plan): Promise<string | null> {
    try {
      const share = await this.#check(plan);
      if (share <= 1) return null;
      return `its gradient is ${share.toPrecision(2)} times as far from the reference as rounding explains`;
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

  /** When the questions have to be over, in milliseconds of tuning. */
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

/** What a candidate may fail with that says nothing of the others. */
const unusable = [ShaderError, ConfigurationError, LimitError, OutOfMemoryError] as const;

/** Leaves out kernels that all candidates have, whose time says nothing; a wide layer's would be most of it. */
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

/** The kernel of a step that a tile belongs to. */
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
      // From the last layer that is not fused back to layer 1.
      return labelled('hidden delta ')[split - 1 - layer];
    case 'update':
      return labelled('update ')[0];
  }
}

function documentIsHidden(): boolean {
  const { document } = globalThis as { document?: { readonly hidden?: boolean } };
  return document?.hidden === true;
}
