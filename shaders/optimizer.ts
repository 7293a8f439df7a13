/**
 * The optimizer's arithmetic as WGSL, once, for every kernel that changes parameters. Twin: `src/reference/update.ts`.
 *
 * What differs from step to step stands in `rates`, one vec4f a step, which the host computes in float64
 * (`src/gpu/rates.ts`): so steps stay identical commands, and another learning rate is no other shader.
 * What stays for a whole run is written into the WGSL, which saves a binding.
 */
import type { Binding } from './kernel.ts';
import { f32, wgsl } from './wgsl.ts';

/** What of an optimizer its WGSL depends on: all but the learning rate. */
export interface UpdateRule {
  readonly kind: 'sgd';
  readonly momentum: number;
}

/** Numbers that the optimizer keeps for each parameter: the vec4f of `moments` a quad of parameters has. */
export function momentCount({ momentum }: UpdateRule): 0 | 1 | 2 {
  return momentum > 0 ? 1 : 0;
}

/**
 * What `applyGradient` works on: `parameters`, `rates` and, where the optimizer keeps any, `moments`. The moments
 * of parameter quad i are quads i·momentCount onwards, side by side: one index finds both, whether a kernel binds
 * the range of one layer or the whole buffer, and they come with one cache line.
 */
export function optimizerBindings(rule: UpdateRule): readonly Binding[] {
  return [
    { name: 'parameters', access: 'read_write', type: 'array<vec4f>' },
    ...(momentCount(rule) > 0
      ? [{ name: 'moments', access: 'read_write', type: 'array<vec4f>' } as const]
      : []),
    { name: 'rates', access: 'read', type: 'array<vec4f>' },
  ];
}

/**
 * `fn applyGradient(index: u32, gradient: vec4f, rate: vec4f)`: moves quad `index` of `parameters`, and its moments,
 * by the mean gradient of a mini-batch. `rate` is `rates[step]`, to be read once an invocation.
 *
 * Padding stays 0: its gradient is 0, and no optimizer moves a parameter and moments of 0 then.
 */
export function applyGradient(rule: UpdateRule): string {
  const hasMomentum = rule.momentum > 0;
  return wgsl /* wgsl */ `
// rate: x is the learning rate.
fn applyGradient(index: u32, gradient: vec4f, rate: vec4f) {
#if ${hasMomentum}
  let v = fma(vec4f(${f32(rule.momentum)}), moments[index], gradient);
  moments[index] = v;
  parameters[index] -= rate.x * v;
#else
  parameters[index] -= rate.x * gradient;
#endif
}`;
}
