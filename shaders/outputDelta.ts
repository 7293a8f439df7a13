import { activationCode } from './activation.ts';
import {
  batchRows,
  counterBinding,
  sameStep,
  sampleOf,
  settingsBinding,
  settingsStruct,
} from './batch.ts';
import { stepBuffers, type Buffers } from './buffers.ts';
import { costFunctions, type CostOptions } from './cost.ts';
import { kernel, type Binding, type Kernel } from './kernel.ts';
import { vec4s, wgsl } from './wgsl.ts';

/** The last layer, and where in the buffers it is, in vec4f. */
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
    [
      settingsStruct,
      batchRows(batchSize),
      sampleOf(batchSize),
      activationCode({ output: layer.output }),
      outputDeltaOf(layer),
      addMetric,
    ].join('\n'),
    `${sameStep}
  outputDeltaOf(invocation);`,
  );
}

/** What `outputDeltaOf` and `addMetric` need beyond activations, deltas and what says which samples a step works on. */
export const outputDeltaBindings: readonly Binding[] = [
  { name: 'labels', access: 'read', type: 'array<u32>' },
  { name: 'metrics', access: 'read_write', type: 'array<Metric>' },
];

/** What is kept of each row, over all steps until it is read. */
export const metricStruct = /* wgsl */ `
struct Metric {
  cost: f32,
  correct: u32,
}`;

/** `fn addMetric(row: u32, cost: f32, isCorrect: bool)`, of the buffer `metrics`. */
export const addMetric = /* wgsl */ `${metricStruct}
fn addMetric(row: u32, cost: f32, isCorrect: bool) {
  metrics[row].cost += cost;
  metrics[row].correct += u32(isCorrect);
}`;

/**
 * `fn outputDeltaOf(row: u32)`: the delta of a row, 0 past the end of a short batch, and its cost, which goes to
 * `addMetric`. Twin: `src/reference/outputDelta.ts`.
 *
 * Costs and hits are added to a pair of words that only this row's invocation ever writes, so that metrics need
 * neither atomics nor a dispatch of their own and come out the same every time; the host adds the rows up.
 * @param isTraining whether there are deltas to write
 */
export function outputDeltaOf(
  layer: OutputDeltaLayer,
  isTraining = true,
  { activations, activationsFrom, deltas, deltasFrom }: Buffers = stepBuffers,
): string {
  const { activationsAt, deltaAt } = layer;
  const outputs4 = vec4s(layer.outputs);
  return wgsl /* wgsl */ `${costFunctions({ ...layer, buffer: activations })}
fn outputDeltaOf(row: u32) {
  let isSample = row < batchRows();
  let base = ${activationsFrom}${activationsAt}u + row * ${outputs4}u;
  let label = labels[sampleOf(row)];
  let known = prepare(base, label);
  var cost = 0.0;
  for (var q = 0u; q < ${outputs4}u; q++) {
    let a = outputVec4(known, base, q);
    cost += costVec4(known, base, q, a, label);
#if ${isTraining}
    ${deltas}[${deltasFrom}${deltaAt}u + row * ${outputs4}u + q] = select(vec4f(), deltaVec4(known, q, a, label), isSample);
#endif
  }
  if (isSample) { addMetric(row, cost, predictionOf(base) == label); }
}`;
}
