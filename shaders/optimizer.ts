/**
 * WGSL of the optimizer, shared by all kernels that update parameters. Twin: `src/reference/update.ts`.
 *
 * Values that differ from step to step are in `optimizerScalars`, one vec4f per step. The host computes them in float64
 * (`src/gpu/optimizerScalars.ts`). Therefore all steps are identical commands, and another learning rate does not need
 * another shader. Values that are constant for a run are written into the WGSL, which saves a binding.
 *
 * With gradient clipping, no parameter may change before the norm of the whole gradient is known. Kernels with the rule
 * `deferred` call the same function, which then only stores the gradient; `applyGradients` does the rest.
 */
import { buffer, type Binding } from './kernel.ts';
import { wgsl } from './wgsl.ts';

/** An optimizer in the form that kernels use; `src/engine/optimizers/definition.ts` says what the body may use. */
export interface UpdateRule {
  /** Number of vec4f in `moments` per vec4f of parameters. */
  readonly momentCount: 0 | 1 | 2;
  /** WGSL body of `applyGradient`. */
  readonly body: string;
  readonly isDeferred?: true;
}

export const deferred: UpdateRule = {
  momentCount: 0,
  body: '  gradients[index] = gradient;\n  return isFinite(gradient);',
  isDeferred: true,
};

/**
 * Bindings of `applyGradient`: `parameters`, `optimizerScalars` and, if the optimizer keeps any, `moments`. With the
 * deferred rule: only `gradients`.
 *
 * The moments of parameter vec4 i are the `momentCount` vec4s from index i·momentCount on. One index thus finds both,
 * whether a kernel binds the range of one layer or the whole buffer, and the moments share a cache line.
 */
export function optimizerBindings(rule: UpdateRule): readonly Binding[] {
  if (rule.isDeferred) return [buffer('gradients', 'read_write')];
  return [
    buffer('parameters', 'read_write'),
    ...(rule.momentCount > 0 ? [buffer('moments', 'read_write')] : []),
    buffer('optimizerScalars', 'read'),
  ];
}

/**
 * Variables of an updating invocation: the result of `scalarsOf` for its step, and whether all its results are finite.
 */
export const updateVariables = /* wgsl */ `
var<private> rate: vec4f;
var<private> finite = true;
`;

/**
 * - `fn applyGradient(index: u32, gradient: vec4f, rate: vec4f) -> bool`: updates vec4f `index` of `parameters`, and
 *   its moments, with the mean gradient of a mini-batch. Returns whether the new values are finite; see
 *   `raiseNonFinite`. A non-finite gradient makes the new values non-finite
 * - `fn scalarsOf(index: u32) -> vec4f`: `rate` of a step; call it once per invocation
 *
 * Padding stays 0, because its gradient is 0 and every optimizer then leaves zero parameters and moments unchanged.
 */
export function applyGradient(rule: UpdateRule): string {
  return wgsl /* wgsl */ `
// Bits, since shaders may assume that everything is finite.
fn isFinite(v: vec4f) -> bool {
  return all((bitcast<vec4u>(v) & vec4u(0x7f800000u)) != vec4u(0x7f800000u));
}
#if ${rule.isDeferred === true}
fn scalarsOf(index: u32) -> vec4f { return vec4f(); }
#else
fn scalarsOf(index: u32) -> vec4f { return optimizerScalars[index]; }
#endif
fn applyGradient(index: u32, gradient: vec4f, rate: vec4f) -> bool {
${rule.body}
}`;
}
