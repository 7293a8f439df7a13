/**
 * The activation functions. Each record has everything that engines and checks need. The SIMD form for the CPU is in
 * `src/cpu/assembly/functions.ts`. CONTRIBUTING.md walks through adding one.
 */

/** Relative error of rounding to float32: half the distance from 1 to the next number. */
export const unit = 2 ** -24;
/** Upper bound of one unit in the last place, as a relative error. */
export const ulp = 2 * unit;
/** Results smaller than this may be flushed to 0. */
export const tiny = 2 ** -126;

export interface ActivationFunction {
  /** a = f(z), float64. */
  readonly f: (z: number) => number;
  /**
   * The value that the slope is computed from. Most activations know f′(z) from a = f(z), so z need not be stored:
   * σ′ = a(1 − a), tanh′ = 1 − a².
   */
  readonly slopeFrom: 'a' | 'z';
  /** f′ from a or z, float64. */
  readonly slope: (source: number) => number;
  /** Whether the slope jumps at z = 0. */
  readonly hasKink?: true;
  /** The initializer that preserves the variance of the signal through layers of this activation. */
  readonly initializer: 'he' | 'xavier';
  /** WGSL code for four neurons at a time. */
  readonly wgsl: {
    /** Functions that the two bodies call. */
    readonly helpers?: string;
    /** Body of `fn (z: vec4f) -> vec4f`. */
    readonly f: string;
    /** Body of `fn (a: vec4f) -> vec4f`, or of z. */
    readonly slope: string;
  };
  /** Maximum error of a float32 result against float64; see `src/benchmark/verification/bounds.ts`. */
  readonly bound: {
    /** @param zError maximum error of z */
    readonly f: (z: number, zError: number) => number;
    /** @param sourceError maximum error of a or z */
    readonly slope: (source: number, sourceError: number) => number;
  };
}

export function sigmoid(z: number): number {
  return 1 / (1 + Math.exp(-z));
}

/**
 * The formula uses e^−|z|, which never overflows, because shaders may assume that no value is infinite. This function
 * and ReLU use `select`, because `clamp` and `max` may turn NaN into a number.
 */
const sigmoidWgsl = `fn sigmoid(z: vec4f) -> vec4f {
  let e = exp(-abs(z));
  return orNan(select(vec4f(1.0), e, z < vec4f()) / (1.0 + e), z);
}`;

/** The largest slope of the sigmoid within `zError` of z. Far from 0 it is small, and hardly passes errors on. */
export function steepestSigmoid(z: number, zError: number): number {
  // Computed at −|z|, where a is small. At z > 37, 1 − a would be 0 in float64.
  const a = sigmoid(-Math.max(0, Math.abs(z) - zError));
  return a * (1 - a);
}

/** The errors are 3 + 2|z| ULP for exp, ½ ULP for the sum, and 2½ ULP for the quotient. */
export function sigmoidError(z: number): number {
  return ulp * (6 + 2 * Math.abs(z)) * sigmoid(z) + tiny;
}

/** Slope of `leaky-relu` below zero, PyTorch's default. */
const leakySlope = 0.01;

const geluScale = Math.sqrt(2 / Math.PI);
const geluCubic = 0.044715;
const geluArgument = (z: number) => 2 * geluScale * z * (1 + geluCubic * z * z);
const geluSteepness = (z: number) => 2 * geluScale * (1 + 3 * geluCubic * z * z);
/** Beyond ±100 the gate is exactly 0 or 1, so z is clamped before z³ overflows. */
const geluReach = (z: number) => Math.min(100, Math.max(-100, z));

const exactBound = (z: number, zError: number) => zError + ulp * Math.abs(z);
/** Near the kink, an error may select the slope of the other branch. */
const kinkBound = (source: number, sourceError: number) =>
  Math.abs(source) <= sourceError && sourceError > 0 ? 1 : unit;

export const activationFunctions = {
  sigmoid: {
    f: sigmoid,
    slopeFrom: 'a',
    slope: (a) => a * (1 - a),
    initializer: 'xavier',
    wgsl: {
      helpers: sigmoidWgsl,
      f: 'return sigmoid(z);',
      slope: 'return a * (1.0 - a);',
    },
    bound: {
      f: (z, zError) => zError * steepestSigmoid(z, zError) + sigmoidError(z),
      // 1 − a is exact where a is near 1.
      slope: (a, aError) => aError + 2 * ulp * Math.abs(a * (1 - a)) + tiny,
    },
  },
  tanh: {
    f: Math.tanh,
    slopeFrom: 'a',
    slope: (a) => (1 - a) * (1 + a),
    initializer: 'xavier',
    wgsl: {
      // WGSL's built-in tanh may have an error of 1e-5. (1 − t)/(1 + t) with t = e^−2|z| is accurate except near 0,
      // where 1 − t cancels. There the Taylor series is used.
      helpers: `fn hyperbolicTangent(z: vec4f) -> vec4f {
  let t = exp(-2.0 * abs(z));
  let far = sign(z) * ((1.0 - t) / (1.0 + t));
  let s = z * z;
  let near = z * (1.0 + s * (-1.0 / 3.0 + s * (2.0 / 15.0 + s * (-17.0 / 315.0 + s * (62.0 / 2835.0)))));
  return orNan(select(far, near, abs(z) < vec4f(0.25)), z);
}`,
      f: 'return hyperbolicTangent(z);',
      slope: 'return (1.0 - a) * (1.0 + a);',
    },
    bound: {
      f: (z, zError) => {
        const isNear = Math.abs(z) + zError < 0.25;
        const far = () => 2 * Math.exp(-2 * Math.abs(z)) * (3 + 4 * Math.abs(z)) + 4;
        return zError + ulp * (isNear ? 4 * Math.abs(z) : far());
      },
      slope: (a, aError) => 2 * aError + 2 * ulp * Math.abs((1 - a) * (1 + a)) + tiny,
    },
  },
  relu: {
    f: (z) => Math.max(0, z),
    slopeFrom: 'a',
    // 0 at the kink, as in PyTorch.
    slope: (a) => (a > 0 ? 1 : 0),
    hasKink: true,
    initializer: 'he',
    wgsl: {
      f: 'return select(z, vec4f(), z < vec4f());',
      slope: 'return select(vec4f(), vec4f(1.0), a > vec4f());',
    },
    bound: { f: exactBound, slope: kinkBound },
  },
  'leaky-relu': {
    f: (z) => (z > 0 ? z : leakySlope * z),
    slopeFrom: 'a',
    slope: (a) => (a > 0 ? 1 : leakySlope),
    hasKink: true,
    initializer: 'he',
    wgsl: {
      f: `return select(${leakySlope} * z, z, z > vec4f());`,
      slope: `return select(vec4f(${leakySlope}), vec4f(1.0), a > vec4f());`,
    },
    bound: { f: exactBound, slope: kinkBound },
  },
  /**
   * The tanh form, PyTorch's `approximate='tanh'`: z·½(1 + tanh(u/2)) = z·σ(u) with u = 2·√(2/π)·(z + 0.044715 z³). It
   * is computed with σ, because σ stays accurate in both tails, where 1 + tanh and 1 − tanh² cancel.
   */
  gelu: {
    f: (z) => z * sigmoid(geluArgument(geluReach(z))),
    slopeFrom: 'z',
    slope: (z) => {
      const x = geluReach(z);
      const u = geluArgument(x);
      return sigmoid(u) + z * sigmoid(u) * sigmoid(-u) * geluSteepness(x);
    },
    initializer: 'he',
    wgsl: {
      // All terms are computed from e = e^−|u|: the gate σ(u) is 1/(1 + e) or e/(1 + e), and σ(u)·σ(−u) is e/(1 + e)².
      // Beyond ±11, e is 0 in float32, and z³ might overflow.
      helpers: `fn isFar(z: vec4f) -> vec4<bool> { return abs(z) > vec4f(11.0); }
fn near(z: vec4f) -> vec4f { return select(z, vec4f(), isFar(z)); }
fn geluExp(z: vec4f) -> vec4f {
  let x = near(z);
  let u = ${2 * geluScale} * x * (1.0 + ${geluCubic} * x * x);
  return select(exp(-abs(u)), vec4f(), isFar(z));
}
fn geluGate(z: vec4f, e: vec4f) -> vec4f {
  return select(vec4f(1.0), e, z < vec4f()) / (1.0 + e);
}`,
      f: 'return orNan(z * geluGate(z, geluExp(z)), z);',
      slope: `let e = geluExp(z);
  let x = near(z);
  let steepness = ${2 * geluScale} * (1.0 + ${3 * geluCubic} * x * x);
  return orNan(geluGate(z, e) + x * (e / ((1.0 + e) * (1.0 + e))) * steepness, z);`,
    },
    bound: {
      f: (z, zError) => {
        const u = geluArgument(z);
        return 1.13 * zError + ulp * Math.abs(z) * sigmoid(u) * (10 + 7 * Math.abs(u)) + tiny;
      },
      // The two terms of the slope cancel where it is 0. The errors are 3 + 2|u| ULP for e^−|u|, and 3 ULP for u.
      slope: (z, zError) => {
        const u = geluArgument(z);
        const steepness = geluSteepness(z);
        const terms = sigmoid(u) + Math.abs(z) * sigmoid(u) * sigmoid(-u) * steepness;
        return 1.2 * zError + ulp * (12 + 5 * Math.abs(u)) * terms + tiny * (1 + steepness);
      },
    },
  },
  linear: {
    f: (z) => z,
    slopeFrom: 'a',
    slope: () => 1,
    initializer: 'xavier',
    wgsl: { f: 'return z;', slope: 'return vec4f(1.0);' },
    bound: { f: exactBound, slope: () => 0 },
  },
} as const satisfies Readonly<Record<string, ActivationFunction>>;

/** @useDeclaredType */
export type Activation = keyof typeof activationFunctions;

/** All activations. The CPU's kernels identify an activation by its index in this list. */
export const activations = Object.keys(activationFunctions) as readonly Activation[];

export function activationFunction(name: Activation): ActivationFunction {
  return activationFunctions[name];
}
