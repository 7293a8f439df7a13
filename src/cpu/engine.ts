/** The CPU engine: in WebAssembly where there is SIMD, in threads where they share memory; else the float64 reference. */
import type { Dataset } from '../data/dataset.ts';
import { ConfigurationError, NoThreadsError } from '../errors.ts';
import type { EngineOptions } from '../engine/engine.ts';
import { requireBatchSize } from '../engine/batches.ts';
import { HostEngine } from '../engine/hostEngine.ts';
import { ReferenceArithmetic } from '../reference/engine.ts';
import { compileBuild, instantiate, supportedBuilds, type Build } from './kernelModule.ts';
import { KernelMemory } from './memory.ts';
import { momentCount } from '../engine/optimizers/registry.ts';
import { SimdArithmetic } from './simdArithmetic.ts';
import { Team } from './team.ts';
import { availableThreads, obstacleToThreads, ThreadStartError } from './thread.ts';
import { minSamples, ThreadedArithmetic, type ThreadChoice } from './threadedArithmetic.ts';

export interface CpuOptions {
  /** Which kernels compute. Default: the best that this runtime takes, or the float64 reference where it takes none. */
  readonly build?: Build | undefined;
  /**
   * How many threads share a step. Default: as many as trials find fastest when the training set is loaded; the bits
   * depend on how many threads the machine has, and not on what the trials find. 0: the calling thread computes, in
   * slices of time that let its event loop turn. Some runtimes have no threads that share memory, such as a page that is
   * not cross-origin isolated: there the calling thread computes if the number is 1 or left out, and `plan` says why.
   */
  readonly threads?: number | undefined;
  /**
   * Whether the training set is copied into the kernels' memory piece by piece, as it is needed, to the same bits.
   * Default: one of more than a gigabyte.
   */
  readonly stream?: boolean | undefined;
}

/** Bytes of features above which a training set is streamed. */
const maxResidentBytes = 2 ** 30;

/** The most threads that can be asked for. */
const maxThreads = 64;
/** How many bytes of gradients all together are worth cutting a step into more slices. */
const maxGradientBytes = 2 ** 28;

/**
 * Trains on the CPU.
 * @throws {ConfigurationError} for a batch size or a number of threads that makes no sense
 * @throws {NoThreadsError} where there are no threads and 2 or more were asked for
 * @throws {ThreadLostError} where threads do not get ready within half a minute
 * @throws {OutOfMemoryError} where there is not so much memory
 */
export async function createCpuEngine(
  options: EngineOptions,
  cpuOptions: CpuOptions = {},
): Promise<CpuEngine> {
  const { threads } = cpuOptions;
  requireBatchSize(options.batchSize);
  requireThreads(threads);
  const best = cpuOptions.build ? { build: cpuOptions.build } : await findBuild();
  const { build } = best;
  let { obstacle } = best;
  if (build && threads !== 0) {
    obstacle = obstacleToThreads();
    try {
      if (obstacle === undefined) {
        const threaded = await createThreaded(options, build, cpuOptions);
        return new CpuEngine(options, threaded, build);
      }
    } catch (error) {
      // Any other error does not mean that there are no threads here.
      if (!(error instanceof ThreadStartError)) throw error;
      obstacle = `a thread could not be started (${error.message})`;
    }
  }
  if (threads !== undefined && threads > 1) {
    throw new NoThreadsError(
      `${threads} threads were asked for, and ${obstacle}. ` +
        'Leave the number of threads out, or give 0, to compute in the calling thread.',
    );
  }
  const arithmetic = build
    ? await createSimd(options, build, cpuOptions)
    : new ReferenceArithmetic(options);
  return new CpuEngine(options, arithmetic, build, obstacle);
}

type CpuArithmetic = ThreadedArithmetic | SimdArithmetic | ReferenceArithmetic;

export class CpuEngine extends HostEngine<CpuArithmetic> {
  /** Of the kernels; undefined where the float64 reference computes. */
  readonly build: Build | undefined;
  readonly #obstacle: string | undefined;
  /** After its end. */
  #last: Pick<CpuEngine, 'threads' | 'threadChoice'> | undefined;

  /** @param obstacle why the calling thread or the reference computes, where that was not asked for */
  constructor(
    options: EngineOptions,
    arithmetic: CpuArithmetic,
    build: Build | undefined,
    obstacle?: string,
  ) {
    super('cpu', options, arithmetic);
    this.build = build;
    this.#obstacle = obstacle;
  }

  /** Threads that share a step; 0 where the calling thread computes. Known once a training set is loaded. */
  get threads(): number {
    if (this.#last) return this.#last.threads;
    const { arithmetic } = this;
    return 'threads' in arithmetic ? arithmetic.threads : 0;
  }

  /** How the number of threads was found; undefined where there was nothing to choose. */
  get threadChoice(): ThreadChoice | undefined {
    if (this.#last) return this.#last.threadChoice;
    const { arithmetic } = this;
    return 'choice' in arithmetic ? arithmetic.choice : undefined;
  }

  /**
   * 'relaxed-simd, 2 threads', 'simd, in the calling thread (the page is not cross-origin isolated)' or
   * 'float64 reference, in the calling thread (a policy forbids WebAssembly)'.
   */
  get plan(): string {
    const { threads } = this;
    const why = this.#obstacle === undefined ? '' : ` (${this.#obstacle})`;
    const where =
      threads === 0
        ? `in the calling thread${why}`
        : `${threads} ${threads === 1 ? 'thread' : 'threads'}`;
    return `${this.build ?? 'float64 reference'}, ${where}`;
  }

  override async dispose(): Promise<void> {
    const { threads, threadChoice } = this;
    this.#last = { threads, threadChoice };
    await super.dispose();
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

/** @throws {ThreadStartError} where a policy keeps threads from starting */
async function createThreaded(
  options: EngineOptions,
  build: Build,
  cpuOptions: CpuOptions,
): Promise<ThreadedArithmetic> {
  const { threads } = cpuOptions;
  const module = await compileBuild(build, true);
  const memory = createMemory(options, threads ?? defaultSlices(options), true);
  const start = { module, memory: memory.memory };
  const team = await Team.assemble(memory.slices.length, start, () => memory.control.passes);
  const isGiven = threads !== undefined;
  return new ThreadedArithmetic(options, memory, team, isGiven, isStreamed(cpuOptions));
}

function isStreamed({ stream }: CpuOptions): (training: Dataset) => boolean {
  return ({ features }) => stream ?? features.length > maxResidentBytes;
}

/** A power of two, so that threads can share the slices evenly. */
function defaultSlices({ network, batchSize }: EngineOptions): number {
  const max = Math.min(
    availableThreads(),
    maxThreads,
    batchSize / minSamples,
    maxGradientBytes / (4 * network.parameterCount),
  );
  return 2 ** Math.floor(Math.log2(Math.max(1, max)));
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
  if (!Number.isInteger(threads) || threads < 0 || threads > maxThreads) {
    throw new ConfigurationError(
      `The number of threads must be a whole number from 0 to ${maxThreads}; got ${threads}. ` +
        'Leave it out to have the fastest found by trial.',
    );
  }
}

/** The best build that compiles, or why there is none. */
async function findBuild(): Promise<{ readonly build?: Build; readonly obstacle?: string }> {
  let obstacle = 'this runtime has no WebAssembly with SIMD';
  for (const candidate of supportedBuilds()) {
    try {
      await compileBuild(candidate, false);
      return { build: candidate };
    } catch (error) {
      if (!(error instanceof WebAssembly.CompileError)) throw error;
      obstacle = 'a policy forbids WebAssembly';
    }
  }
  return { obstacle };
}
