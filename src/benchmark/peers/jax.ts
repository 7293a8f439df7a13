/**
 * jax-js, on either of its devices: the whole step is one `jit`, the parameters are handed over and come back new,
 * and mini-batches were cut beforehand and stay on the device. README.md says what else was tried.
 */
import {
  blockUntilReady,
  defaultDevice,
  init,
  jit,
  nn,
  numpy as np,
  tree,
  valueAndGrad,
  type Array as JaxArray,
} from '@jax-js/jax';

import { supportedBuilds } from '../../cpu/kernelModule.ts';
import type { Network } from '../../network/network.ts';
import { batchesOf, layerTensors } from './batches.ts';
import type { Contender, Form, Learner, LearningTask } from './contender.ts';
import { wasmForm } from './wasmForm.ts';

// A type, not an interface: jax-js takes trees of arrays by their structure.
// eslint-disable-next-line @typescript-eslint/consistent-type-definitions
type Layer = { weights: JaxArray; biases: JaxArray };

/** Steps and products that may be queued: jax-js keeps a list of what is pending, and goes through it each time. */
const queued = 4;

/**
 * @param threads of `wasm`: how many it should find
 * @throws when the device does not start
 */
export async function jax(device: 'webgpu' | 'wasm', threads?: number): Promise<Contender> {
  const form = threads === undefined ? undefined : watchWasm(threads);
  const devices = await init(device);
  if (!devices.includes(device)) throw new Error(`jax-js does not start its device '${device}'.`);
  defaultDevice(device);
  return {
    learn: (task) => Promise.resolve({ ...createLearner(task), ...(form && { form }) }),
    multiplier({ size, a, b }) {
      const shape = [size, size];
      const left = np.array(a, { shape });
      const right = np.array(b, { shape });
      const multiply = jit((x: JaxArray, y: JaxArray) => np.matmul(x, y));
      return Promise.resolve({
        product: () => multiply(left.ref, right.ref).data(),
        async multiply(times) {
          let x = left.ref;
          for (let time = 1; time <= times; time++) {
            x = multiply(x, right.ref);
            if (time % queued === 0 || time === times) await blockUntilReady(x);
          }
          x.dispose();
        },
        ...(form && { form }),
        dispose() {
          left.dispose();
          right.dispose();
          multiply.dispose();
        },
      });
    },
  };
}

/**
 * jax-js does not say how it computes. It starts a worker a thread where memory can be shared, emits SIMD always, and
 * fused multiply-adds where the browser takes relaxed SIMD; so the workers that it starts are counted.
 */
function watchWasm(wantedThreads: number): () => Form {
  let workers = 0;
  globalThis.Worker = new Proxy(Worker, {
    construct(target, args: ConstructorParameters<typeof Worker>) {
      workers++;
      return new target(...args);
    },
  });
  return () => {
    const simd = supportedBuilds().includes('relaxed-simd') ? 'relaxed SIMD' : 'SIMD';
    return wasmForm('jax-js', simd, Math.max(1, workers), wantedThreads);
  };
}

function createLearner({ network, training, batchSize, learningRate }: LearningTask): Learner {
  let layers = layerTensors(network).map(({ inputs, outputs, weights, biases }): Layer => ({
    weights: np.array(weights, { shape: [inputs, outputs] }),
    biases: np.array(biases, { shape: [outputs] }),
  }));
  const { featureCount, classCount } = training;
  const batches = Array.from(batchesOf(training, batchSize), ({ features, oneHot }) => ({
    x: np.array(features, { shape: [batchSize, featureCount] }),
    y: np.array(oneHot, { shape: [batchSize, classCount] }),
  }));
  const costAndGradient = valueAndGrad((parameters: Layer[], x: JaxArray, y: JaxArray) =>
    costOf(network, forward(network, parameters, x), y, batchSize),
  );
  const makeStep = jit((parameters: Layer[], x: JaxArray, y: JaxArray): [JaxArray, Layer[]] => {
    const [cost, gradient] = costAndGradient(tree.ref(parameters), x, y);
    const updated = parameters.map(({ weights, biases }, l) => ({
      weights: weights.sub(gradient[l]!.weights.mul(learningRate)),
      biases: biases.sub(gradient[l]!.biases.mul(learningRate)),
    }));
    return [cost, updated];
  });
  let step = 0;
  return {
    async train(steps) {
      for (let made = 1; ; made++) {
        const { x, y } = batches[step++ % batches.length]!;
        const [cost, updated] = makeStep(layers, x.ref, y.ref);
        layers = updated;
        if (made === steps) {
          const [value] = await cost.data();
          await blockUntilReady(layers);
          return value!;
        }
        cost.dispose();
        if (made % queued === 0) await blockUntilReady(layers);
      }
    },
    dispose() {
      tree.dispose(layers);
      tree.dispose(batches);
      makeStep.dispose();
    },
  };
}

/** Outputs of the last layer: activated, or as logits where the cost is made from those. */
function forward(network: Network, layers: readonly Layer[], x: JaxArray): JaxArray {
  const hidden = network.activation === 'sigmoid' ? nn.sigmoid : nn.relu;
  return layers.reduce((a, { weights, biases }, l) => {
    const z = np.matmul(a, weights).add(biases);
    if (l < layers.length - 1) return hidden(z);
    return network.output === 'sigmoid' ? nn.sigmoid(z) : z;
  }, x);
}

/** The mean cost of a mini-batch, from the outputs of {@link forward}. */
function costOf({ cost }: Network, outputs: JaxArray, y: JaxArray, batchSize: number): JaxArray {
  if (cost === 'squared-error') {
    return np
      .square(outputs.sub(y))
      .sum()
      .mul(1 / batchSize);
  }
  return nn
    .logSoftmax(outputs)
    .mul(y)
    .sum()
    .mul(-1 / batchSize);
}
