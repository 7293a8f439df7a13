/**
 * Verifies the GPU's results, since the speed of wrong results means nothing. The first gradient must match the float64
 * reference within the error bound of float32, and the costs of the timed run must match the CPU's.
 */
import { sliceDataset, type Dataset } from '../data/dataset.ts';
import type { Device } from '../gpu/device.ts';
import { choosePlan } from '../gpu/plan/choose.ts';
import type { Network } from '../network/network.ts';
import type { Verification } from './result/schema.ts';
import { checkGradientTensors, type TensorError } from './verification/gradient.ts';
import { samplesToCheck } from './verification/plan.ts';

/**
 * Tolerance for the mean cost over the same steps, relative to the untrained network's cost. Engines round differently,
 * and a ReLU whose input is almost 0 can make their networks diverge slightly. A wrong kernel diverges much more.
 */
export const maxDrift = 0.02;

/** Replaces NaN and Infinity, which JSON does not have. */
const beyondAllBounds = 1e12;

export interface GradientVerdict {
  readonly samples: number;
  readonly tensors: readonly TensorError[];
}

/**
 * Checks the first gradient of the kernels that will be timed, on training samples. A large network gets fewer samples,
 * since the float64 reference is slow.
 */
export async function verifyGradient(
  device: Device,
  network: Network,
  batchSize: number,
  training: Dataset,
): Promise<GradientVerdict> {
  const samples = Math.min(samplesToCheck(network, batchSize), training.sampleCount);
  const batch = sliceDataset(training, 0, samples);
  const plan = choosePlan(network, batchSize, device.adapter);
  const tensors = await checkGradientTensors(device, network, batch, {
    plan: { ...plan, batchSize: samples },
  });
  return { samples, tensors };
}

export interface CostDrift {
  /** Relative to the untrained network's cost. */
  readonly drift: number;
  /** The last step that both reported. */
  readonly steps: number;
}

/**
 * The largest difference between two mean costs over the steps between reports that both have.
 * @param found sums of costs up to each reported step
 * @param expected the same for the trusted backend
 * @param samplesAt number of samples in the first `step` steps
 */
export function compareCosts(
  found: ReadonlyMap<number, number>,
  expected: ReadonlyMap<number, number>,
  samplesAt: (step: number) => number,
): CostDrift {
  const steps = [...found.keys()].filter((step) => expected.has(step)).sort((a, b) => a - b);
  const first = steps[0];
  if (first === undefined) return { drift: Infinity, steps: 0 };
  const unit = expected.get(first)! / samplesAt(first);
  let drift = 0;
  let before = { step: 0, found: 0, expected: 0 };
  for (const step of steps) {
    const now = { step, found: found.get(step)!, expected: expected.get(step)! };
    const samples = samplesAt(step) - samplesAt(before.step);
    const apart = Math.abs(now.found - before.found - (now.expected - before.expected)) / samples;
    // A NaN cost fails the comparison.
    drift = apart / unit >= 0 ? Math.max(drift, apart / unit) : Infinity;
    before = now;
  }
  return { drift, steps: before.step };
}

/** Combines both checks. */
export function verdictOf(gradient: GradientVerdict, costs: CostDrift): Verification {
  const tensors = gradient.tensors.map(({ name, worst }) => ({ name, worst: finite(worst) }));
  const worst = Math.max(...tensors.map((tensor) => tensor.worst));
  const costDrift = finite(costs.drift);
  return {
    isVerified: worst <= 1 && costDrift <= maxDrift,
    samples: gradient.samples,
    tensors,
    worst,
    costDrift,
    maxDrift,
    stepsCompared: costs.steps,
  };
}

function finite(value: number): number {
  return value <= beyondAllBounds ? value : beyondAllBounds;
}

/** Describes a failed verification; undefined if it passed. */
export function failureSentence(workload: string, verification: Verification): string | undefined {
  if (verification.isVerified) return undefined;
  const { tensors, costDrift, stepsCompared } = verification;
  const wrong = tensors.filter(({ worst }) => worst > 1);
  const parts = wrong.map(
    ({ name, worst }) =>
      `the error of the gradient of ${name} is ${worst.toPrecision(3)} times the tolerance`,
  );
  if (costDrift > maxDrift) {
    parts.push(
      `its cost differs from the CPU's by ${percent(costDrift)} within ${stepsCompared} steps (maximum ${percent(maxDrift)})`,
    );
  }
  return `The GPU's results for ${workload} are wrong: ${parts.join('; ')}. Its speed is excluded.`;
}

function percent(share: number): string {
  return `${(100 * share).toPrecision(2)} %`;
}
