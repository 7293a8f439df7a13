import { activationCode } from './activation.ts';
import { batchBindings, batchCode, endStep, paddedRows, sameStep } from './batch.ts';
import { costFunctions } from './cost.ts';
import { buffer, kernel, type Kernel } from './kernel.ts';
import type { OutputDeltaOptions } from './outputDelta.ts';
import { vec4s } from './wgsl.ts';

/**
 * The last kernel of an evaluation step: computes the outputs of the network, the cost and the confusion matrix, one
 * invocation per sample. Twin: the first half of `src/reference/outputDelta.ts`.
 *
 * Integer atomics count the confusion matrix; their order does not affect the result.
 */
export function score({
  layer,
  batchSize,
  workgroupSize,
  ...functions
}: OutputDeltaOptions): Kernel {
  const { outputs, outputAt } = layer;
  const outputs4 = vec4s(outputs);
  return kernel({
    label: `score ${outputs}`,
    bindings: [
      buffer('activations', 'read'),
      buffer('labels', 'read', 'array<u32>'),
      buffer('outputs', 'read_write'),
      buffer('costs', 'read_write', 'array<f32>'),
      buffer('confusion', 'read_write', 'array<atomic<u32>>'),
      ...batchBindings('read_write'),
    ],
    invocations: paddedRows(batchSize),
    workgroupSize,
    functions: [
      batchCode(batchSize),
      activationCode(functions),
      costFunctions({ outputs, ...functions }),
    ].join('\n'),
    body: /* wgsl */ `${sameStep}${endStep}
  if (invocation >= batchRows()) { return; }
  let base = ${outputAt}u + invocation * ${outputs4}u;
  let label = labels[sampleOf(invocation)];
  let row = prepare(base, label);
  var cost = 0.0;
  for (var q = 0u; q < ${outputs4}u; q++) {
    let a = outputVec4(row, base, q);
    cost += costVec4(row, base, q, a, label);
    outputs[invocation * ${outputs4}u + q] = a;
  }
  costs[invocation] += cost;
  atomicAdd(&confusion[label * ${outputs}u + predictionOf(base)], 1u);`,
  });
}
