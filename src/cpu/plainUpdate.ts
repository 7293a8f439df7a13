/** The optimizers of the CPU engine, over any run of float32 parameters. Twin: `src/reference/update.ts`. */
import type { Adam, Optimizer, Sgd } from '../engine/optimizers.ts';
import { learningRateAt } from '../engine/schedules.ts';

/** Arrays that the optimizer keeps, each as long as the parameters. */
export function createMoments(optimizer: Optimizer, length: number): readonly Float32Array[] {
  const isAdam = optimizer.kind !== 'sgd';
  const count = isAdam ? 2 : optimizer.momentum > 0 ? 1 : 0;
  return Array.from({ length: count }, () => new Float32Array(length));
}

/**
 * @param sum the gradient summed over the mini-batch
 * @param moments of {@link createMoments}
 * @param scale what makes of `sum` the gradient to apply: 1 / batch size, and less where it is clipped
 * @param step counting from 0, over all epochs
 */
export function update(
  parameters: Float32Array,
  sum: Float32Array,
  moments: readonly Float32Array[],
  scale: number,
  optimizer: Optimizer,
  step: number,
): void {
  const learningRate = learningRateAt(optimizer.learningRate, step);
  if (optimizer.kind !== 'sgd') {
    const { beta1, beta2, weightDecay } = optimizer;
    adam(parameters, sum, moments, scale, optimizer, {
      size: learningRate / (1 - beta1 ** (step + 1)),
      root: 1 / Math.sqrt(1 - beta2 ** (step + 1)),
      decay: learningRate * weightDecay,
    });
  } else if (optimizer.momentum === 0 && optimizer.weightDecay === 0) {
    const rate = learningRate * scale;
    for (let i = 0; i < parameters.length; i++) parameters[i]! -= rate * sum[i]!;
  } else {
    sgd(parameters, sum, moments[0], scale, optimizer, learningRate);
  }
}

function sgd(
  parameters: Float32Array,
  sum: Float32Array,
  velocity: Float32Array | undefined,
  scale: number,
  { momentum, nesterov, weightDecay }: Sgd,
  learningRate: number,
): void {
  for (let i = 0; i < parameters.length; i++) {
    const w = parameters[i]!;
    const g = scale * sum[i]! + weightDecay * w;
    let direction = g;
    if (velocity) {
      const v = momentum * velocity[i]! + g;
      velocity[i] = v;
      direction = nesterov ? g + momentum * v : v;
    }
    parameters[i] = w - learningRate * direction;
  }
}

function adam(
  parameters: Float32Array,
  sum: Float32Array,
  [mean, meanSquare]: readonly Float32Array[],
  scale: number,
  { kind, beta1, beta2, epsilon, weightDecay }: Adam,
  step: { readonly size: number; readonly root: number; readonly decay: number },
): void {
  if (!mean || !meanSquare) return;
  const penalty = kind === 'adam' ? weightDecay : 0;
  const keep = kind === 'adamW' ? 1 - step.decay : 1;
  for (let i = 0; i < parameters.length; i++) {
    const w = parameters[i]!;
    const g = scale * sum[i]! + penalty * w;
    const m = beta1 * mean[i]! + (1 - beta1) * g;
    const v = beta2 * meanSquare[i]! + (1 - beta2) * g * g;
    mean[i] = m;
    meanSquare[i] = v;
    parameters[i] = keep * w - (step.size * m) / (Math.sqrt(v) * step.root + epsilon);
  }
}

/** Whether all of float32 values are: their sum, in float64, cannot overflow unless one of them has. */
export function areFinite(values: Float32Array): boolean {
  let sum0 = 0;
  let sum1 = 0;
  const even = values.length & ~1;
  for (let i = 0; i < even; i += 2) {
    sum0 += values[i]!;
    sum1 += values[i + 1]!;
  }
  if (even < values.length) sum0 += values[even]!;
  return Number.isFinite(sum0 + sum1);
}
