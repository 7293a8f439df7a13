import { counterBinding, rowsOf, sameStep, settingsBinding, settingsStruct } from './batch.ts';
import { costFunctions, type CostOptions } from './cost.ts';
import { kernel, type Kernel } from './kernel.ts';
import { quads, wgsl } from './wgsl.ts';

export interface OutputDeltaOptions extends CostOptions {
  readonly batchSize: number;
  /** Rows of the mini-batch buffers, at least `batchSize`. */
  readonly rows: number;
  /** Invocations a workgroup. */
  readonly workgroupSize: number;
}

/**
 * The cost of each sample and delta = ∂C/∂z of the last layer, one invocation a sample.
 * Twin: `src/reference/outputDelta.ts`.
 *
 * Costs and hits are added to a pair of words that only this row's invocation ever writes, so that metrics need
 * neither atomics nor a dispatch of their own and come out the same every time; the host adds the rows up.
 */
export function outputDelta(options: OutputDeltaOptions): Kernel {
  const { outputs, batchSize, rows } = options;
  const outputQuads = quads(outputs);
  return kernel(
    `output delta ${outputs}`,
    [
      { name: 'z', access: 'read', type: 'array<vec4f>' },
      { name: 'labels', access: 'read', type: 'array<u32>' },
      { name: 'order', access: 'read', type: 'array<u32>' },
      { name: 'delta', access: 'read_write', type: 'array<vec4f>' },
      { name: 'metrics', access: 'read_write', type: 'array<Metric>' },
      counterBinding('read'),
      settingsBinding,
    ],
    rows,
    options.workgroupSize,
    wgsl /* wgsl */ `${settingsStruct}
${rowsOf(batchSize)}
struct Metric {
  cost: f32,
  correct: u32,
}
${costFunctions(options)}`,
    wgsl /* wgsl */ `
${sameStep}
  let base = invocation * ${outputQuads}u;
  if (invocation >= rowsOf(step)) {
    for (var q = 0u; q < ${outputQuads}u; q++) { delta[base + q] = vec4f(); }
    return;
  }
  let label = labels[order[step * ${batchSize}u + invocation]];
  let row = prepare(base, label);
  for (var q = 0u; q < ${outputQuads}u; q++) { delta[base + q] = deltaQuad(row, base, q, label); }
  metrics[invocation].cost += costOf(row, base, label);
  metrics[invocation].correct += u32(predictionOf(base) == label);`,
  );
}
