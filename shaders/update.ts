import {
  batchRows,
  bytesOf,
  endStep,
  flaggedCounterBinding,
  raiseNonFinite,
  sameStep,
  sampleBindings,
  sampleOf,
  samplesOf,
  settingsBinding,
  settingsStruct,
} from './batch.ts';
import { workgroupKernel, type Binding, type Kernel } from './kernel.ts';
import { declareMatmuls, matmul, type Tile } from './matmul/matmul.ts';
import { applyGradient, optimizerBindings, updateVariables, type UpdateRule } from './optimizer.ts';
import { weightGradientProduct, type WeightGradientLayer } from './weightGradient.ts';

export interface UpdateLayer extends WeightGradientLayer {
  readonly tile: Tile;
}

export interface UpdateOptions {
  readonly layers: readonly UpdateLayer[];
  readonly batchSize: number;
  /** Rows of the mini-batch buffers, a multiple of 4. */
  readonly rows: number;
  /** `deferred` only stores the gradient in `gradients`; `applyGradients` then updates. */
  readonly optimizer: UpdateRule;
}

/**
 * Computes the weight gradients of all layers and applies the optimizer, in one dispatch. Each layer has its own range
 * of workgroups, because no layer needs the result of another. Without clipping, this is the last kernel of a step.
 */
export function update({ layers, batchSize, rows, optimizer }: UpdateOptions): Kernel {
  const parts = layers.map(({ tile, ...layer }) => {
    const name = String(layer.layer);
    return { name, ...matmul(weightGradientProduct(layer, rows, name), tile) };
  });
  const fromActivations = layers.some(({ inputAt }) => inputAt !== undefined);
  const fromSamples = layers.some(({ inputAt }) => inputAt === undefined);
  let workgroups = 0;
  const calls = parts.map((part) => {
    const first = workgroups;
    workgroups += part.workgroups;
    return `if (workgroup < ${workgroups}u) {
    matmul${part.name}(workgroup - ${first}u, lane);${raiseNonFinite(`${part.name}u`)}
  }`;
  });
  const sizes = layers.map(({ inputs, outputs }) => `${inputs}→${outputs}`);
  return workgroupKernel({
    label: `update ${sizes.join(', ')}`,
    bindings: [
      { name: 'deltas', access: 'read', type: 'array<vec4f>' },
      ...(fromActivations
        ? [{ name: 'activations', access: 'read', type: 'array<vec4f>' } as const]
        : []),
      ...optimizerBindings(optimizer),
      ...(fromSamples ? sampleBindings : []),
      flaggedCounterBinding,
      settingsBinding,
      ...distinct(parts.flatMap((part) => part.bindings ?? [])),
    ],
    workgroups,
    workgroupSize: layers[0]!.tile.workgroupSize,
    functions: [
      settingsStruct,
      batchRows(batchSize),
      fromSamples ? [sampleOf(batchSize), samplesOf, bytesOf].join('\n') : '',
      updateVariables,
      applyGradient(optimizer),
      declareMatmuls(parts),
      ...parts.map(({ code }) => code),
    ].join('\n'),
    body: `${sameStep}${optimizer.isDeferred ? '' : endStep}
  rate = scalarsOf(step);
  ${calls.join(' else ')}`,
    copies: parts.flatMap((part) => part.copies ?? []),
  });
}

/** Layers may share a binding, such as the sampler. */
function distinct(bindings: readonly Binding[]): readonly Binding[] {
  return [...new Map(bindings.map((binding) => [binding.name, binding])).values()];
}
