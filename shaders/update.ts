import {
  bytesOf,
  flaggedCounterBinding,
  endStep,
  raiseNonFinite,
  rowsOf,
  sameStep,
  sampleBindings,
  sampleOf,
  settingsBinding,
  settingsStruct,
} from './batch.ts';
import { kernel, type Binding, type Kernel } from './kernel.ts';
import { applyGradient, optimizerBindings, type UpdateRule } from './optimizer.ts';
import { f32, quads, unroll, wgsl } from './wgsl.ts';

export interface UpdateOptions {
  readonly inputs: number;
  readonly outputs: number;
  /** Where a comes from, as in `forward`. The first layer's update, from samples, is the step's last kernel, if not deferred. */
  readonly source: 'samples' | 'activations';
  readonly batchSize: number;
  /** `deferred` leaves the gradient in `gradients` and the step to `applyGradients`. */
  readonly optimizer: UpdateRule;
  /** Of the network, for `raiseNonFinite`. */
  readonly layer: number;
  /** Quads of outputs an invocation updates, for one quad of inputs; divides `quads(outputs)`. */
  readonly tileQuads: number;
  /** Invocations a workgroup. */
  readonly workgroupSize: number;
}

/**
 * Weight gradient fused with the optimizer: dW = aᵀ·delta / B is summed over the mini-batch in registers and
 * applied in place, so that the gradient never goes to memory. Twins: `src/reference/weightGradient.ts` and
 * `update.ts`.
 *
 * The bias is the weight of one more input that is always 1, and stands in the row behind the weights: the last
 * row of invocations does the biases.
 * Rows past the end of a short batch have delta 0, so the sum always runs over the full batch size, a constant.
 */
export function update(options: UpdateOptions): Kernel {
  const { inputs, outputs, source, batchSize, optimizer, tileQuads } = options;
  const inputQuads = quads(inputs);
  const outputQuads = quads(outputs);
  const columns = outputQuads / tileQuads;
  const fromSamples = source === 'samples';
  const endsStep = fromSamples && optimizer.kind !== 'deferred';
  const bindings: Binding[] = [
    { name: 'delta', access: 'read', type: 'array<vec4f>' },
    ...optimizerBindings(optimizer),
    ...(fromSamples
      ? sampleBindings
      : [{ name: 'inputs', access: 'read', type: 'array<vec4f>' } as const]),
    flaggedCounterBinding,
    settingsBinding,
  ];

  const eachSum = (text: (k: number, q: number) => string) =>
    unroll(4, (k) => unroll(tileQuads, (q) => text(k, q)));
  const component = ['x', 'y', 'z', 'w'] as const;

  const functions = wgsl /* wgsl */ `${settingsStruct}
${rowsOf(batchSize)}
${applyGradient(optimizer)}
#if ${fromSamples}
${sampleOf(batchSize)}
${bytesOf}
#endif
`;
  const body = wgsl /* wgsl */ `
${sameStep}${endsStep ? endStep : ''}
  let column = (invocation % ${columns}u) * ${tileQuads}u;
  let input = invocation / ${columns}u;
  let samplesInBatch = f32(rowsOf(step));
  let rate = rateOf(step);
  var finite = true;
  let first = input * ${4 * outputQuads}u + column;
  if (input == ${inputQuads}u) {
${unroll(tileQuads, (q) => `    var bias${q} = vec4f();`)}
    for (var n = 0u; n < ${batchSize}u; n++) {
${unroll(tileQuads, (q) => `      bias${q} += delta[n * ${outputQuads}u + column + ${q}u];`)}
    }
${unroll(tileQuads, (q) => `    finite = applyGradient(first + ${q}u, bias${q} / samplesInBatch, rate) & finite;`)}${raiseNonFinite(options.layer)}
    return;
  }
${eachSum((k, q) => `  var sum${k}_${q} = vec4f();`)}
  for (var n = 0u; n < ${batchSize}u; n++) {
#if ${fromSamples}
    let a = bytesOf(samples[sampleOf(n, step) * ${inputQuads}u + input]);
#else
    let a = inputs[n * ${inputQuads}u + input];
#endif
${unroll(
  tileQuads,
  (q) => `    let d${q} = delta[n * ${outputQuads}u + column + ${q}u];
${unroll(4, (k) => `    sum${k}_${q} = fma(vec4f(a.${component[k]!}), d${q}, sum${k}_${q});`)}`,
)}
  }
  let scale = ${fromSamples ? `${f32(1 / 255)} / samplesInBatch` : '1.0 / samplesInBatch'};
${eachSum((k, q) => `  finite = applyGradient(first + ${k * outputQuads + q}u, sum${k}_${q} * scale, rate) & finite;`)}${raiseNonFinite(options.layer)}`;
  return kernel(
    `update ${inputs}→${outputs}`,
    bindings,
    (inputQuads + 1) * columns,
    options.workgroupSize,
    functions,
    body,
  );
}
