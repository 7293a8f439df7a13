/**
 * Updates of small layers and of biases: all by the same few lines, which look up in a table where each finds its
 * operands, a quad of inputs by a quad of outputs an invocation. What compilers take grows faster than the code:
 * SwiftShader's takes twice as long for six sums written out as for one that looks its addresses up.
 */
import { raiseNonFinite } from './batch.ts';
import type { Lanes, Tile } from './tile.ts';
import { f32, quads, wgsl } from './wgsl.ts';

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

/** Some of a dispatch's workgroups, and what they do. */
export interface Part {
  readonly text: string;
  readonly workgroups: number;
  /** Quads of workgroup memory. */
  readonly memory: number;
}

/** A line of the table: rows of weights, a quad of inputs each, and behind the last of them the biases. */
export interface Tabled {
  readonly layer: number;
  /** The first row that the table sees to: 0, or that of the biases alone. */
  readonly firstRow: number;
  readonly isOfSamples: boolean;
  readonly inputAt: number;
  readonly inputQuads: number;
  readonly deltaAt: number;
  readonly outputQuads: number;
  readonly parametersAt: number;
}

export const isTabled = ({ tile }: UpdateLayer) =>
  tile.isPlain === true && !tile.shared && tile.rows === 1 && tile.quads === 1;

/** All of a small layer; of others the biases, which are the weights of an input that is always 1. */
export function tabled(layer: UpdateLayer): Tabled {
  const inputQuads = quads(layer.inputs);
  return {
    layer: layer.layer,
    firstRow: isTabled(layer) ? 0 : inputQuads,
    isOfSamples: layer.inputAt === undefined,
    inputAt: layer.inputAt ?? 0,
    inputQuads,
    deltaAt: layer.deltaAt,
    outputQuads: quads(layer.outputs),
    parametersAt: layer.parametersAt,
  };
}

export function tabledPart(
  entries: readonly Tabled[],
  rows: number,
  lanes: Lanes,
  from: number,
): Part {
  const { workgroupSize } = lanes;
  let end = from;
  const choices = entries.map((entry, i) => {
    const begin = end;
    const { layer, firstRow, inputAt, inputQuads, deltaAt, outputQuads, parametersAt } = entry;
    end += Math.ceil(((inputQuads + 1 - firstRow) * outputQuads) / workgroupSize);
    const condition = i < entries.length - 1 ? `if (workgroup < ${end}u) ` : '';
    return `${condition}{
    layer = ${layer}u;
    let place = (workgroup - ${begin}u) * ${workgroupSize}u + lane;
    row = ${firstRow}u + place / ${outputQuads}u;
    quad = place % ${outputQuads}u;
    isOfSamples = ${entry.isOfSamples};
    inputAt = ${inputAt}u;
    inputQuads = ${inputQuads}u;
    deltaAt = ${deltaAt}u;
    outputQuads = ${outputQuads}u;
    parametersAt = ${parametersAt}u;
  }`;
  });
  const weights = entries.filter(({ firstRow }) => firstRow === 0);
  const text = wgsl /* wgsl */ `
  var layer = 0u;
  var row = 0u;
  var quad = 0u;
  var isOfSamples = false;
  var inputAt = 0u;
  var inputQuads = 0u;
  var deltaAt = 0u;
  var outputQuads = 0u;
  var parametersAt = 0u;
  ${choices.join(' else ')}
  let isBias = row == inputQuads;
  if (row <= inputQuads) {
    var sum0 = vec4f();
    var sum1 = vec4f();
    var sum2 = vec4f();
    var sum3 = vec4f();
    for (var n = 0u; n < ${rows}u; n++) {
      var left = vec4f(1.0, 0.0, 0.0, 0.0);
#if ${weights.some(({ isOfSamples }) => !isOfSamples)}
      if (!isBias && !isOfSamples) { left = activations[inputAt + n * inputQuads + row]; }
#endif
#if ${weights.some(({ isOfSamples }) => isOfSamples)}
      if (!isBias && isOfSamples) { left = bytesOf(samples[sampleOf(n, step) * inputQuads + row]); }
#endif
      let right = deltas[deltaAt + n * outputQuads + quad];
      sum0 = fma(vec4f(left.x), right, sum0);
      sum1 = fma(vec4f(left.y), right, sum1);
      sum2 = fma(vec4f(left.z), right, sum2);
      sum3 = fma(vec4f(left.w), right, sum3);
    }
    var sums = array<vec4f, 4>(sum0, sum1, sum2, sum3);
    let scale = select(1.0, ${f32(1 / 255)}, isOfSamples && !isBias) / samplesInBatch;
    for (var m = 0u; m < 4u; m++) {
      if (isBias && m > 0u) { break; }
      let at = parametersAt + (4u * row + m) * outputQuads + quad;
      finite = applyGradient(at, sums[m] * scale, rate) & finite;
    }
  }${raiseNonFinite('layer')}`;
  return { text, workgroups: end - from, memory: 0 };
}
