/** The CPU engine: in WebAssembly where there is SIMD, in plain TypeScript where not. */
import type { Engine, EngineOptions } from '../training/engine.ts';
import { requireBatchSize } from '../training/batches.ts';
import { HostEngine } from '../training/hostEngine.ts';
import {
  compileBuild,
  instantiate,
  supportedBuilds,
  type Build,
  type KernelModule,
} from './kernelModule.ts';
import { KernelMemory } from './memory.ts';
import { PlainArithmetic } from './plainArithmetic.ts';
import { momentCount } from './rates.ts';
import { SimdArithmetic } from './simdArithmetic.ts';

export interface CpuOptions {
  /** Which kernels compute. Default: the best that this runtime takes. */
  readonly build?: Build | 'plain' | undefined;
}

/**
 * Trains on the CPU, in this thread.
 * @throws {ConfigurationError} for a batch size that is no whole number of at least 1
 * @throws {OutOfMemoryError} where there is not so much memory
 */
export async function createCpuEngine(
  options: EngineOptions,
  { build }: CpuOptions = {},
): Promise<Engine> {
  const kernels = build === 'plain' ? undefined : await compileBest(build);
  if (!kernels) return new HostEngine('cpu', options, new PlainArithmetic(options));
  requireBatchSize(options.batchSize);
  const { network, optimizer } = options;
  const memory = new KernelMemory({
    network,
    threads: 1,
    moments: momentCount(optimizer),
    isShared: false,
  });
  const instance = await instantiate(kernels, memory.memory);
  return new HostEngine('cpu', options, new SimdArithmetic(options, instance, memory));
}

/** The build that was asked for, or the best one that compiles. */
async function compileBest(build: Build | undefined): Promise<KernelModule | undefined> {
  if (build !== undefined) return await compileBuild(build, false);
  for (const candidate of supportedBuilds()) {
    try {
      return await compileBuild(candidate, false);
    } catch (error) {
      // A page's policy may forbid what the runtime could do.
      if (!(error instanceof WebAssembly.CompileError)) throw error;
    }
  }
  return undefined;
}
