/** Clipping a gradient by its norm, as PyTorch's `clip_grad_norm_` does. */

/** The 2-norm of a whole gradient, all layers' weights and biases. */
export function gradientNorm(gradient: Iterable<number>): number {
  let sum = 0;
  for (const g of gradient) sum += g ** 2;
  return Math.sqrt(sum);
}

/** What a gradient of this norm is multiplied with, so that its norm is at most `clipNorm`. */
export function clipScale(norm: number, clipNorm: number): number {
  return Math.min(1, clipNorm / (norm + 1e-6));
}
