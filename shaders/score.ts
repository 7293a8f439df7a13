import { activationCode } from './activation.ts';
import {
  batchRows,
  counterBinding,
  endStep,
  sameStep,
  settingsBinding,
  settingsStruct,
} from './batch.ts';
import { costFunctions, type CostOptions } from './cost.ts';
import { kernel, type Kernel } from './kernel.ts';
import { vec4s, wgsl } from './wgsl.ts';

export interface ScoreOptions extends CostOptions {
  /** Offset of the last layer's pre-activations z in `activations`, in vec4s. */
  readonly activationsAt: number;
  readonly batchSize: number;
  readonly rows: number;
  /** Invocations per workgroup. */
  readonly workgroupSize: number;
}

/**
 * The last kernel of an evaluation step: computes the outputs of the network, the cost and the confusion matrix, one
 * invocation per sample. Twin: the first half of `src/reference/outputDelta.ts`.
 *
 * Integer atomics count the confusion matrix; their order does not affect the result.
 */
export function score(options: ScoreOptions): Kernel {
  const { outputs, batchSize, rows } = options;
  const outputVec4s = vec4s(outputs);
  return kernel(
    `score ${outputs}`,
    [
      { name: 'activations', access: 'read', type: 'array<vec4f>' },
      { name: 'labels', access: 'read', type: 'array<u32>' },
      { name: 'order', access: 'read', type: 'array<u32>' },
      { name: 'outputs', access: 'read_write', type: 'array<vec4f>' },
      { name: 'costs', access: 'read_write', type: 'array<f32>' },
      { name: 'confusion', access: 'read_write', type: 'array<atomic<u32>>' },
      counterBinding('read_write'),
      settingsBinding,
    ],
    rows,
    options.workgroupSize,
    wgsl /* wgsl */ `${settingsStruct}
${batchRows(batchSize)}
${activationCode({ output: options.output })}
${costFunctions(options)}`,
    wgsl /* wgsl */ `
${sameStep}${endStep}
  if (invocation >= batchRows()) { return; }
  let base = ${options.activationsAt}u + invocation * ${outputVec4s}u;
  let label = labels[order[step * ${batchSize}u + invocation]];
  let row = prepare(base, label);
  var cost = 0.0;
  for (var q = 0u; q < ${outputVec4s}u; q++) {
    let a = outputVec4(row, base, q);
    cost += costVec4(row, base, q, a, label);
    outputs[invocation * ${outputVec4s}u + q] = a;
  }
  costs[invocation] += cost;
  atomicAdd(&confusion[label * ${outputs}u + predictionOf(base)], 1u);`,
  );
}
