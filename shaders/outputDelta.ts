import { counterBinding, rowsOf, sameStep, settingsBinding, settingsStruct } from './batch.ts';
import { costFunctions, type CostOptions } from './cost.ts';
import { kernel, type Binding, type Kernel } from './kernel.ts';
import { quads, wgsl } from './wgsl.ts';

/** The last layer, and where in the buffers it is, in quads. */
export interface OutputDeltaLayer extends CostOptions {
  /** Where in `activations` its pre-activations z begin. */
  readonly activationsAt: number;
  /** Where in `deltas` its delta goes. */
  readonly deltaAt: number;
}

export interface OutputDeltaOptions {
  readonly layer: OutputDeltaLayer;
  readonly batchSize: number;
  /** Rows of the mini-batch buffers, at least `batchSize`. */
  readonly rows: number;
  /** Invocations a workgroup. */
  readonly workgroupSize: number;
}

/** The cost of each sample and delta = ∂C/∂z of the last layer, one invocation a sample. */
export function outputDelta(options: OutputDeltaOptions): Kernel {
  const { layer, batchSize, rows } = options;
  return kernel(
    `output delta ${layer.outputs}`,
    [
      { name: 'activations', access: 'read', type: 'array<vec4f>' },
      { name: 'deltas', access: 'read_write', type: 'array<vec4f>' },
      ...outputDeltaBindings,
      { name: 'order', access: 'read', type: 'array<u32>' },
      counterBinding('read'),
      settingsBinding,
    ],
    rows,
    options.workgroupSize,
    `${settingsStruct}
${outputDeltaOf(layer, batchSize)}`,
    `${sameStep}
  outputDeltaOf(invocation, step);`,
  );
}

/** What `outputDeltaOf` needs beyond activations, deltas and what says which samples a step works on. */
export const outputDeltaBindings: readonly Binding[] = [
  { name: 'labels', access: 'read', type: 'array<u32>' },
  { name: 'metrics', access: 'read_write', type: 'array<Metric>' },
];

/**
 * `fn outputDeltaOf(n: u32, step: u32)`: the delta of row `n`, 0 past the end of a short batch, and its cost.
 * Twin: `src/reference/outputDelta.ts`.
 *
 * Costs and hits are added to a pair of words that only this row's invocation ever writes, so that metrics need
 * neither atomics nor a dispatch of their own and come out the same every time; the host adds the rows up.
 */
export function outputDeltaOf(layer: OutputDeltaLayer, batchSize: number): string {
  const outputQuads = quads(layer.outputs);
  return wgsl /* wgsl */ `${rowsOf(batchSize)}
struct Metric {
  cost: f32,
  correct: u32,
}
${costFunctions(layer)}
fn outputDeltaOf(n: u32, step: u32) {
  let deltaAt = ${layer.deltaAt}u + n * ${outputQuads}u;
  if (n >= rowsOf(step)) {
    for (var q = 0u; q < ${outputQuads}u; q++) { deltas[deltaAt + q] = vec4f(); }
    return;
  }
  let base = ${layer.activationsAt}u + n * ${outputQuads}u;
  let label = labels[order[step * ${batchSize}u + n]];
  let row = prepare(base, label);
  var cost = 0.0;
  for (var q = 0u; q < ${outputQuads}u; q++) {
    let a = outputQuad(row, base, q);
    cost += costQuad(row, base, q, a, label);
    deltas[deltaAt + q] = deltaQuad(row, q, a, label);
  }
  metrics[n].cost += cost;
  metrics[n].correct += u32(predictionOf(base) == label);
}`;
}
