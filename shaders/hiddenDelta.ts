import type { Activation } from '../src/network/functions.ts';
import { slope } from './activation.ts';
import { kernel, type Kernel } from './kernel.ts';
import { quads, unroll, wgsl } from './wgsl.ts';

export interface HiddenDeltaOptions {
  /** Size of the layer whose delta is asked for, and of the layer after it. */
  readonly inputs: number;
  readonly outputs: number;
  /** Of the layer whose delta is asked for. */
  readonly activation: Activation;
  /** Rows of the mini-batch buffers, a multiple of `tileRows`. */
  readonly rows: number;
  /** Samples an invocation computes, for one quad of neurons. */
  readonly tileRows: number;
  /** Invocations a workgroup. */
  readonly workgroupSize: number;
}

/**
 * One layer back: delta = (delta'·Wᵀ) ⊙ f′. Twin: `src/reference/hiddenDelta.ts`.
 *
 * W is read as it is stored, [inputs, outputs]: an invocation's four neurons are four of its rows, and the sums
 * over outputs run four at a time in the lanes of a vec4f, which are added up at the end. Padding stays 0, since
 * W's padded rows are 0. The biases, the last row of `parameters`, play no part.
 */
export function hiddenDelta(options: HiddenDeltaOptions): Kernel {
  const { inputs, outputs, activation, rows, tileRows } = options;
  const inputQuads = quads(inputs);
  const outputQuads = quads(outputs);
  const eachSum = (text: (m: number, i: number) => string) =>
    unroll(tileRows, (m) => unroll(4, (i) => text(m, i)));
  return kernel(
    `hidden delta ${inputs}←${outputs}`,
    [
      { name: 'nextDelta', access: 'read', type: 'array<vec4f>' },
      { name: 'parameters', access: 'read', type: 'array<vec4f>' },
      { name: 'source', access: 'read', type: 'array<vec4f>' },
      { name: 'delta', access: 'read_write', type: 'array<vec4f>' },
    ],
    (rows / tileRows) * inputQuads,
    options.workgroupSize,
    wgsl /* wgsl */ `${slope(activation)}
fn total(v: vec4f) -> f32 { return (v.x + v.y) + (v.z + v.w); }
`,
    wgsl /* wgsl */ `
  let column = invocation % ${inputQuads}u;
  let row = (invocation / ${inputQuads}u) * ${tileRows}u;
${eachSum((m, i) => `  var sum${m}_${i} = vec4f();`)}
  for (var j = 0u; j < ${outputQuads}u; j++) {
    let weight = column * ${4 * outputQuads}u + j;
${unroll(4, (i) => `    let w${i} = parameters[weight + ${i * outputQuads}u];`)}
${unroll(
  tileRows,
  (m) => `    let d${m} = nextDelta[(row + ${m}u) * ${outputQuads}u + j];
${unroll(4, (i) => `    sum${m}_${i} = fma(d${m}, w${i}, sum${m}_${i});`)}`,
)}
  }
${unroll(
  tileRows,
  (m) => `  {
    let index = (row + ${m}u) * ${inputQuads}u + column;
    let wishes = vec4f(${[0, 1, 2, 3].map((i) => `total(sum${m}_${i})`).join(', ')});
    delta[index] = wishes * slope(source[index]);
  }`,
)}`,
  );
}
