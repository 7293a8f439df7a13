import type { Device } from '../../gpu/device.ts';
import { noise } from '../../gpu/plan/tuning/workbench.ts';
import type { PlanCheck } from '../../gpu/plan/tuning/tuner.ts';
import type { Network } from '../../network/network.ts';
import { checkGradient, type GradientTruth, gradientTruth } from './gradient.ts';

/** Parameters × samples for which the reference computes a gradient and its bounds in a second or two. */
const maxWork = 3e7;

/** Samples of a mini-batch for checking a gradient; a large network gets fewer. */
export function samplesToCheck(network: Network, batchSize: number): number {
  return Math.min(batchSize, Math.max(8, Math.floor(maxWork / network.parameterCount)));
}

/**
 * Checks plans of a network by a gradient, which uses every kernel of the plan, against the float64 reference. The
 * reference is computed once for all plans.
 */
export function planChecker(device: Device, network: Network, batchSize: number): PlanCheck {
  const samples = samplesToCheck(network, batchSize);
  const batch = noise(network, samples);
  let truth: GradientTruth | undefined;
  return async (plan) => {
    truth ??= gradientTruth(network, batch);
    const short = { ...plan, batchSize: samples };
    return await checkGradient(device, network, batch, { plan: short, truth });
  };
}
