/**
 * Whether the GPU's results are right, without which its speed says nothing. Two questions: is the first gradient
 * the float64 reference's, tensor by tensor, within the bound that follows float32 through the network; and does the
 * cost of the run that was timed go the CPU's way?
 */
import { sliceDataset, type Dataset } from '../data/dataset.ts';
import type { Device } from '../gpu/device.ts';
import { choosePlan } from '../gpu/plan/choose.ts';
import type { Network } from '../network/network.ts';
import type { Verification } from './result/schema.ts';
import { checkGradientTensors, type TensorError } from './verification/gradient.ts';
import { samplesToCheck } from './verification/plan.ts';

/**
 * Mean costs of the same steps may differ by this share of the untrained network's cost. Rounding differs between
 * engines, and where a ReLU's sum comes within a rounding of 0 their networks part for good, and stay close; a wrong
 * kernel ends elsewhere.
 */
export const maxDrift = 0.02;

/** An error beyond any bound, NaN for one, as a number that JSON has. */
const beyondAllBounds = 1e12;

export interface GradientVerdict {
  readonly samples: number;
  readonly tensors: readonly TensorError[];
}

/**
 * The first gradient of the kernels that are timed, on samples of the training set, of which a large network gets
 * fewer: float64 in a single thread takes its time.
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
  /** As a share of the untrained network's cost. */
  readonly drift: number;
  /** Steps up to the last that both had reported. */
  readonly steps: number;
}

/**
 * How far two costs are apart where they are farthest, by the means over the steps from one report that both have to the
 * next.
 * @param found sums of costs up to each step reported
 * @param expected the same of who is believed
 * @param samplesAt samples that so many steps have taken
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
    // NaN, from a cost that is none, is no agreement.
    drift = apart / unit >= 0 ? Math.max(drift, apart / unit) : Infinity;
    before = now;
  }
  return { drift, steps: before.step };
}

/** Both answers in one. */
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

/** What failed, in a sentence; undefined where nothing did. */
export function failureSentence(workload: string, verification: Verification): string | undefined {
  if (verification.isVerified) return undefined;
  const { tensors, costDrift, stepsCompared } = verification;
  const wrong = tensors.filter(({ worst }) => worst > 1);
  const parts = wrong.map(
    ({ name, worst }) =>
      `the gradient of ${name} is off by ${worst.toPrecision(3)} times its bound`,
  );
  if (costDrift > maxDrift) {
    parts.push(
      `its cost drifts from the CPU's by ${percent(costDrift)} within ${stepsCompared} steps, and ${percent(maxDrift)} is the most`,
    );
  }
  return `The GPU's results for ${workload} are wrong: ${parts.join('; ')}. Its speed does not count.`;
}

function percent(share: number): string {
  return `${(100 * share).toPrecision(2)} %`;
}
