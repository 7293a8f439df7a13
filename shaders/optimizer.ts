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
import { f32, wgsl } from './wgsl.ts';

/** What of an optimizer its WGSL depends on: all but the learning rate. `src/engine/optimizers.ts` defines it. */
export type UpdateRule =
  | {
      readonly kind: 'sgd';
      readonly momentum: number;
      readonly nesterov: boolean;
      readonly weightDecay: number;
    }
  | {
      readonly kind: 'adam' | 'adamW';
      readonly beta1: number;
      readonly beta2: number;
      readonly epsilon: number;
      readonly weightDecay: number;
    }
  | { readonly kind: 'deferred' };

export const deferred = { kind: 'deferred' } as const satisfies UpdateRule;

/** Numbers that the optimizer keeps for each parameter: the vec4f of `moments` for a vec4f of parameters. */
export function momentCount(rule: UpdateRule): 0 | 1 | 2 {
  switch (rule.kind) {
    case 'sgd':
      return rule.momentum > 0 ? 1 : 0;
    case 'adam':
    case 'adamW':
      return 2;
    case 'deferred':
      return 0;
  }
}

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
  if (rule.kind === 'deferred') return [vec4s('gradients', 'read_write')];
  return [
    vec4s('parameters', 'read_write'),
    ...(momentCount(rule) > 0 ? [vec4s('moments', 'read_write')] : []),
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
#if ${rule.kind === 'deferred'}
fn scalarsOf(index: u32) -> vec4f { return vec4f(); }
#else
fn scalarsOf(index: u32) -> vec4f { return optimizerScalars[index]; }
#endif
fn applyGradient(index: u32, gradient: vec4f, rate: vec4f) -> bool {
${bodyOf(rule)}
}`;
}

function bodyOf(rule: UpdateRule): string {
  switch (rule.kind) {
    case 'sgd':
      return sgd(rule);
    case 'adam':
    case 'adamW':
      return adam(rule);
    case 'deferred':
      return '  gradients[index] = gradient;\n  return isFinite(gradient);';
  }
}

/** rate: x is the learning rate. */
function sgd({ momentum, nesterov, weightDecay }: UpdateRule & { kind: 'sgd' }): string {
  return wgsl /* wgsl */ `  let w = parameters[index];
#if ${weightDecay > 0}
  let g = fma(vec4f(${f32(weightDecay)}), w, gradient);
#else
  let g = gradient;
#endif
#if ${momentum > 0}
  let v = fma(vec4f(${f32(momentum)}), moments[index], g);
  moments[index] = v;
#if ${nesterov}
  let direction = fma(vec4f(${f32(momentum)}), v, g);
#else
  let direction = v;
#endif
#else
  let direction = g;
#endif
  let moved = w - rate.x * direction;
  parameters[index] = moved;
  return isFinite(moved);`;
}

/**
 * rate: x is learningRate / (1 − β₁ᵗ), y is 1 / √(1 − β₂ᵗ), z is learningRate·λ.
 *
 * Means are moved by m + (1 − β)(g − m) rather than β·m + (1 − β)·g: float32 has 0.999 only to 1e-8, which is
 * 1e-5 of what it leaves of 1, and both would be rounded apart.
 */
function adam(rule: UpdateRule & { kind: 'adam' | 'adamW' }): string {
  const { kind, beta1, beta2, epsilon, weightDecay } = rule;
  return wgsl /* wgsl */ `  var w = parameters[index];
#if ${kind === 'adam' && weightDecay > 0}
  let g = fma(vec4f(${f32(weightDecay)}), w, gradient);
#else
  let g = gradient;
#endif
#if ${kind === 'adamW' && weightDecay > 0}
  w = fma(vec4f(-rate.z), w, w);
#endif
  var m = moments[2u * index];
  var v = moments[2u * index + 1u];
  m = fma(vec4f(${f32(1 - beta1)}), g - m, m);
  v = fma(vec4f(${f32(1 - beta2)}), fma(g, g, -v), v);
  moments[2u * index] = m;
  moments[2u * index + 1u] = v;
  w -= rate.x * m / fma(sqrt(v), vec4f(rate.y), vec4f(${f32(epsilon)}));
  parameters[index] = w;
  // An infinite v would never let the parameter move again.
  return isFinite(w) && isFinite(v);`;
}
