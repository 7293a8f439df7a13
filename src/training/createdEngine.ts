/** The engine that a trainer uses, and the one on the CPU. */
import { createCpuEngine, type CpuEngine } from '../cpu/engine.ts';
import type { Engine } from '../engine/engine.ts';
import type { AdapterDescription } from '../gpu/adapter.ts';
import type { PlanOrigin } from '../gpu/createEngine.ts';
import type { Network } from '../network/network.ts';
import type { TrainerOptions } from './trainerOptions.ts';

/** The engine of a trainer. What it runs on may change: a `RecoveringEngine` moves to another device. */
export interface CreatedEngine {
  readonly engine: Engine & {
    readonly adapter?: AdapterDescription | undefined;
    readonly planOrigin?: PlanOrigin | undefined;
    /** The reason for `auto`'s choice, if it may change. */
    readonly choice?: string | undefined;
  };
  /** The reason for `auto`'s choice. */
  readonly choice?: string;
}

export function createOnCpu(network: Network, options: TrainerOptions): Promise<CpuEngine> {
  const { threads, stream } = options;
  return createCpuEngine({ ...options, network }, { threads, stream });
}
