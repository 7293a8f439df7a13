import {
  bytesOf,
  endStep,
  flaggedCounterBinding,
  raiseNonFinite,
  rowsOf,
  sameStep,
  sampleBindings,
  sampleOf,
  settingsBinding,
  settingsStruct,
} from './batch.ts';
import { workgroupKernel, type Binding, type Kernel } from './kernel.ts';
import { applyGradient, optimizerBindings, type UpdateRule } from './optimizer.ts';
import {
  addProducts,
  declareSums,
  insideRow,
  isInside,
  leftOperand,
  placeTile,
  tiling,
  withEachSum,
  type Lanes,
  type Tile,
  type Tiling,
} from './tile.ts';
import { f32, quads, unroll, wgsl } from './wgsl.ts';

/** One layer, and where in the buffers it is, in quads. */
export interface UpdateLayer {
  /** Of the network, for `raiseNonFinite`. */
  readonly layer: number;
  readonly inputs: number;
  readonly outputs: number;
  /** Where in `activations` its inputs begin; undefined for the first layer, whose inputs are the dataset's bytes. */
  readonly inputAt: number | undefined;
  /** Where in `deltas` its delta begins. */
  readonly deltaAt: number;
  /** Where in `parameters` it begins, and in `gradients`; its moments follow from it. */
  readonly parametersAt: number;
  /** `rows` counts quads of inputs. */
  readonly tile: Tile;
}

export interface UpdateOptions {
  readonly layers: readonly UpdateLayer[];
  readonly batchSize: number;
  /** `deferred` leaves the gradient in `gradients` and the step to `applyGradients`. */
  readonly optimizer: UpdateRule;
  readonly lanes: Lanes;
}

/**
 * Weight gradient fused with the optimizer: dW = aᵀ·delta / B is summed over the mini-batch in registers and
 * applied in place, so that the gradient never goes to memory. Twins: `src/reference/weightGradient.ts` and
 * `update.ts`.
 *
 * All layers share one dispatch, as no update needs another's result: a range of workgroups each, and behind its
 * weights those of its biases, the weights of an input that is always 1. It is the last kernel of a step that
 * does not clip.
 * Rows past the end of a short batch have delta 0, so the sum always runs over the full batch size, a constant.
 */
export function update(options: UpdateOptions): Kernel {
  const { layers, batchSize, optimizer, lanes } = options;
  const fromSamples = layers.some(({ inputAt }) => inputAt === undefined);
  const fromActivations = layers.some(({ inputAt }) => inputAt !== undefined);
  const bindings: Binding[] = [
    { name: 'deltas', access: 'read', type: 'array<vec4f>' },
    ...(fromActivations
      ? [{ name: 'activations', access: 'read', type: 'array<vec4f>' } as const]
      : []),
    ...optimizerBindings(optimizer),
    ...(fromSamples ? sampleBindings : []),
    flaggedCounterBinding,
    settingsBinding,
  ];
  const functions = wgsl /* wgsl */ `${settingsStruct}
${rowsOf(batchSize)}
${applyGradient(optimizer)}
#if ${fromSamples}
${sampleOf(batchSize)}
${bytesOf}
#endif
`;
  let first = 0;
  const parts = layers.map((layer) => {
    const { inputs, outputs, tile } = layer;
    const t = tiling(quads(inputs), quads(outputs), tile, lanes);
    const biasesFrom = first + t.workgroups;
    const end = biasesFrom + Math.ceil(quads(outputs) / lanes.workgroupSize);
    const part = `if (workgroup < ${biasesFrom}u) {
${weightsPart(layer, batchSize, lanes, t, `(workgroup - ${first}u)`)}
  } else if (workgroup < ${end}u) {
${biasesPart(layer, batchSize, lanes, biasesFrom)}
  }`;
    first = end;
    return part;
  });
  const body = `${sameStep}${optimizer.kind === 'deferred' ? '' : endStep}
  let samplesInBatch = f32(rowsOf(step));
  let rate = rateOf(step);
  var finite = true;
  ${parts.join(' else ')}`;
  const sizes = layers.map(({ inputs, outputs }) => `${inputs}→${outputs}`);
  return workgroupKernel(`update ${sizes.join(', ')}`, bindings, first, lanes, functions, body);
}

function weightsPart(
  layer: UpdateLayer,
  batchSize: number,
  lanes: Lanes,
  t: Tiling,
  block: string,
): string {
  const { inputAt, deltaAt, parametersAt, tile } = layer;
  const inputQuads = quads(layer.inputs);
  const outputQuads = quads(layer.outputs);
  const fromSamples = inputAt === undefined;
  // Four rows of weights a quad of inputs.
  const sums: Tile = { rows: 4 * tile.rows, quads: tile.quads };
  const left = leftOperand(tile.rows, lanes.broadcast, (v, name) => {
    const at = `${inputAt ?? 0}u + inputsAt + ${insideRow(t, `row + ${v}`)}`;
    return `    let ${name} = ${fromSamples ? `bytesOf(samples[${at}])` : `activations[${at}]`};`;
  });
  return `${placeTile(t, block)}
${declareSums(sums)}
  for (var n = 0u; n < ${batchSize}u; n++) {
    let inputsAt = ${fromSamples ? 'sampleOf(n, step)' : `n`} * ${inputQuads}u;
${left.loads}
${unroll(tile.quads, (q) => `    let right${q} = deltas[${deltaAt}u + n * ${outputQuads}u + quad${q}];`)}
${unroll(sums.rows, (k) => addProducts(sums, k, left.value(k >> 2, k & 3), (q) => `right${q}`))}
  }
  let scale = ${fromSamples ? `${f32(1 / 255)} / samplesInBatch` : '1.0 / samplesInBatch'};
  let first = ${parametersAt}u + row * ${4 * outputQuads}u;
${withEachSum(
  sums,
  t.across,
  `      if (${isInside(t, 'm / 4u')}) {
        finite = applyGradient(first + m * ${outputQuads}u + quad, sum * scale, rate) & finite;
      }`,
)}${raiseNonFinite(layer.layer)}`;
}

function biasesPart(
  { layer, inputs, outputs, deltaAt, parametersAt }: UpdateLayer,
  batchSize: number,
  lanes: Lanes,
  firstWorkgroup: number,
): string {
  const outputQuads = quads(outputs);
  return `  let quad = (workgroup - ${firstWorkgroup}u) * ${lanes.workgroupSize}u + lane;
  if (quad < ${outputQuads}u) {
  var sum = vec4f();
  for (var n = 0u; n < ${batchSize}u; n++) {
    sum += deltas[${deltaAt}u + n * ${outputQuads}u + quad];
  }
  finite = applyGradient(${parametersAt + 4 * quads(inputs) * outputQuads}u + quad, sum / samplesInBatch, rate);${raiseNonFinite(layer)}
  }`;
}
