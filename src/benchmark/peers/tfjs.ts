/**
 * TensorFlow.js, whatever its backend. README.md says which forms were tried; this is the fastest of them: plain
 * operations with the bias and the activation fused into `matMul`, automatic differentiation, and mini-batches that
 * were cut beforehand and stay on the device.
 */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-core/dist/register_all_gradients';

import type { Network } from '../../network/network.ts';
import { batchesOf, layerTensors } from './batches.ts';
import type { Contender, Form, Learner, LearningTask } from './contender.ts';

interface Layer {
  readonly weights: tf.Variable;
  readonly biases: tf.Variable;
}

/**
 * @param form of what ran, where the backend has several
 * @throws when the backend does not start
 */
export async function tfjs(backend: string, form?: () => Promise<Form>): Promise<Contender> {
  if (!(await tf.setBackend(backend))) {
    throw new Error(`TensorFlow.js does not start its backend '${backend}'.`);
  }
  await tf.ready();
  return {
    learn: (task) => Promise.resolve({ ...createLearner(task), ...(form && { form }) }),
    multiplier({ size, a, b }) {
      const left = tf.tensor2d(a, [size, size]);
      const right = tf.tensor2d(b, [size, size]);
      const read = async (tensor: tf.Tensor) => (await tensor.data()) as Float32Array;
      return Promise.resolve({
        async product() {
          const product = tf.matMul(left, right);
          const values = await read(product);
          product.dispose();
          return values;
        },
        async multiply(times) {
          let x = tf.matMul(left, right);
          for (let time = 1; time < times; time++) {
            const next = tf.matMul(x, right);
            x.dispose();
            x = next;
          }
          // One element is enough to wait for them all.
          const corner = tf.slice(x, [0, 0], [1, 1]);
          await corner.data();
          tf.dispose([corner, x]);
        },
        ...(form && { form }),
        dispose: () => tf.dispose([left, right]),
      });
    },
  };
}

function createLearner({
  network,
  training,
  test,
  batchSize,
  learningRate,
}: LearningTask): Learner {
  const layers = layerTensors(network).map(({ inputs, outputs, weights, biases }): Layer => ({
    weights: tf.variable(tf.tensor2d(weights, [inputs, outputs])),
    biases: tf.variable(tf.tensor1d(biases)),
  }));
  const { featureCount, classCount } = training;
  const batches = Array.from(batchesOf(training, batchSize), ({ features, oneHot }) => ({
    x: tf.tensor2d(features, [batchSize, featureCount]),
    y: tf.tensor2d(oneHot, [batchSize, classCount]),
  }));
  const optimizer = tf.train.sgd(learningRate);
  const costOf = costFunction(network, batchSize);
  let step = 0;
  return {
    async train(steps) {
      for (let left = steps; left > 1; left--) {
        const { x, y } = batches[step++ % batches.length]!;
        tf.tidy(() => optimizer.minimize(() => costOf(forward(network, layers, x), y)));
      }
      const { x, y } = batches[step++ % batches.length]!;
      const cost = optimizer.minimize(() => costOf(forward(network, layers, x), y), true)!;
      const [value] = await cost.data();
      cost.dispose();
      return value!;
    },
    ...(test && { accuracy: testAccuracy(network, layers, test) }),
    dispose() {
      tf.dispose(batches.flatMap(({ x, y }) => [x, y]));
      tf.dispose(layers.flatMap(({ weights, biases }) => [weights, biases]));
    },
  };
}

/** Outputs of the last layer: activated, or as logits where the cost is made from those. */
function forward(network: Network, layers: readonly Layer[], x: tf.Tensor): tf.Tensor {
  const hidden = network.activation === 'sigmoid' ? 'sigmoid' : 'relu';
  const last = network.output === 'sigmoid' ? 'sigmoid' : 'linear';
  return layers.reduce(
    (a, { weights, biases }, l) =>
      tf.fused.matMul({
        a,
        b: weights,
        bias: biases,
        activation: l === layers.length - 1 ? last : hidden,
      }),
    x,
  );
}

/**
 * The mean cost of a mini-batch, from the outputs of {@link forward}. Its gradient is given to TensorFlow.js in the one
 * line that it is; derived operation by operation it takes several dispatches more.
 */
function costFunction(
  { cost }: Network,
  batchSize: number,
): (outputs: tf.Tensor, y: tf.Tensor) => tf.Tensor {
  const share = 1 / batchSize;
  if (cost === 'squared-error') {
    return (outputs, y) =>
      tf.customGrad((a, save) => {
        const difference = tf.sub(a, y);
        save([difference]);
        return {
          value: tf.mul(tf.sum(tf.square(difference)), share),
          gradFunc: (_, [saved]) => tf.mul(saved!, 2 * share),
        };
      })(outputs);
  }
  return (outputs, y) =>
    tf.customGrad((logits, save) => {
      // `softmax` is one kernel, where `logSoftmax` is put together from six.
      const probabilities = tf.softmax(logits);
      save([probabilities]);
      return {
        value: tf.mul(tf.sum(tf.log(tf.sum(tf.mul(probabilities, y), 1))), -share),
        gradFunc: (_, [saved]) => tf.mul(tf.sub(saved!, y), share),
      };
    })(outputs);
}

function testAccuracy(
  network: Network,
  layers: readonly Layer[],
  test: NonNullable<LearningTask['test']>,
): () => Promise<number> {
  const { sampleCount, featureCount, classCount } = test;
  const all = [...batchesOf(test, sampleCount)][0]!;
  const x = tf.tensor2d(all.features, [sampleCount, featureCount]);
  const y = tf.tensor2d(all.oneHot, [sampleCount, classCount]);
  return async () => {
    const right = tf.tidy(() =>
      tf.equal(tf.argMax(forward(network, layers, x), 1), tf.argMax(y, 1)),
    );
    let count = 0;
    for (const isRight of await right.data()) count += isRight;
    right.dispose();
    return count / sampleCount;
  };
}
