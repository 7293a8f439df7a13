/** What a trainer is made with. */
import { requirePlanCache, requireSource, type GpuOptions } from '../gpu/options.ts';
import { backends, type Backend } from '../engine/engine.ts';
import { ConfigurationError } from '../errors.ts';
import {
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
import { requireClipNorm, requireOptimizer } from '../engine/optimizers/registry.ts';

export interface TrainerOptions extends GpuOptions {
  /**
   * What does the arithmetic. `auto`, the default, tries both for a moment and takes the faster of `webgpu` and
   * `cpu`; a software adapter is never taken by `auto`. Where WebAssembly is forbidden or has no SIMD, `cpu` computes
   * what `reference` does, in float64 and tens of times as slowly, and `Trainer.plan` says why.
   */
  readonly backend?: Backend | 'auto';
  /** Samples a step. */
  readonly batchSize: number;
  readonly optimizer: Optimizer;
  /**
   * Keeps the gradient of all layers within this 2-norm, by scaling a longer one down, as PyTorch's
   * `clip_grad_norm_`. Default: gradients are applied as they are, which spares the GPU three kernels a step.
   */
  readonly clipNorm?: number;
  /** Seed of the shuffling, an integer from 0 to 2³² − 1. Default 1. */
  readonly seed?: number;
  /** Whether each epoch visits the samples in an order of its own. Default true; false is the order of the file. */
  readonly shuffle?: boolean;
  /**
   * `cpu`: how many threads share a step; 0: the calling thread computes. Default: as many as trials find fastest. Bits
   * depend on the number that is given here, or else on how many threads the machine has. Where there are no threads, 2
   * and more are a `NoThreadsError`, and with 1 or none given the calling thread computes; `Trainer.plan` says why.
   */
  readonly threads?: number | undefined;
}

const names: OptionNames<TrainerOptions> = {
  ...{ backend: true, batchSize: true, optimizer: true, clipNorm: true, seed: true },
  ...{ shuffle: true, threads: true, stream: true, plan: true, planCache: true },
  ...{ device: true, gpu: true, isVisible: true },
};

/**
 * Refuses options that make no sense, alone or together. An option that says how to compute must have an effect on the
 * chosen backend. Options that say where a GPU comes from may be given with every backend.
 * @throws {ConfigurationError}
 */
export function requireTrainerOptions(options: TrainerOptions): void {
  requireOptions('Trainer.create', options, names);
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
  const requireUse = (name: string, value: unknown, users: readonly (Backend | 'auto')[]) => {
    if (value === undefined || users.includes(backend)) return;
    throw new ConfigurationError(
      `The option ${name} means nothing to backend '${backend}', and ${show(value)} was given. Leave it out, or use backend '${users[0]}'.`,
    );
  };
  requireUse('threads', threads, ['cpu', 'auto']);
  requireUse('stream', stream, ['webgpu', 'cpu', 'auto']);
  requireUse('plan', plan === 'default' ? undefined : plan, ['webgpu', 'auto']);
}
