/**
 * The CPU engine. It uses WebAssembly SIMD if the runtime has it, in threads if they can share memory. Otherwise it
 * uses the float64 reference.
 */
import type { Dataset } from '../data/dataset.ts';
import { ConfigurationError, NoThreadsError } from '../errors.ts';
import type { EngineOptions } from '../engine/engine.ts';
import { requireBatchSize } from '../engine/batches.ts';
import { HostEngine } from '../engine/hostEngine.ts';
import { ReferenceArithmetic } from '../reference/engine.ts';
import { compileBuild, instantiate, supportedBuilds, type Build } from './kernelModule.ts';
import { createMemory } from './memory.ts';
import { SimdArithmetic } from './simdArithmetic.ts';
import type { ThreadChoice, ThreadedArithmetic } from './threadedArithmetic.ts';

export interface CpuOptions {
  /** The kernels to use. Default: the best that this runtime supports, or the float64 reference if it supports none. */
  readonly build?: Build | undefined;
  /**
   * The number of threads that share a step. By default, trials find the fastest number when the training set is
   * loaded. The bits then depend on the number of threads of the machine, not on the trials. 0 means that the calling
   * thread computes, in time slices between which its event loop runs. Some runtimes have no threads that share memory,
   * such as a page without cross-origin isolation. If the number is 1 or undefined, the calling thread then computes,
   * and `plan` gives the reason.
   */
  readonly threads?: number | undefined;
  /**
   * Whether to copy the training set into the kernels' memory in pieces, as needed. The results have the same bits.
   * Default: true for more than 1 GiB.
   */
  readonly stream?: boolean | undefined;
}

/** Bytes of features above which a training set is streamed. */
const maxResidentBytes = 2 ** 30;

/** Maximum for the option `threads`. */
const maxThreads = 64;

/**
 * Creates an engine that trains on the CPU.
 * @throws {ConfigurationError} for an invalid batch size or number of threads
 * @throws {NoThreadsError} when 2 or more threads were requested but the runtime has none
 * @throws {ThreadLostError} when threads do not start within half a minute
 * @throws {OutOfMemoryError} when there is not enough memory
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
    // The lesson's page has no need of threads, and loads nothing of them.
    const { createThreaded } = await import('./createThreaded.ts');
    const isLarge = isStreamed(cpuOptions);
    const made = await createThreaded(options, build, { threads, maxThreads, isStreamed: isLarge });
    if (typeof made !== 'string') return new CpuEngine(options, made, build);
    obstacle = made;
  }
  if (threads !== undefined && threads > 1) {
    throw new NoThreadsError(
      `Cannot start ${threads} threads: ${obstacle}. ` +
        'Omit threads, or use threads: 0, to compute in the calling thread.',
    );
  }
  const arithmetic = build
    ? await createSimd(options, build, cpuOptions)
    : new ReferenceArithmetic(options);
  return new CpuEngine(options, arithmetic, build, obstacle);
}

type CpuArithmetic = ThreadedArithmetic | SimdArithmetic | ReferenceArithmetic;

export class CpuEngine extends HostEngine<CpuArithmetic> {
  /** The kernels in use; undefined for the float64 reference. */
  readonly build: Build | undefined;
  readonly #obstacle: string | undefined;
  /** The last values, kept after `dispose`. */
  #last: Pick<CpuEngine, 'threads' | 'threadChoice'> | undefined;

  /** @param obstacle why the calling thread or the reference computes, if that was not requested */
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

  /** The number of threads that share a step; 0 if the calling thread computes. Known once a training set is loaded. */
  get threads(): number {
    if (this.#last) return this.#last.threads;
    const { arithmetic } = this;
    return 'threads' in arithmetic ? arithmetic.threads : 0;
  }

  /** How the number of threads was chosen; undefined if there was only one candidate. */
  get threadChoice(): ThreadChoice | undefined {
    if (this.#last) return this.#last.threadChoice;
    const { arithmetic } = this;
    return 'choice' in arithmetic ? arithmetic.choice : undefined;
  }

  /**
   * The build and the threads, such as 'relaxed-simd, 2 threads',
   * 'simd, in the calling thread (the page is not cross-origin isolated)' or
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

function isStreamed({ stream }: CpuOptions): (training: Dataset) => boolean {
  return ({ features }) => stream ?? features.length > maxResidentBytes;
}

/** @throws {ConfigurationError} for an invalid number of threads */
function requireThreads(threads: number | undefined): void {
  if (threads === undefined) return;
  if (!Number.isInteger(threads) || threads < 0 || threads > maxThreads) {
    throw new ConfigurationError(
      `threads must be an integer from 0 to ${maxThreads}; got ${threads}. ` +
        'Omit it to use the number that is fastest in trials.',
    );
  }
}

/** The best build that compiles, or the reason why none does. */
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
