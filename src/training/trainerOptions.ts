/** Options of a trainer. */
import { requirePlanCache, requireSource, type GpuOptions } from '../gpu/options.ts';
import { backends, type Backend } from '../engine/engine.ts';
import { ConfigurationError } from '../errors.ts';
import {
  requireFunction,
  requireNumber,
  requireOptions,
  requireSwitch,
  show,
  type OptionNames,
} from '../network/arguments.ts';
import { requireOneOf } from '../network/functions.ts';
import { requireSeed } from '../network/network.ts';
import { requireBatchSize } from '../engine/batches.ts';
import type { Optimizer } from '../engine/optimizers.ts';
import type { LossOptions } from './recovery.ts';
import { requireClipNorm, requireOptimizer } from '../engine/optimizers/registry.ts';

export interface TrainerOptions extends GpuOptions, LossOptions {
  /**
   * The backend that computes. The default `auto` times `webgpu` and `cpu` and uses the faster one; it never uses a
   * software adapter. Without WebAssembly SIMD, `cpu` computes in float64 like `reference`, tens of times slower.
   * `Trainer.plan` then gives the reason.
   */
  readonly backend?: Backend | 'auto';
  /** Samples per step. */
  readonly batchSize: number;
  readonly optimizer: Optimizer;
  /**
   * The maximum 2-norm of the gradient over all layers. A longer gradient is scaled down, like PyTorch's
   * `clip_grad_norm_` does. Default: no clipping, which saves the GPU three kernels per step.
   */
  readonly clipNorm?: number;
  /** Seed of the shuffling, an integer from 0 to 2³² − 1. Default 1. */
  readonly seed?: number;
  /** Whether to shuffle the samples for each epoch. Default true; false keeps the order of the dataset. */
  readonly shuffle?: boolean;
  /**
   * The number of threads that share a step on backend `cpu`; 0 means the calling thread computes. Default: the number
   * that is fastest in trials. The bits depend on this number, or by default on the number of threads of the machine.
   * If the runtime has no threads, 2 or more throw a `NoThreadsError`; otherwise the calling thread computes, and
   * `Trainer.plan` gives the reason.
   */
  readonly threads?: number | undefined;
}

export const trainerOptionNames: OptionNames<TrainerOptions> = {
  ...{ backend: true, batchSize: true, optimizer: true, clipNorm: true, seed: true },
  ...{ shuffle: true, threads: true, stream: true, plan: true, planCache: true },
  ...{ device: true, gpu: true, isVisible: true, timeoutMs: true },
  ...{ onDeviceLost: true, onRecovery: true },
};

/**
 * Checks options and their combinations. Options for how to compute are valid only for a backend that uses them.
 * Options for where a GPU comes from are valid for every backend.
 * @throws {ConfigurationError}
 */
export function requireTrainerOptions(options: TrainerOptions): void {
  requireOptions('Trainer.create', options, trainerOptionNames);
  const { batchSize, optimizer, clipNorm, seed, shuffle, threads, stream, plan } = options;
  const backend = requireOneOf('backend', options.backend ?? 'auto', [...backends, 'auto']);
  requireBatchSize(batchSize);
  requireOptimizer(optimizer);
  if (clipNorm !== undefined) requireClipNorm(clipNorm);
  if (seed !== undefined) requireSeed(seed);
  requireSwitch('shuffle', shuffle);
  requireNumber('threads', threads);
  requireSwitch('stream', stream);
  requireSource(options);
  requirePlanCache(options.planCache);
  requireFunction('onRecovery', options.onRecovery);
  const { onDeviceLost = 'recover' } = options;
  requireOneOf('onDeviceLost', onDeviceLost, ['recover', 'cpu', 'throw']);
  const requireUse = (name: string, value: unknown, users: readonly (Backend | 'auto')[]) => {
    if (value === undefined || users.includes(backend)) return;
    throw new ConfigurationError(
      `Backend '${backend}' does not support option ${name}; got ${show(value)}. Omit it, or use backend '${users[0]}'.`,
    );
  };
  requireUse('threads', threads, ['cpu', 'auto']);
  requireUse('stream', stream, ['webgpu', 'cpu', 'auto']);
  requireUse('onDeviceLost', onDeviceLost === 'cpu' ? onDeviceLost : undefined, ['auto']);
  requireUse('plan', plan === 'default' ? undefined : plan, ['webgpu', 'auto']);
}
