import {
  batchBindings,
  batchCode,
  endStep,
  raiseNonFinite,
  sameStep,
  samplesBinding,
} from './batch.ts';
import { buffer, type Kernel } from './kernel.ts';
import { matmulKernel, type Tile } from './matmul/matmul.ts';
import { applyGradient, optimizerBindings, updateVariables, type UpdateRule } from './optimizer.ts';
import { weightGradientProduct, type GradientLayer } from './weightGradient.ts';

export interface UpdateOptions {
  readonly layers: readonly (GradientLayer & { readonly tile: Tile })[];
  readonly batchSize: number;
  /** `deferred` only stores the gradient in `gradients`; `applyGradients` then updates. */
  readonly optimizer: UpdateRule;
}

/**
 * Computes the weight gradients of all layers and applies the optimizer, in one dispatch. Each layer has its own range
 * of workgroups, because no layer needs the result of another. Without clipping, this is the last kernel of a step.
 */
export function update({ layers, batchSize, optimizer }: UpdateOptions): Kernel {
  const parts = layers.map(({ tile, ...layer }, l) => {
    const product = weightGradientProduct(layer, batchSize, String(l));
    return { product, tile, after: raiseNonFinite(`${l}u`) };
  });
  const sizes = layers.map(({ inputs, outputs }) => `${inputs}→${outputs}`);
  return matmulKernel(parts, {
    label: `update ${sizes.join(', ')}`,
    bindings: [
      buffer('deltas', 'read'),
      buffer('activations', 'read'),
      ...optimizerBindings(optimizer),
      samplesBinding,
      ...batchBindings('flagged'),
    ],
    functions: batchCode(batchSize) + updateVariables + applyGradient(optimizer),
    before: `${sameStep}${optimizer.isDeferred ? '' : endStep}
  rate = scalarsOf(step);`,
  });
}
