/** The arithmetic of the CPU engine in threads. */
import type { Dataset } from '../data/dataset.ts';
import type { EngineOptions } from '../engine/engine.ts';
import { compileBuild, type Build } from './kernelModule.ts';
import { createMemory } from './memory.ts';
import { Team } from './team.ts';
import { availableThreads, obstacleToThreads, ThreadStartError } from './thread.ts';
import { minSamples, ThreadedArithmetic } from './threadedArithmetic.ts';

/** Maximum size of all slices' gradients together, which limits the default number of slices. */
const maxGradientBytes = 2 ** 28;

export interface ThreadOptions {
  /** Default: what trials find, at most `maxThreads`. */
  readonly threads: number | undefined;
  readonly maxThreads: number;
  readonly isStreamed: (training: Dataset) => boolean;
}

/**
 * @returns the reason if this runtime has no threads, or a policy prevents them from starting
 * @throws {ThreadLostError} when threads do not start within half a minute
 * @throws {OutOfMemoryError} when there is not enough memory
 */
export async function createThreaded(
  options: EngineOptions,
  build: Build,
  { threads, maxThreads, isStreamed }: ThreadOptions,
): Promise<ThreadedArithmetic | string> {
  const obstacle = obstacleToThreads();
  if (obstacle !== undefined) return obstacle;
  const module = await compileBuild(build, true);
  const memory = createMemory(options, threads ?? defaultSlices(options, maxThreads), true);
  try {
    const start = { module, memory: memory.memory };
    const team = await Team.assemble(memory.slices.length, start, () => memory.control.passes);
    return new ThreadedArithmetic(options, memory, team, threads !== undefined, isStreamed);
  } catch (error) {
    // Other errors are not about missing threads.
    if (!(error instanceof ThreadStartError)) throw error;
    return `a thread could not be started (${error.message})`;
  }
}

/** A power of two, so that threads can share the slices evenly. */
function defaultSlices({ network, batchSize }: EngineOptions, maxThreads: number): number {
  const max = Math.min(
    availableThreads(),
    maxThreads,
    batchSize / minSamples,
    maxGradientBytes / (4 * network.parameterCount),
  );
  return 2 ** Math.floor(Math.log2(Math.max(1, max)));
}
