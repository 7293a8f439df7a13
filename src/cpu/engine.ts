/** The CPU engine: in WebAssembly where there is SIMD, in threads where they share memory; else in plain TypeScript. */
import type { Dataset } from '../data/dataset.ts';
import { ConfigurationError } from '../errors.ts';
import type { Engine, EngineOptions } from '../training/engine.ts';
import { requireBatchSize } from '../training/batches.ts';
import { HostEngine } from '../training/hostEngine.ts';
import { compileBuild, instantiate, supportedBuilds, type Build } from './kernelModule.ts';
import { KernelMemory } from './memory.ts';
import { PlainArithmetic } from './plainArithmetic.ts';
import { momentCount } from './rates.ts';
import { SimdArithmetic } from './simdArithmetic.ts';
import { Team } from './team.ts';
import { availableThreads } from './thread.ts';
import { ThreadedArithmetic } from './threadedArithmetic.ts';

export interface CpuOptions {
  /** Which kernels compute. Default: the best that this runtime takes. */
  readonly build?: Build | 'plain' | undefined;
  /**
   * How many threads share a step. Default: as many as trials find fastest when the training set is loaded; the bits
   * depend on how many threads the machine has, and not on what the trials find. 0: none but the one that calls, in
   * slices of time that let its event loop turn; that is also what there is where threads cannot share memory, in a
   * page that is not cross-origin isolated.
   */
  readonly threads?: number | undefined;
  /**
   * Whether the training set is copied into the kernels' memory piece by piece, as it is needed, to the same bits.
   * Default: one of more than a gigabyte.
   */
  readonly stream?: boolean | undefined;
}

/** Bytes of features above which a training set is streamed. */
const mostResidentBytes = 2 ** 30;

/** The most threads that can be asked for. */
const mostThreads = 64;
/** How few samples, and how many bytes of gradients all together, are worth cutting a step into more slices. */
const fewestSamples = 24;
const mostGradientBytes = 2 ** 28;

/**
 * Trains on the CPU.
 * @throws {ConfigurationError} for a batch size or a number of threads that makes no sense
 * @throws {OutOfMemoryError} where there is not so much memory
 */
export async function createCpuEngine(
  options: EngineOptions,
  cpuOptions: CpuOptions = {},
): Promise<Engine> {
  const { build, threads } = cpuOptions;
  requireBatchSize(options.batchSize);
  requireThreads(threads);
  const compiled = build === 'plain' ? undefined : await compileBest(build);
  if (!compiled) return new CpuEngine(options, new PlainArithmetic(options), 'plain');
  const threaded =
    threads === 0 || availableThreads() === 0
      ? undefined
      : await createThreaded(options, compiled, cpuOptions);
  const arithmetic = threaded ?? (await createSimd(options, compiled, cpuOptions));
  return new CpuEngine(options, arithmetic, compiled);
}

class CpuEngine extends HostEngine<PlainArithmetic | SimdArithmetic | ThreadedArithmetic> {
  readonly #build: Build | 'plain';
  /** After its end. */
  #lastPlan: string | undefined;

  constructor(
    options: EngineOptions,
    arithmetic: PlainArithmetic | SimdArithmetic | ThreadedArithmetic,
    build: Build | 'plain',
  ) {
    super('cpu', options, arithmetic);
    this.#build = build;
  }

  /** 'relaxed-simd, 2 threads'; how many there are is known once a training set is loaded. */
  get plan(): string {
    return this.#lastPlan ?? this.#describe();
  }

  get threads(): number | undefined {
    return 'threads' in this.arithmetic ? this.arithmetic.threads : undefined;
  }

  override async dispose(): Promise<void> {
    this.#lastPlan ??= this.#describe();
    await super.dispose();
  }

  #describe(): string {
    const { arithmetic } = this;
    const threads = 'threads' in arithmetic ? arithmetic.threads : 0;
    const where =
      threads === 0 ? 'in the calling thread' : threads === 1 ? '1 thread' : `${threads} threads`;
    return `${this.#build}, ${where}`;
  }
}

async function createSimd(
  options: EngineOptions,
  build: Build,
  cpuOptions: CpuOptions,
): Promise<SimdArithmetic> {
  const memory = createMemory(options, 1, false);
  const kernels = await instantiate(await compileBuild(build, false), memory.memory);
  return new SimdArithmetic(options, kernels, memory, isStreamed(cpuOptions));
}

/** `undefined` where a policy keeps threads from starting, or memory that can be shared is not to be had. */
async function createThreaded(
  options: EngineOptions,
  build: Build,
  cpuOptions: CpuOptions,
): Promise<ThreadedArithmetic | undefined> {
  const { threads } = cpuOptions;
  const slices = threads ?? defaultSlices(options);
  const module = await compileBuild(build, true);
  try {
    const memory = createMemory(options, slices, true);
    const start = { module, memory: memory.memory };
    const team = await Team.assemble(slices, start, () => memory.control.passes);
    const isChosen = threads !== undefined;
    return new ThreadedArithmetic(options, memory, team, isChosen, isStreamed(cpuOptions));
  } catch {
    return undefined;
  }
}

function isStreamed({ stream }: CpuOptions): (training: Dataset) => boolean {
  return ({ features }) => stream ?? features.length > mostResidentBytes;
}

/** A power of two, so that threads can share the slices evenly. */
function defaultSlices({ network, batchSize }: EngineOptions): number {
  const most = Math.min(
    availableThreads(),
    mostThreads,
    batchSize / fewestSamples,
    mostGradientBytes / (4 * network.parameterCount),
  );
  return 2 ** Math.floor(Math.log2(Math.max(1, most)));
}

function createMemory(
  { network, optimizer, clipNorm }: EngineOptions,
  slices: number,
  isShared: boolean,
): KernelMemory {
  const moments = momentCount(optimizer);
  return new KernelMemory({ network, slices, moments, isShared, clipNorm });
}

/** @throws {ConfigurationError} for what is no number of threads */
function requireThreads(threads: number | undefined): void {
  if (threads === undefined) return;
  if (Number.isInteger(threads) && threads >= 0 && threads <= mostThreads) return;
  throw new ConfigurationError(
    `The number of threads is a whole number from 0 to ${mostThreads}, and ${threads} was given. ` +
      'Leave it out to have the fastest found by trial.',
  );
}

/** The build that was asked for, or the best one that compiles. */
async function compileBest(build: Build | undefined): Promise<Build | undefined> {
  if (build !== undefined) {
    await compileBuild(build, false);
    return build;
  }
  for (const candidate of supportedBuilds()) {
    try {
      await compileBuild(candidate, false);
      return candidate;
    } catch (error) {
      // A page's policy may forbid what the runtime could do.
      if (!(error instanceof WebAssembly.CompileError)) throw error;
    }
  }
  return undefined;
}
