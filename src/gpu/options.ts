/** What a trainer or a sweep is told of the GPU that it is to use. */
import type { EnginePlan } from '../engine/engine.ts';
import { requireFunction, requireMethods } from '../network/arguments.ts';
import type { Device } from './device.ts';
import type { PlanCache } from './plan/cache.ts';

/** Where a GPU comes from. */
export interface GpuSource {
  /** `webgpu`: a device to train on, which stays the caller's. Default: one of the trainer's own. */
  readonly device?: Device;
  /** `webgpu`: where the trainer gets its own device from. Default `navigator.gpu`; in Node, see `createGpu`. */
  readonly gpu?: GPU;
  /** `webgpu`: of the trainer's own device, see `DeviceOptions`. Default: whether the page is visible. */
  readonly isVisible?: () => boolean;
}

export interface GpuOptions extends GpuSource {
  /**
   * Streams the training set in pieces. Default: only one that is too large, for the device or for the CPU engine's
   * memory.
   */
  readonly stream?: boolean;
  /**
   * `webgpu`: how a step is cut into kernels. `default` follows from network, mini-batch and adapter alone; `tuned` is
   * the plan that `tunePlan` left in `planCache`, else one that nudge brings along for this adapter, else the default
   * one; a plan is taken as it is. The same plan gives the same bits on the same adapter. Default `default`.
   */
  readonly plan?: 'default' | 'tuned' | EnginePlan;
  /** `webgpu`: where `tuned` looks. */
  readonly planCache?: PlanCache;
}

/** @throws {ConfigurationError} */
export function requireSource({ device, gpu, isVisible }: GpuSource): void {
  if (device !== undefined) requireMethods('device', 'a Device', device, ['create', 'limit']);
  if (gpu !== undefined) requireMethods('gpu', 'a GPU', gpu, ['requestAdapter']);
  requireFunction('isVisible', isVisible);
}

/** @throws {ConfigurationError} */
export function requirePlanCache(planCache: unknown): void {
  if (planCache === undefined) return;
  requireMethods('planCache', 'a PlanCache', planCache, ['get', 'set']);
}
