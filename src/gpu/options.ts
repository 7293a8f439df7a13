/** GPU options of trainers and sweeps. */
import type { EnginePlan } from '../engine/engine.ts';
import { requireFunction, requireMethods } from '../network/arguments.ts';
import type { Device } from './device.ts';
import type { PlanCache } from './plan/cache.ts';
import { requireTimeout } from './watch.ts';

/** Selects the GPU to use. */
export interface GpuSource {
  /** `webgpu`: device to train on; the caller keeps ownership. Default: the trainer creates one of its own. */
  readonly device?: Device;
  /** `webgpu`: source of the trainer's own device. Default `navigator.gpu`; in Node, see `createGpu`. */
  readonly gpu?: GPU;
  /** `webgpu`: visibility for the trainer's own device, see `DeviceOptions`. Default: whether the page is visible. */
  readonly isVisible?: () => boolean;
  /** `webgpu`: time limit of the trainer's own device, see `DeviceOptions`. Default: 5000 on most adapters. */
  readonly timeoutMs?: number | undefined;
}

export interface GpuOptions extends GpuSource {
  /**
   * Streams the training set in pieces. Default: only if it is too large for the device or for the CPU engine's memory.
   */
  readonly stream?: boolean;
  /**
   * `webgpu`: how a step is divided into kernels. `default` depends only on network, mini-batch and adapter. `tuned`
   * takes the plan that `tunePlan` stored in `planCache`; if there is none, it takes a plan shipped with nudge for this
   * adapter, and otherwise the default plan. A plan object is used unchanged. The same plan gives the same bits on the
   * same adapter. Default `default`.
   */
  readonly plan?: 'default' | 'tuned' | EnginePlan;
  /** `webgpu`: cache that `tuned` searches. */
  readonly planCache?: PlanCache;
}

/** @throws {ConfigurationError} */
export function requireSource({ device, gpu, isVisible, timeoutMs }: GpuSource): void {
  if (device !== undefined) requireMethods('device', 'a Device', device, ['create', 'limit']);
  if (gpu !== undefined) requireMethods('gpu', 'a GPU', gpu, ['requestAdapter']);
  requireFunction('isVisible', isVisible);
  requireTimeout(timeoutMs);
}

/** @throws {ConfigurationError} */
export function requirePlanCache(planCache: unknown): void {
  if (planCache === undefined) return;
  requireMethods('planCache', 'a PlanCache', planCache, ['get', 'set']);
}
