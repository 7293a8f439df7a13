/**
 * What `fused` computes, to the bit, in the shortest code: an invocation a sample, a sum at a time, and all layers by
 * the same few lines, which look up in a table where each finds its operands. The first step of a training waits for
 * its kernels to be compiled, and what compilers take grows faster than the code.
 */
import { slopeSource } from '../src/network/functions.ts';
import { fusedDeclarations, type FusedOptions } from './fused.ts';
import { kernel, type Kernel } from './kernel.ts';
import { f32, quads, unroll, wgsl } from './wgsl.ts';

/** Forward through several layers, the output delta, and back to the first of them. Twins: those of `fused`. */
export function fusedTable(options: Omit<FusedOptions, 'tileRows'>): Kernel {
  const { forward, hiddenDelta, rows, workgroupSize } = options;
  const { label, bindings, functions, begin } = fusedDeclarations(options);
  const { activation } = hiddenDelta[0] ?? forward[0]!;
  const fromSamples = forward[0]!.inputAt === undefined;
  const last = forward.length - 1;
  const forwardLines = forward.map((layer) => ({
    inputQuads: quads(layer.inputs),
    outputs: layer.outputs,
    outputQuads: quads(layer.outputs),
    inputAt: layer.inputAt ?? 0,
    outputAt: layer.outputAt,
    preactivationAt: layer.preactivationAt,
    parametersAt: layer.parametersAt,
  }));
  const backLines = hiddenDelta.map((layer) => ({
    inputQuads: quads(layer.inputs),
    outputQuads: quads(layer.outputs),
    nextDeltaAt: layer.nextDeltaAt,
    deltaAt: layer.deltaAt,
    slopeAt: layer.slopeAt,
    parametersAt: layer.parametersAt,
  }));
  // Loops run to constants and are left early: browsers guard all others against running forever. A byte is taken from
  // its word by hand, since `bytesOf` takes four, which is 4 % more to compile.
  const body = wgsl /* wgsl */ `${begin}
  let row = invocation;
#if ${fromSamples}
  let sampleAt = sampleOf(row, step) * ${quads(forward[0]!.inputs)}u;
#endif
  for (var layer = 0u; layer < ${forward.length}u; layer++) {
${table('layer', forwardLines)}
    for (var quad = 0u; quad < ${most(forwardLines, 'outputQuads')}u; quad++) {
      if (quad >= outputQuads) { break; }
      var sum = vec4f();
      for (var k = 0u; k < ${4 * most(forwardLines, 'inputQuads')}u; k++) {
        if (k >= 4u * inputQuads) { break; }
        var left = 0.0;
#if ${fromSamples}
        if (layer == 0u) {
          left = f32((samples[sampleAt + (k >> 2u)] >> (8u * (k & 3u))) & 255u);
        } else {
          left = activations[inputAt + row * inputQuads + (k >> 2u)][k & 3u];
        }
#else
        left = activations[inputAt + row * inputQuads + (k >> 2u)][k & 3u];
#endif
        sum = fma(vec4f(left), parameters[parametersAt + k * outputQuads + quad], sum);
      }
      let bias = parameters[parametersAt + 4u * inputQuads * outputQuads + quad];
      var z = sum + bias;
#if ${fromSamples}
      if (layer == 0u) { z = fma(sum, vec4f(${f32(1 / 255)}), bias); }
#endif
      let at = row * outputQuads + quad;
#if ${slopeSource(activation) === 'z'}
      if (layer < ${last}u) { activations[preactivationAt + at] = z; }
#endif
      if (layer < ${last}u) { z = activate(z); }
      let isReal = (vec4u(4u * quad) + vec4u(0u, 1u, 2u, 3u)) < vec4u(outputs);
      activations[outputAt + at] = select(vec4f(), z, isReal);
    }
  }
  outputDeltaOf(row, step);
#if ${hiddenDelta.length > 0}
  for (var back = 0u; back < ${hiddenDelta.length}u; back++) {
${table('back', backLines)}
    for (var quad = 0u; quad < ${most(backLines, 'inputQuads')}u; quad++) {
      if (quad >= inputQuads) { break; }
      let weightAt = parametersAt + 4u * quad * outputQuads;
      var sum = vec4f();
      for (var k = 0u; k < ${4 * most(backLines, 'outputQuads')}u; k++) {
        if (k >= 4u * outputQuads) { break; }
        let at = weightAt + (k >> 2u);
        let right = vec4f(${[0, 1, 2, 3].map((i) => `parameters[at + ${i}u * outputQuads][k & 3u]`).join(', ')});
        sum = fma(vec4f(deltas[nextDeltaAt + row * outputQuads + (k >> 2u)][k & 3u]), right, sum);
      }
      let at = row * inputQuads + quad;
      deltas[deltaAt + at] = sum * slope(activations[slopeAt + at]);
    }
  }
#endif`;
  return kernel(label, bindings, rows, workgroupSize, functions, body);
}

interface LayerQuads {
  readonly inputQuads: number;
  readonly outputQuads: number;
}

const most = (lines: readonly LayerQuads[], size: keyof LayerQuads) =>
  Math.max(...lines.map((line) => line[size]));

/** Declares what the table's columns are called, and sets it to line `index`. */
function table(index: string, lines: readonly Readonly<Record<string, number>>[]): string {
  const [first, ...others] = lines.map((line) => Object.entries(line));
  if (!first) return '';
  return `${unroll(first.length, (i) => `    var ${first[i]![0]} = ${first[i]![1]}u;`)}
${others
  .map(
    (line, l) => `    if (${index} == ${l + 1}u) {
${line.map(([name, value]) => `      ${name} = ${value}u;`).join('\n')}
    }`,
  )
  .join('\n')}`;
}
