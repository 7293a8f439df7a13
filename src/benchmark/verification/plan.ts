import type { Device } from '../../gpu/device.ts';
import { noise } from '../../gpu/plan/tuning/workbench.ts';
import type { PlanCheck } from '../../gpu/plan/tuning/tuner.ts';
import type { Network } from '../../network/network.ts';
import { checkGradient, type GradientTruth, gradientTruth } from './gradient.ts';

/** Parameters × samples that a reference takes to a gradient and its bounds in a second or two. */
const maxWork = 3e7;

/** Samples of a mini-batch that a gradient is checked with: all, or of a large network some. */
export function samplesToCheck(network: Network, batchSize: number): number {
  return Math.min(batchSize, Math.max(8, Math.floor(maxWork / network.parameterCount)));
}

/**
 * Checks plans of a network by a gradient that every kernel of the plan has a part in, element by element against
 * the float64 reference, which computes it once for all plans. Of a large network the mini-batch is shortened.
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
