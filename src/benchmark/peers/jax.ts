/**
 * jax-js. The whole step is one `jit` that takes the parameters and returns new ones. Mini-batches are cut beforehand and stay
 * on the device. README.md lists what else was tried.
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
import { batchesOf, layerTensors, wasmForm } from './batches.ts';
import type { Contender, Learner, LearningTask } from './contender.ts';

// jax-js accepts a type alias as a tree of arrays, but not an interface.
// eslint-disable-next-line @typescript-eslint/consistent-type-definitions
type Layer = { weights: JaxArray; biases: JaxArray };

/** Steps that may be queued. jax-js walks its list of pending work at every call, so a long queue is slow. */
const queued = 4;

/** @throws {Error} when the device does not start */
export async function jax(device: 'webgpu' | 'wasm'): Promise<Contender> {
  const form = device === 'wasm' ? watchWorkers() : undefined;
  const devices = await init(device);
  if (!devices.includes(device)) throw new Error(`jax-js does not start its device '${device}'.`);
  defaultDevice(device);
  return {
    learn: (task) => Promise.resolve({ ...createLearner(task), ...(form && { form }) }),
  };
}

/**
 * Counts the workers that jax-js starts, because it does not tell how many threads it uses. It always emits SIMD, and fused
 * multiply-adds where the browser has relaxed SIMD.
 */
function watchWorkers(): () => string {
  let workers = 0;
  globalThis.Worker = new Proxy(Worker, {
    construct(target, args: ConstructorParameters<typeof Worker>) {
      workers++;
      return new target(...args);
    },
  });
  return () => {
    const simd = supportedBuilds().includes('relaxed-simd') ? 'relaxed SIMD' : 'SIMD';
    return wasmForm(simd, Math.max(1, workers));
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

/** Outputs of the last layer. They stay logits for softmax, which the cost function applies itself. */
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
