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
  /** All layers of the network. */
  readonly layers: readonly (GradientLayer & { readonly tile: Tile })[];
  /** The layers to update, from `from` to before `to`. Default: all. */
  readonly from?: number;
  readonly to?: number;
  readonly batchSize: number;
  /** `deferred` only stores the gradient in `gradients`; `applyGradients` then updates. */
  readonly optimizer: UpdateRule;
}

/**
 * Computes the weight gradients of layers and applies the optimizer, in one dispatch. Each layer has its own range of
 * workgroups, because no layer needs the result of another. Without clipping, the update of the last layer is the last
 * kernel of a step.
 */
export function update(options: UpdateOptions): Kernel {
  const { layers, batchSize, optimizer } = options;
  const { from = 0, to = layers.length } = options;
  const updated = layers.slice(from, to);
  const parts = updated.map(({ tile, ...layer }, l) => {
    const product = weightGradientProduct(layer, batchSize, String(from + l));
    return { product, tile, after: raiseNonFinite(`${from + l}u`) };
  });
  const sizes = updated.map(({ inputs, outputs }) => `${inputs}→${outputs}`);
  const endsStep = !optimizer.isDeferred && to === layers.length;
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
    before: `${sameStep}${endsStep ? endStep : ''}
  rate = scalarsOf(step);`,
  });
}
