/** What of an optimizer differs from step to step: one vec4f a step, as `shaders/optimizer.ts` reads it. */
import type { Optimizer } from '../training/optimizers.ts';

/** The rates of `steps` steps, `stepsBefore` steps of training having been made before the first of them. */
export type RatesOf = (stepsBefore: number, steps: number) => Float32Array<ArrayBuffer>;

/** Computed in float64, and rounded once. */
export function ratesOf(optimizer: Optimizer): RatesOf {
  return (_stepsBefore, steps) => {
    const rates = new Float32Array(4 * steps);
    for (let s = 0; s < steps; s++) rates[4 * s] = optimizer.learningRate;
    return rates;
  };
}
