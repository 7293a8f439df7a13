/** Clipping a gradient by its norm, as PyTorch's `clip_grad_norm_` does. */

/** The 2-norm of a gradient over the weights and biases of all layers. */
export function gradientNorm(gradient: Iterable<number>): number {
  let sum = 0;
  for (const g of gradient) sum += g ** 2;
  return Math.sqrt(sum);
}

/** The factor that scales a gradient of this norm to a norm of at most `clipNorm`. */
export function clipScale(norm: number, clipNorm: number): number {
  return Math.min(1, clipNorm / (norm + 1e-6));
}
