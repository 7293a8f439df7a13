import { slopeSource, type Activation } from '../src/network/functions.ts';
import { activate } from './activation.ts';
import {
  bytesOf,
  counterBinding,
  sampleBindings,
  sampleOf,
  settingsBinding,
  settingsStruct,
  startStep,
} from './batch.ts';
import { kernel, type Binding, type Kernel } from './kernel.ts';
import { f32, quads, unroll, wgsl } from './wgsl.ts';

export interface ForwardOptions {
  readonly inputs: number;
  readonly outputs: number;
  /** `linear` for the last layer, whose pre-activations the output delta needs. */
  readonly activation: Activation;
  /** Where a comes from: the dataset's bytes for the first layer, the activations of the layer before for others. */
  readonly source: 'samples' | 'activations';
  readonly batchSize: number;
  /** Rows of the mini-batch buffers, a multiple of `tileRows`, at least `batchSize`. */
  readonly rows: number;
  /** Samples an invocation computes. */
  readonly tileRows: number;
  /** Quads of outputs an invocation computes; divides `quads(outputs)`. */
  readonly tileQuads: number;
  /** Invocations a workgroup. */
  readonly workgroupSize: number;
}

/**
 * Batched matmul forward, fused with bias and activation: a' = f(a·W + b), a register tile of
 * `tileRows` × 4·`tileQuads` outputs an invocation. Twin: `src/reference/forward.ts`.
 *
 * `parameters` are a layer's as `src/gpu/layout.ts` stores them: weights [inputs, outputs], so that neighbouring
 * outputs are neighbours in memory, both sides padded with zeros to whole quads, then a row of biases. Nothing is staged in workgroup memory: that costs more than it saves on software
 * adapters, and registers reuse each loaded value as often.
 */
export function forward(options: ForwardOptions): Kernel {
  const { inputs, outputs, activation, source, batchSize, rows, tileRows, tileQuads } = options;
  const inputQuads = quads(inputs);
  const outputQuads = quads(outputs);
  const columns = outputQuads / tileQuads;
  const fromSamples = source === 'samples';
  const keepsZ = slopeSource(activation) === 'z';
  const padded = outputs % 4 !== 0;
  const bindings: Binding[] = [
    { name: 'parameters', access: 'read', type: 'array<vec4f>' },
    { name: 'activations', access: 'read_write', type: 'array<vec4f>' },
    ...(keepsZ
      ? [{ name: 'preactivations', access: 'read_write', type: 'array<vec4f>' } as const]
      : []),
    ...(fromSamples
      ? [...sampleBindings, counterBinding('read_write'), settingsBinding]
      : [{ name: 'inputs', access: 'read', type: 'array<vec4f>' } as const]),
  ];

  const sum = (m: number, q: number) => `sum${m}_${q}`;
  const eachSum = (text: (m: number, q: number) => string) =>
    unroll(tileRows, (m) => unroll(tileQuads, (q) => text(m, q)));
  const component = ['x', 'y', 'z', 'w'] as const;

  const functions = wgsl /* wgsl */ `${activate(activation)}
#if ${fromSamples}
${settingsStruct}
${sampleOf(batchSize)}
${bytesOf}
#endif
`;
  const body = wgsl /* wgsl */ `
  let column = (invocation % ${columns}u) * ${tileQuads}u;
  let row = (invocation / ${columns}u) * ${tileRows}u;
#if ${fromSamples}
${startStep}
${unroll(tileRows, (m) => `  let input${m} = sampleOf(row + ${m}u, step) * ${inputQuads}u;`)}
#else
${unroll(tileRows, (m) => `  let input${m} = (row + ${m}u) * ${inputQuads}u;`)}
#endif
${eachSum((m, q) => `  var ${sum(m, q)} = vec4f();`)}
  for (var i = 0u; i < ${inputQuads}u; i++) {
#if ${fromSamples}
${unroll(tileRows, (m) => `    let a${m} = bytesOf(samples[input${m} + i]);`)}
#else
${unroll(tileRows, (m) => `    let a${m} = inputs[input${m} + i];`)}
#endif
    let weight = i * ${4 * outputQuads}u + column;
${unroll(4, (k) =>
  unroll(
    tileQuads,
    (q) => `    let w${k}_${q} = parameters[weight + ${k * outputQuads + q}u];
${unroll(tileRows, (m) => `    ${sum(m, q)} = fma(vec4f(a${m}.${component[k]!}), w${k}_${q}, ${sum(m, q)});`)}`,
  ),
)}
  }
${unroll(
  tileQuads,
  (q) => `  let bias${q} = parameters[${4 * inputQuads * outputQuads}u + column + ${q}u];
  let real${q} = (vec4u(4u * (column + ${q}u)) + vec4u(0u, 1u, 2u, 3u)) < vec4u(${outputs}u);`,
)}
${eachSum((m, q) => {
  const index = `(row + ${m}u) * ${outputQuads}u + column + ${q}u`;
  const z = fromSamples
    ? `fma(${sum(m, q)}, vec4f(${f32(1 / 255)}), bias${q})`
    : `(${sum(m, q)} + bias${q})`;
  const a = padded ? `select(vec4f(), activate(z${m}_${q}), real${q})` : `activate(z${m}_${q})`;
  return `  let z${m}_${q} = ${z};
${keepsZ ? `  preactivations[${index}] = z${m}_${q};\n` : ''}  activations[${index}] = ${a};`;
})}`;
  return kernel(
    `forward ${inputs}→${outputs}`,
    bindings,
    (rows / tileRows) * columns,
    options.workgroupSize,
    functions,
    body,
  );
}
