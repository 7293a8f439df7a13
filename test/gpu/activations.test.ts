/**
 * Every activation and its slope over the whole range of float32, and outputs far into their tails, on every backend,
 * held to float64.
 *
 * Activations are seen through a network 1-N-3 whose one step of gradient descent writes them into its weights. Hidden neuron j has the bias z[j] and
 * no weight, so that it gives f(z[j]). The outputs are sigmoids that biases of 1e30 hold at 1, whatever the hidden
 * neurons give: under cross-entropy, with label 2, outputs 0 and 1 have the delta 1. Output 1 has no weights, so the
 * step leaves −f(z[j]) there. Output 0 has the weights s[j], which come back times f′(z[j]), and the input is 1, so the
 * step leaves −s[j]·f′(z[j]) at its weights.
 */
import { setFlagsFromString } from 'node:v8';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createCpuEngine } from '../../src/cpu/engine.ts';
import { supportedBuilds, type Build } from '../../src/cpu/kernelModule.ts';
import { createDataset } from '../../src/data/dataset.ts';
import { fileOrder } from '../../src/data/shuffle.ts';
import { Device } from '../../src/gpu/device.ts';
import { GpuEngine } from '../../src/gpu/engine.ts';
import { activations, type Activation } from '../../src/network/functions.ts';
import { Network } from '../../src/network/network.ts';
import { parameterLayout } from '../../src/network/parameters.ts';
import { createReferenceEngine } from '../../src/reference/engine.ts';
import { TrainingCursor } from '../../src/engine/cursor.ts';
import type { Engine, EngineOptions } from '../../src/engine/engine.ts';
import { sgd } from '../../src/engine/optimizers.ts';
import { testGpu } from '../setup/adapter.ts';

// V8 had relaxed SIMD behind this flag before it shipped it; see test/cpu/kernels.test.ts.
if (!supportedBuilds().includes('relaxed-simd')) {
  setFlagsFromString('--experimental-wasm-relaxed-simd');
}

let device: Device;
beforeAll(async () => {
  device = await Device.request({ gpu: await testGpu() });
});
afterAll(() => device.destroy());

/** Eight of each power of two, subnormal ones too; all where functions bend, and where exponentials end. */
const sweep = (() => {
  const positive = [0];
  for (let eighth = -149 * 8; eighth < 128 * 8; eighth++) positive.push(2 ** (eighth / 8));
  for (let z = 1 / 64; z < 20; z += 1 / 64) positive.push(z);
  for (let z = 80; z < 110; z += 1 / 8) positive.push(z);
  return Float32Array.from(positive.flatMap((z) => [z, -z]));
})();

/** s[j]: what keeps the sum of all hidden neurons far below 1e30. */
const scaleOf = (z: number) => (Math.abs(z) > 1e20 ? 2 ** -60 : 1);

function networkFor(activation: Activation): Network {
  const layers = [1, sweep.length, 3];
  const network = new Network({ layers, activation, output: 'sigmoid', cost: 'cross-entropy' });
  const [hidden, output] = parameterLayout(layers);
  const parameters = new Float32Array(network.parameterCount);
  parameters.set(sweep, hidden!.biasOffset);
  parameters.set(sweep.map(scaleOf), output!.weightOffset);
  parameters.fill(1e30, output!.biasOffset);
  return network.withParameters(parameters);
}

/** f and f′ of every z, as an engine has them. */
async function valuesOf(
  activation: Activation,
  create: (options: EngineOptions) => Promise<Engine>,
) {
  const network = networkFor(activation);
  const optimizer = sgd({ learningRate: 1 });
  const engine = await create({ network, batchSize: 1, optimizer });
  await engine.load(
    createDataset({
      ...{ name: 'one', featureCount: 1, classCount: 3 },
      ...{ features: Uint8Array.of(255), labels: Uint8Array.of(2) },
    }),
  );
  engine.beginEpoch(fileOrder(1), new TrainingCursor());
  await engine.run(1);
  const parameters = await engine.readParameters();
  await engine.dispose();
  const [hidden, output] = parameterLayout(network.layers);
  return Array.from(sweep, (z, j) => ({
    z,
    a: -parameters[output!.weightOffset + sweep.length + j]!,
    slope: -parameters[hidden!.weightOffset + j]! / scaleOf(z),
  }));
}

/** e^−x for x ≥ 0, and what is made of it, in float64 without loss. */
const logistic = (x: number) => {
  const e = Math.exp(-Math.abs(x));
  return { value: (x < 0 ? e : 1) / (1 + e), slope: e / (1 + e) ** 2 };
};

interface Truth {
  readonly a: number;
  readonly slope: number;
  /** How far float32 may be from them. */
  readonly aBound: number;
  readonly slopeBound: number;
}

const ulp = 2 ** -23;
/** Less than the smallest normal number may be flushed to 0. */
const tiny = 2 ** -126;

/**
 * @param expError of e^−x, as a share of it, in ULP
 *
 * Sums, products and quotients are off by 1, 1 and 2½ ULP at most. A slope that is made of a, as it is stored, gets
 * a's own error: a(1 − a) changes by |1 − 2a| times as much, and 1 − a² by 2|a|. Where a has saturated, that is 2⁻²⁵ and
 * more, however small the slope: the price of not keeping z.
 */
function truthOf(activation: Activation, z: number, expError: (x: number) => number): Truth {
  switch (activation) {
    case 'sigmoid': {
      const { value: a, slope } = logistic(z);
      const aBound = ulp * (expError(Math.abs(z)) + 4) * a + tiny;
      return {
        a,
        slope,
        aBound,
        slopeBound: Math.abs(1 - 2 * a) * aBound + 3 * ulp * slope + tiny,
      };
    }
    case 'tanh': {
      const a = Math.tanh(z);
      const slope = 4 * logistic(2 * z).slope;
      // A series near 0; farther out (1 − t)/(1 + t), whose numerator gets the error of t = e^−2|z|, 1.3 t/(1 − t) of it.
      const t = Math.exp(-2 * Math.abs(z));
      const fromExp = Math.abs(z) < 0.2 ? 0 : (2 * t * expError(2 * Math.abs(z))) / (1 - t * t);
      const aBound = ulp * (fromExp + 5) * Math.abs(a) + tiny;
      return { a, slope, aBound, slopeBound: 2 * Math.abs(a) * aBound + 3 * ulp * slope + tiny };
    }
    case 'relu':
    case 'leaky-relu': {
      const below = activation === 'relu' ? 0 : 0.01;
      const [a, slope] = z > 0 ? [z, 1] : [below * z, below];
      // What is flushed to 0 is at the kink.
      const slopeBound = Math.abs(z) < tiny ? 1 : ulp * below;
      return { a, slope, aBound: ulp * below * Math.abs(z) + tiny, slopeBound };
    }
    case 'gelu': {
      const x = Math.min(50, Math.max(-50, z));
      const u = 2 * Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3);
      const { value: gate, slope: gateSlope } = logistic(u);
      const steepness = 2 * Math.sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * x * x);
      // u comes of six roundings, and e^−|u| makes |u| times as much of its error.
      const error = ulp * (3 * Math.abs(u) + expError(Math.abs(u)) + 8);
      const parts = gate + Math.abs(x) * gateSlope * steepness;
      // What is flushed to 0 is multiplied, too, and beyond 11 taken for 0.
      const flushed = Math.abs(z) > 11 ? tiny : tiny * (1 + Math.abs(x) * steepness);
      return {
        a: z * gate,
        slope: gate + x * gateSlope * steepness,
        aBound: error * Math.abs(z * gate) + (Math.abs(z) > 11 ? tiny : tiny * (1 + Math.abs(z))),
        slopeBound: error * parts + flushed,
      };
    }
    case 'linear':
      return { a: z, slope: 1, aBound: tiny, slopeBound: 0 };
  }
}

const cpu = (build: Build) => (options: EngineOptions) =>
  createCpuEngine(options, { build, threads: 0 });

// Of exp, what WGSL promises and src/cpu/assembly/lanes.ts says.
const backends: readonly [
  string,
  (options: EngineOptions) => Promise<Engine>,
  (x: number) => number,
][] = [
  ['webgpu', (options) => GpuEngine.create(device, options), (x) => 3 + 2 * x],
  ['cpu, relaxed-simd', cpu('relaxed-simd'), () => 2],
  ['cpu, simd', cpu('simd'), () => 2],
  ['reference', (options) => Promise.resolve(createReferenceEngine(options)), () => 0],
];

describe.each(backends)('%s', (_, create, expError) => {
  it.each([
    ['sigmoid', 'squared-error'],
    ['softmax', 'cross-entropy'],
  ] as const)('%s outputs are right from e^−128 to 1 − e^−127', async (output, cost) => {
    // The byte of a sample, less 128, is the pre-activation of output 0; that of output 1 is 0.
    const network = new Network({ layers: [1, 2], output, cost });
    const engine = await create({
      network: network.withParameters(Float32Array.of(255, 0, -128, 0)),
      ...{ batchSize: 1, optimizer: sgd({ learningRate: 1 }) },
    });
    const bytes = Uint8Array.from({ length: 256 }, (__, byte) => byte);
    const outputs = await engine.predict(
      createDataset({
        ...{ name: 'all bytes', featureCount: 1, classCount: 1 },
        ...{ features: bytes, labels: new Uint8Array(256) },
      }),
    );
    await engine.dispose();
    bytes.forEach((byte) => {
      const z = byte - 128;
      // 255·(byte/255) is off by 1½ ULP, and e^z makes so many times as much of it.
      const error = ulp * (1.5 * byte + expError(Math.abs(z)) + 6);
      const expected = [logistic(z).value, output === 'softmax' ? logistic(-z).value : 0.5];
      expected.forEach((truth, j) => {
        const found = outputs[2 * byte + j]!;
        expect(Math.abs(found - truth), `${found} for ${truth}`).toBeLessThanOrEqual(
          error * truth + tiny,
        );
      });
    });
  });

  it.each(activations)(
    '%s and its slope keep their bounds from −3.4e38 to 3.4e38',
    async (activation) => {
      const found = await valuesOf(activation, create);
      const worst = { share: 0, at: '' };
      const note = (what: string, z: number, value: number, truth: number, bound: number) => {
        // Input weights are written by a product with 255 and one with its reciprocal.
        const error = Math.abs(value - truth) - (what === 'slope' ? 2 * ulp * Math.abs(truth) : 0);
        const share = error <= 0 ? 0 : error / bound;
        if (share <= worst.share) return;
        Object.assign(worst, { share, at: `${what} at ${z}: ${value}, and ${truth} is right` });
      };
      for (const { z, a, slope } of found) {
        const truth = truthOf(activation, z, expError);
        note('activation', z, a, truth.a, truth.aBound);
        note('slope', z, slope, truth.slope, truth.slopeBound);
        if (Number.isNaN(a) || Number.isNaN(slope)) expect.fail(`NaN at ${z}`);
      }
      expect(worst.share, worst.at).toBeLessThanOrEqual(1);
    },
  );
});
