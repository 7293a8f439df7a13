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

/** The last layer, and its offsets in the buffers, in vec4f. */
export interface OutputDeltaLayer extends CostOptions {
  /** Offset of its pre-activations z in `activations`. */
  readonly activationsAt: number;
  /** Offset of its delta in `deltas`. */
  readonly deltaAt: number;
}

export interface OutputDeltaOptions {
  readonly layer: OutputDeltaLayer;
  readonly batchSize: number;
  /** Rows of the mini-batch buffers, at least `batchSize`. */
  readonly rows: number;
  readonly workgroupSize: number;
}

/** Computes the cost of each sample and delta = ∂C/∂z of the last layer, one invocation per sample. */
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

/**
 * Bindings of `outputDeltaOf` and `addMetric` besides activations, deltas and those that select the samples of a step.
 */
export const outputDeltaBindings: readonly Binding[] = [
  { name: 'labels', access: 'read', type: 'array<u32>' },
  { name: 'metrics', access: 'read_write', type: 'array<Metric>' },
];

/** Metrics of each row, summed over all steps until they are read. */
export const metricStruct = /* wgsl */ `
struct Metric {
  cost: f32,
  correct: u32,
}`;

/** `fn addMetric(row: u32, cost: f32, isCorrect: bool)`: adds to the buffer `metrics`. */
export const addMetric = /* wgsl */ `${metricStruct}
fn addMetric(row: u32, cost: f32, isCorrect: bool) {
  metrics[row].cost += cost;
  metrics[row].correct += u32(isCorrect);
}`;

/**
 * `fn outputDeltaOf(row: u32)`: writes the delta of a row, which is 0 past the end of a short batch, and passes its
 * cost to `addMetric`. Twin: `src/reference/outputDelta.ts`.
 *
 * Only the invocation of a row writes the row's cost and hits. Therefore metrics need neither atomics nor a separate
 * dispatch, and they are reproducible; the host adds up the rows.
 * @param isTraining whether to write deltas
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
