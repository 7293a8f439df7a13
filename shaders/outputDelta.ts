import { activationCode } from './activation.ts';
import { batchBindings, batchCode, paddedRows, sameStep } from './batch.ts';
import { costFunctions } from './cost.ts';
import { buffer, kernel, type Binding, type Kernel } from './kernel.ts';
import { stepBuffers, type Buffers, type Layer, type OutputFunctions } from './layer.ts';
import { vec4s, wgsl } from './wgsl.ts';

/** The last layer, and what is computed from its pre-activations, which are in the place of its outputs. */
export interface OutputLayer extends OutputFunctions {
  readonly layer: Pick<Layer, 'outputs' | 'outputAt' | 'deltaAt'>;
}

export interface OutputDeltaOptions extends OutputLayer {
  readonly batchSize: number;
  readonly workgroupSize: number;
}

/** Computes the cost of each sample and delta = ∂C/∂z of the last layer, one invocation per sample. */
export function outputDelta(options: OutputDeltaOptions): Kernel {
  const { layer, output, batchSize, workgroupSize } = options;
  return kernel({
    label: `output delta ${layer.outputs}`,
    bindings: [
      buffer('activations', 'read'),
      buffer('deltas', 'read_write'),
      ...outputDeltaBindings,
      ...batchBindings('read'),
    ],
    invocations: paddedRows(batchSize),
    workgroupSize,
    functions: [
      batchCode(batchSize),
      activationCode({ output }),
      outputDeltaOf(options),
      addMetric,
    ].join('\n'),
    body: `${sameStep}
  outputDeltaOf(invocation);`,
  });
}

/** Bindings of `outputDeltaOf` and `addMetric` besides activations, deltas and those of the batch. */
export const outputDeltaBindings: readonly Binding[] = [
  buffer('labels', 'read', 'array<u32>'),
  buffer('metrics', 'read_write', 'array<Metric>'),
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
 */
export function outputDeltaOf(
  { layer, output, cost }: OutputLayer,
  { activations, activationsFrom, deltas, deltasFrom }: Buffers = stepBuffers,
): string {
  const { outputs, outputAt, deltaAt } = layer;
  const outputs4 = vec4s(outputs);
  return wgsl /* wgsl */ `${costFunctions({ outputs, output, cost, buffer: activations })}
fn outputDeltaOf(row: u32) {
  let isSample = row < batchRows();
  let base = ${activationsFrom}${outputAt}u + row * ${outputs4}u;
  let label = labels[sampleOf(row)];
  let known = prepare(base, label);
  var cost = 0.0;
  for (var q = 0u; q < ${outputs4}u; q++) {
    let a = outputVec4(known, base, q);
    cost += costVec4(known, base, q, a, label);
    ${deltas}[${deltasFrom}${deltaAt}u + row * ${outputs4}u + q] = select(vec4f(), deltaVec4(known, q, a, label), isSample);
  }
  if (isSample) { addMetric(row, cost, predictionOf(base) == label); }
}`;
}
