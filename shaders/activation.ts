/** The WGSL of activations and slopes, as their records have it, for forward and backward alike. */
import { activationFunction, type Activation } from '../src/network/activations.ts';
import type { Output } from '../src/network/functions.ts';
import { wgsl } from './wgsl.ts';

/**
 * `fn orNan(value: vec4f, z: vec4f) -> vec4f`: `value`, or NaN where z is. Shaders may take for granted that there
 * is no NaN, so `z != z` may be compiled away, and functions such as exp give numbers for it; bits are bits.
 */
const orNan = wgsl /* wgsl */ `
fn orNan(value: vec4f, z: vec4f) -> vec4f {
  return select(value, z, (bitcast<vec4u>(z) & vec4u(0x7fffffffu)) > vec4u(0x7f800000u));
}`;

/** What a kernel calls of activations. */
export interface ActivationUse {
  /** Those that it calls `activate…` of, and those that it calls `slope…` of. */
  readonly activated?: readonly Activation[];
  readonly sloped?: readonly Activation[];
  /** Whether it has outputs, for which `costFunctions` call `sigmoid` or `orNan`. */
  readonly output?: Output;
}

/** 'LeakyRelu': what the functions of an activation are named after. */
const inCapitals = (name: Activation) =>
  name.replaceAll(/(^|-)(\w)/g, (_, _dash, letter: string) => letter.toUpperCase());

/** Name of `fn (z: vec4f) -> vec4f`, a = f(z). */
export const activateName = (name: Activation) => `activate${inCapitals(name)}`;

/** Name of `fn (source: vec4f) -> vec4f`, f′ from a or z as the record's `slopeFrom` says. */
export const slopeName = (name: Activation) => `slope${inCapitals(name)}`;

/** The functions that a kernel needs, each once. */
export function activationCode({ activated = [], sloped = [], output }: ActivationUse): string {
  const used = [...activated, ...sloped, ...(output === 'sigmoid' ? [output] : [])];
  const parts = [
    orNan,
    ...used.map((name) => activationFunction(name).wgsl.helpers ?? ''),
    ...activated.map((name) => {
      const { f } = activationFunction(name).wgsl;
      return `fn ${activateName(name)}(z: vec4f) -> vec4f { ${f} }`;
    }),
    ...sloped.map((name) => {
      const {
        slopeFrom,
        wgsl: { slope },
      } = activationFunction(name);
      return `fn ${slopeName(name)}(${slopeFrom}: vec4f) -> vec4f { ${slope} }`;
    }),
    '',
  ];
  return [...new Set(parts)].join('\n');
}
