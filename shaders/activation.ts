/** Every activation f and its slope f′ as WGSL, once, for forward and backward alike; four neurons at a time. */
import { leakySlope, type Activation, type Output } from '../src/network/functions.ts';
import { f32, wgsl } from './wgsl.ts';

/**
 * `fn orNan(value: vec4f, z: vec4f) -> vec4f`: `value`, or NaN where z is. Shaders may take for granted that there
 * is no NaN, so `z != z` may be compiled away, and functions such as exp give numbers for it; bits are bits.
 */
const orNan = wgsl /* wgsl */ `
fn orNan(value: vec4f, z: vec4f) -> vec4f {
  return select(value, z, (bitcast<vec4u>(z) & vec4u(0x7fffffffu)) > vec4u(0x7f800000u));
}`;

/**
 * By e^−|z|, which never overflows: shaders may assume that nothing is infinite. `select`, here and in ReLU, because
 * `clamp` and `max` may turn a NaN into a number and so hide it.
 */
const sigmoid = wgsl /* wgsl */ `
fn sigmoid(z: vec4f) -> vec4f {
  let e = exp(-abs(z));
  return orNan(select(vec4f(1.0), e, z < vec4f()) / (1.0 + e), z);
}`;

/**
 * WGSL's own tanh may be 1e-5 off. (1 − t)/(1 + t) with t = e^−2|z| is not, except near 0, where 1 − t loses its
 * digits and the Taylor series takes over.
 */
const tanh = wgsl /* wgsl */ `
fn hyperbolicTangent(z: vec4f) -> vec4f {
  let t = exp(-2.0 * abs(z));
  let far = sign(z) * ((1.0 - t) / (1.0 + t));
  let s = z * z;
  let near = z * (1.0 + s * (${f32(-1 / 3)} + s * (${f32(2 / 15)} + s * (${f32(-17 / 315)} + s * ${f32(62 / 2835)}))));
  return orNan(select(far, near, abs(z) < vec4f(0.25)), z);
}`;

/**
 * GELU is z·σ(u) with u = 2·√(2/π)·(z + 0.044715 z³), and all that is needed for it is e = e^−|u|: the gate σ(u) is
 * 1/(1 + e) or e/(1 + e), and σ(u)·σ(−u), which its slope is made of, e/(1 + e)². None of these loses digits in a tail.
 * Beyond 11, e is 0 in f32, and z³ might be infinite.
 */
const gelu = wgsl /* wgsl */ `
fn isFar(z: vec4f) -> vec4<bool> { return abs(z) > vec4f(11.0); }
fn near(z: vec4f) -> vec4f { return select(z, vec4f(), isFar(z)); }
fn geluExp(z: vec4f) -> vec4f {
  let x = near(z);
  let u = ${f32(2 * Math.sqrt(2 / Math.PI))} * x * (1.0 + 0.044715 * x * x);
  return select(exp(-abs(u)), vec4f(), isFar(z));
}
fn geluGate(z: vec4f, e: vec4f) -> vec4f {
  return select(vec4f(1.0), e, z < vec4f()) / (1.0 + e);
}`;

/** `fn activate(z: vec4f) -> vec4f` */
const activate: Readonly<Record<Activation, string>> = {
  linear: 'fn activate(z: vec4f) -> vec4f { return z; }',
  sigmoid: 'fn activate(z: vec4f) -> vec4f { return sigmoid(z); }',
  tanh: 'fn activate(z: vec4f) -> vec4f { return hyperbolicTangent(z); }',
  relu: 'fn activate(z: vec4f) -> vec4f { return select(z, vec4f(), z < vec4f()); }',
  'leaky-relu': `fn activate(z: vec4f) -> vec4f { return select(${f32(leakySlope)} * z, z, z > vec4f()); }`,
  gelu: 'fn activate(z: vec4f) -> vec4f { return orNan(z * geluGate(z, geluExp(z)), z); }',
};

/** `fn slope(source: vec4f) -> vec4f`, from a or z as `slopeSource(activation)` says. */
const slope: Readonly<Record<Activation, string>> = {
  linear: 'fn slope(a: vec4f) -> vec4f { return vec4f(1.0); }',
  sigmoid: 'fn slope(a: vec4f) -> vec4f { return a * (1.0 - a); }',
  tanh: 'fn slope(a: vec4f) -> vec4f { return (1.0 - a) * (1.0 + a); }',
  relu: 'fn slope(a: vec4f) -> vec4f { return select(vec4f(), vec4f(1.0), a > vec4f()); }',
  'leaky-relu': `fn slope(a: vec4f) -> vec4f { return select(vec4f(${f32(leakySlope)}), vec4f(1.0), a > vec4f()); }`,
  gelu: `fn slope(z: vec4f) -> vec4f {
  let e = geluExp(z);
  let x = near(z);
  let steepness = ${f32(2 * Math.sqrt(2 / Math.PI))} * (1.0 + ${f32(3 * 0.044715)} * x * x);
  return orNan(geluGate(z, e) + x * (e / ((1.0 + e) * (1.0 + e))) * steepness, z);
}`,
};

/** What a kernel needs of activations. */
export interface ActivationUse {
  /** Whether it calls `activate`, and `slope`, of `activation`. */
  readonly activation?: Activation;
  readonly needsSlope?: boolean;
  /** Whether it has outputs, for which `costFunctions` call `sigmoid` or `orNan`. */
  readonly output?: Output;
}

/** The functions that a kernel needs, each once. */
export function activationFunctions({
  activation,
  needsSlope = false,
  output,
}: ActivationUse): string {
  const needsSigmoid = activation === 'sigmoid' || output === 'sigmoid';
  return [
    orNan,
    ...(needsSigmoid ? [sigmoid] : []),
    ...(activation === 'tanh' ? [tanh] : []),
    ...(activation === 'gelu' ? [gelu] : []),
    ...(activation ? [activate[activation]] : []),
    ...(activation && needsSlope ? [slope[activation]] : []),
    '',
  ].join('\n');
}
