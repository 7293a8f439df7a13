/** WGSL of activations and slopes, taken from their records, for forward and backward kernels. */
import { activationFunction, type Activation } from '../src/network/activations.ts';
import type { Output } from '../src/network/functions.ts';
import { wgsl } from './wgsl.ts';

/**
 * `fn orNan(value: vec4f, z: vec4f) -> vec4f`: returns `value`, or NaN if z is NaN. Shader compilers may assume that
 * NaN does not occur: they may remove `z != z`, and functions such as exp may return numbers for NaN. Testing the bits
 * is safe.
 */
const orNan = wgsl /* wgsl */ `
fn orNan(value: vec4f, z: vec4f) -> vec4f {
  return select(value, z, (bitcast<vec4u>(z) & vec4u(0x7fffffffu)) > vec4u(0x7f800000u));
}`;

/** The activation functions that a kernel calls. */
export interface ActivationUse {
  /** Activations whose `activate…` function is called, and those whose `slope…` function is called. */
  readonly activated?: readonly Activation[];
  readonly sloped?: readonly Activation[];
  /** Present if the kernel computes outputs; `costFunctions` then call `sigmoid` or `orNan`. */
  readonly output?: Output;
}

/** Converts a name for use in WGSL functions: 'LeakyRelu'. */
const inCapitals = (name: Activation) =>
  name.replaceAll(/(^|-)(\w)/g, (_, _dash, letter: string) => letter.toUpperCase());

/** Name of the WGSL function `fn (z: vec4f) -> vec4f` that computes a = f(z). */
export const activateName = (name: Activation) => `activate${inCapitals(name)}`;

/**
 * Name of the WGSL function `fn (source: vec4f) -> vec4f` that computes f′ from a or z, as `slopeFrom` of the record
 * says.
 */
export const slopeName = (name: Activation) => `slope${inCapitals(name)}`;

/** WGSL of the functions that a kernel needs, each once. */
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
