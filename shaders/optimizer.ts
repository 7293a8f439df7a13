/**
 * The optimizer's arithmetic as WGSL, once, for every kernel that changes parameters. Twin: `src/reference/update.ts`.
 *
 * What differs from step to step stands in `optimizerScalars`, one vec4f a step, which the host computes in float64
 * (`src/gpu/optimizerScalars.ts`): so steps stay identical commands, and another learning rate is no other shader.
 * What stays for a whole run is written into the WGSL, which saves a binding.
 *
 * Where gradients are clipped, no parameter may move before the norm of the whole gradient is known. A kernel with
 * the rule `deferred` calls the same function, which then only stores the gradient; `applyGradients` does the rest.
 */
import type { Binding } from './kernel.ts';
import { wgsl } from './wgsl.ts';

/** An optimizer as the kernels know it; `src/engine/optimizers/definition.ts` says what the body may use. */
export interface UpdateRule {
  /** vec4f of `moments` for a vec4f of parameters. */
  readonly momentCount: 0 | 1 | 2;
  /** WGSL: body of `applyGradient`. */
  readonly body: string;
  readonly isDeferred?: true;
}

export const deferred: UpdateRule = {
  momentCount: 0,
  body: '  gradients[index] = gradient;\n  return isFinite(gradient);',
  isDeferred: true,
};

/**
 * What `applyGradient` works on: `parameters`, `optimizerScalars` and, where the optimizer keeps any, `moments`; `gradients`
 * alone where it is deferred.
 *
 * The moments of parameter vec4 i are vec4s i·momentCount onwards, side by side: one index finds both, whether a
 * kernel binds the range of one layer or the whole buffer, and they come with one cache line.
 */
export function optimizerBindings(rule: UpdateRule): readonly Binding[] {
  const vec4s = (name: string, access: Binding['access']): Binding => ({
    name,
    access,
    type: 'array<vec4f>',
  });
  if (rule.isDeferred) return [vec4s('gradients', 'read_write')];
  return [
    vec4s('parameters', 'read_write'),
    ...(rule.momentCount > 0 ? [vec4s('moments', 'read_write')] : []),
    vec4s('optimizerScalars', 'read'),
  ];
}

/** Of an invocation that updates: the `scalarsOf` of its step, and whether all it has made is finite. */
export const updateVariables = /* wgsl */ `
var<private> rate: vec4f;
var<private> finite = true;
`;

/**
 * - `fn applyGradient(index: u32, gradient: vec4f, rate: vec4f) -> bool`: moves vec4f `index` of `parameters`, and
 *   its moments, by the mean gradient of a mini-batch. Returns whether the new values are finite; see `raiseNonFinite`.
 *   A gradient that is not finite makes values that are not
 * - `fn scalarsOf(index: u32) -> vec4f`: `rate` of a step, to be read once an invocation
 *
 * Padding stays 0: its gradient is 0, and no optimizer moves a parameter and moments of 0 then.
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
