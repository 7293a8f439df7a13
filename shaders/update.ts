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
import { declareStaged, eachSum, stagedLength, stagedSums, type Operand } from './sharedTile.ts';
import {
  addProducts,
  alongSum,
  declareSums,
  insideQuad,
  insideRow,
  isInside,
  isQuad,
  leftOperand,
  placeTile,
  tiling,
  type Lanes,
  type Tile,
  type Tiling,
} from './tile.ts';
import { reading, texel, texelX, texelY, textureBindings, type TexturedMatrix } from './texture.ts';
import { isTabled, tabled, tabledPart, type Part, type UpdateLayer } from './updateTable.ts';
import { f32, quads, unroll, wgsl } from './wgsl.ts';

export interface UpdateOptions {
  readonly layers: readonly UpdateLayer[];
  readonly batchSize: number;
  /** Rows of the mini-batch buffers, at least `batchSize`. */
  readonly rows: number;
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
 * Rows past the end of a short batch have delta 0, so the sum always runs over all rows there are, a constant.
 */
export function update(options: UpdateOptions): Kernel {
  const { layers, batchSize, rows, optimizer } = options;
  const lanes = lanesOf(layers, options.lanes);
  const fromSamples = layers.some(({ inputAt }) => inputAt === undefined);
  const fromActivations = layers.some(({ inputAt }) => inputAt !== undefined);
  const matrices = layers
    .filter(({ tile }) => tile.fromTextures)
    .flatMap((layer) => Object.values(texturesOf(layer, rows)));
  const bindings: Binding[] = [
    { name: 'deltas', access: 'read', type: 'array<vec4f>' },
    ...(fromActivations
      ? [{ name: 'activations', access: 'read', type: 'array<vec4f>' } as const]
      : []),
    ...optimizerBindings(optimizer),
    ...(fromSamples ? sampleBindings : []),
    flaggedCounterBinding,
    settingsBinding,
    ...textureBindings(matrices),
  ];
  let workgroups = 0;
  let memory = 0;
  const texts: string[] = [];
  const add = (part: Part) => {
    workgroups += part.workgroups;
    memory = Math.max(memory, part.memory);
    texts.push(`if (workgroup < ${workgroups}u) {\n${part.text}\n  }`);
  };
  for (const layer of layers) {
    if (!isTabled(layer)) add(weightsPart(layer, rows, lanes, workgroups));
    if (layer.tile.shared) add(biasesPart(layer, batchSize, lanes, workgroups));
  }
  const table = layers.filter(({ tile }) => !tile.shared).map(tabled);
  if (table.length > 0) add(tabledPart(table, rows, lanes, workgroups));
  const functions = wgsl /* wgsl */ `${settingsStruct}
${rowsOf(batchSize)}
${applyGradient(optimizer)}${declareStaged(memory)}
#if ${fromSamples}
${sampleOf(batchSize)}
${bytesOf}
#endif
`;
  const body = `${sameStep}${optimizer.kind === 'deferred' ? '' : endStep}
  let samplesInBatch = f32(rowsOf(step));
  let rate = rateOf(step);
  var finite = true;
  ${texts.join(' else ')}`;
  const sizes = layers.map(({ inputs, outputs }) => `${inputs}→${outputs}`);
  const made = workgroupKernel(
    `update ${sizes.join(', ')}`,
    bindings,
    workgroups,
    lanes,
    functions,
    body,
  );
  return reading(matrices, made, lanes.workgroupSize);
}

/** The operands of a layer's weight gradient; no `inputs` for the first layer, whose inputs are bytes. */
function texturesOf(
  { inputs, outputs, inputAt, deltaAt }: UpdateLayer,
  rows: number,
): { readonly deltas: TexturedMatrix; readonly inputs?: TexturedMatrix } {
  return {
    deltas: { buffer: 'deltas', at: deltaAt, width: quads(outputs), height: rows },
    ...(inputAt !== undefined && {
      inputs: { buffer: 'activations', at: inputAt, width: quads(inputs), height: rows },
    }),
  };
}

/** Those of the tiles that share, which must agree, since all layers have one dispatch. */
function lanesOf(layers: readonly UpdateLayer[], lanes: Lanes): Lanes {
  const sizes = new Set(
    layers.flatMap(({ tile }) => (tile.shared ? [tile.shared.workgroupSize] : [])),
  );
  if (sizes.size > 1) {
    throw new RangeError(
      `Layers that are updated in one dispatch have workgroups of one size, and tiles ask for ${[...sizes].join(' and ')}.`,
    );
  }
  const [workgroupSize] = sizes;
  return workgroupSize === undefined ? lanes : { workgroupSize, broadcast: 0 };
}

function weightsPart(layer: UpdateLayer, rows: number, lanes: Lanes, from: number): Part {
  const { tile, parametersAt } = layer;
  const outputQuads = quads(layer.outputs);
  const t = tiling(quads(layer.inputs), outputQuads, tile, lanes);
  // Four rows of weights a quad of inputs.
  const sums: Tile = { rows: 4 * tile.rows, quads: tile.quads };
  const operands = tile.shared?.depth ? stagedOperands(layer, rows, t) : undefined;
  const scale =
    layer.inputAt === undefined ? `${f32(1 / 255)} / samplesInBatch` : '1.0 / samplesInBatch';
  const text = `${placeTile(t, `(workgroup - ${from}u)`)}
${operands ? stagedUpdate(rows, t, sums, operands) : updateTile(layer, rows, t, sums)}
  let scale = ${scale};
  let first = ${parametersAt}u + row * ${4 * outputQuads}u;
${eachSum(
  t,
  sums,
)(`      if (${isInside(t, 'm / 4u')}) {
        finite = applyGradient(first + m * ${outputQuads}u + quad, sum * scale, rate) & finite;
      }`)}${raiseNonFinite(`${layer.layer}u`)}`;
  return { text, workgroups: t.workgroups, memory: stagedLength(t, sums, operands) };
}

/** The sums aᵀ·delta of the tile at `row` and `quad0`, `quad1` … */
function updateTile(layer: UpdateLayer, rows: number, t: Tiling, sums: Tile): string {
  const { inputAt, deltaAt, tile } = layer;
  const inputQuads = quads(layer.inputs);
  const outputQuads = quads(layer.outputs);
  const fromSamples = inputAt === undefined;
  const textures = tile.fromTextures ? texturesOf(layer, rows) : undefined;
  const { deltas, inputs } = textures ?? {};
  const most = textures ? [8, 4, 2] : [4, 2];
  const steps = tile.isPlain ? 1 : (most.find((count) => rows % count === 0) ?? 1);
  const { broadcast } = t.lanes;
  const columnOf = (v: string) => insideRow(t, `row + ${v}`);
  const lefts = Array.from({ length: steps }, (_, n) =>
    leftOperand(
      tile.rows,
      broadcast,
      (v, name, own) => {
        if (inputs) return `    let ${name} = ${texel(inputs, `input${own}X`, `y${n}`)};`;
        const at = `${inputAt ?? 0}u + inputs${n}At + ${columnOf(v)}`;
        return `    let ${name} = ${fromSamples ? `bytesOf(samples[${at}])` : `activations[${at}]`};`;
      },
      `sample${n}_`,
    ),
  );
  const columns = [
    inputs &&
      leftOperand(tile.rows, broadcast, (v, _, own) => {
        return `  let input${own}X = ${texelX(inputs, columnOf(v))};`;
      }).loads,
    deltas && unroll(tile.quads, (q) => `  let delta${q}X = ${texelX(deltas, `quad${q}`)};`),
  ];
  const sampleAt = (n: number) => [
    // Both operands are as high.
    ...(deltas ? [`    let y${n} = ${texelY(deltas, `n + ${n}u`)};`] : []),
    ...(inputs
      ? []
      : [
          `    let inputs${n}At = ${fromSamples ? `sampleOf(n + ${n}u, step)` : `(n + ${n}u)`} * ${inputQuads}u;`,
        ]),
  ];
  const deltaOf = (n: number, q: number) =>
    deltas
      ? texel(deltas, `delta${q}X`, `y${n}`)
      : `deltas[${deltaAt}u + (n + ${n}u) * ${outputQuads}u + quad${q}]`;
  return `${columns.filter(Boolean).join('\n')}
${declareSums(sums)}
${alongSum(
  'i',
  rows / steps,
  t.slices,
  `    let n = ${steps}u * i;
${unroll(steps, (n) => [...sampleAt(n), lefts[n]!.loads].join('\n'))}
${unroll(steps, (n) => unroll(tile.quads, (q) => `    let right${n}_${q} = ${deltaOf(n, q)};`))}
${updateProducts(
  sums,
  steps,
  (vector, component, n) => lefts[n]!.value(vector, component),
  isQuad(broadcast),
)}`,
)}`;
}

/** Adds the products of some samples, with `right` of each sample and quad declared. */
function updateProducts(
  sums: Tile,
  steps: number,
  left: (vector: number, component: number, n: number) => string,
  isByComponent = false,
): string {
  return addProducts(
    sums,
    steps,
    (m, n) => left(m >> 2, m & 3, n),
    (n, q) => `right${n}_${q}`,
    isByComponent,
  );
}

/** Left, [samples, quads of inputs]; right, [samples, quads of outputs]: both as they are stored. */
function stagedOperands(
  { inputs, outputs, inputAt, deltaAt }: UpdateLayer,
  rows: number,
  t: Tiling,
): { readonly left: Operand; readonly right: Operand } {
  const inputQuads = quads(inputs);
  const outputQuads = quads(outputs);
  const depth = t.tile.shared!.depth;
  const blockRows = t.down * t.tile.rows;
  const blockQuads = t.across * t.tile.quads;
  const isRagged = rows % depth !== 0;
  return {
    left: {
      count: depth * blockRows,
      begin: (name, e) =>
        `  let ${name}At = ${inputAt ?? 0}u + ${insideRow(t, `blockRow + ${e} % ${blockRows}u`)};`,
      load: (name, e, stage) => {
        const n = `${stage} * ${depth}u + ${e} / ${blockRows}u`;
        const value =
          inputAt === undefined
            ? `bytesOf(samples[${name}At + sampleOf(${n}, step) * ${inputQuads}u])`
            : `activations[${name}At + (${n}) * ${inputQuads}u]`;
        return isRagged ? `select(vec4f(), ${value}, ${n} < ${rows}u)` : value;
      },
    },
    right: {
      count: depth * blockQuads,
      begin: (name, e) =>
        `  let ${name}At = ${deltaAt}u + ${insideQuad(t, `blockQuad + ${e} % ${blockQuads}u`)};`,
      load: (name, e, stage) => {
        const n = `${stage} * ${depth}u + ${e} / ${blockQuads}u`;
        return `deltas[${name}At + ${isRagged ? `min(${n}, ${rows - 1}u)` : `(${n})`} * ${outputQuads}u]`;
      },
    },
  };
}

function stagedUpdate(
  rows: number,
  t: Tiling,
  sums: Tile,
  operands: { readonly left: Operand; readonly right: Operand },
): string {
  const { tile, down, across } = t;
  const [blockRows, blockQuads] = [down * tile.rows, across * tile.quads];
  return stagedSums(
    t,
    sums,
    rows,
    operands,
    (four, left, right) => `${unroll(4, (n) =>
      unroll(tile.rows, (v) => {
        return `    let value${n}_${v} = staged[${left}u + (${four} * 4u + ${n}u) * ${blockRows}u + laneY * ${tile.rows}u + ${v}u];`;
      }),
    )}
${unroll(4, (n) =>
  unroll(tile.quads, (q) => {
    return `    let right${n}_${q} = staged[${right}u + (${four} * 4u + ${n}u) * ${blockQuads}u + laneX + ${q * across}u];`;
  }),
)}
${updateProducts(sums, 4, (v, k, n) => `value${n}_${v}.${'xyzw'[k]!}`)}`,
  );
}

/** The biases' gradient where tiles share: a sum of deltas alone, by many invocations a quad. */
function biasesPart(layer: UpdateLayer, batchSize: number, lanes: Lanes, from: number): Part {
  const { inputs, outputs, deltaAt, parametersAt } = layer;
  const outputQuads = quads(outputs);
  const biasAt = parametersAt + 4 * quads(inputs) * outputQuads;
  const { workgroupSize } = lanes;
  const across = Math.min(8, workgroupSize);
  const sums: Tile = {
    rows: 1,
    quads: 1,
    shared: { workgroupSize, across, slices: workgroupSize / across, depth: 0 },
  };
  const t = tiling(1, outputQuads, sums, lanes);
  const apply = `      if (${isInside(t, '0u')}) {
        finite = applyGradient(${biasAt}u + quad, sum / samplesInBatch, rate);
      }`;
  const text = `${placeTile(t, `(workgroup - ${from}u)`)}
${declareSums(sums)}
${alongSum('n', batchSize, t.slices, `    sum0_0 += deltas[${deltaAt}u + n * ${outputQuads}u + quad0];`)}
${eachSum(t)(apply)}${raiseNonFinite(`${layer.layer}u`)}`;
  return { text, workgroups: t.workgroups, memory: stagedLength(t, sums) };
}
