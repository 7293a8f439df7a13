/**
 * TensorFlow.js on any backend, in the fastest form of those that README.md lists: plain operations with bias and activation
 * fused into `matMul`, and automatic differentiation. Mini-batches are cut beforehand and stay on the device.
 */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-core/dist/register_all_gradients';

import type { Network } from '../../network/network.ts';
import { batchesOf, layerTensors } from './batches.ts';
import type { Contender, Learner, LearningTask } from './contender.ts';

interface Layer {
  readonly weights: tf.Variable;
  readonly biases: tf.Variable;
}

/**
 * @param form describes the form that runs, for a backend with several
 * @throws {Error} when the backend does not start
 */
export async function tfjs(backend: string, form?: () => Promise<string>): Promise<Contender> {
  if (!(await tf.setBackend(backend))) {
    throw new Error(`TensorFlow.js does not start its backend '${backend}'.`);
  }
  await tf.ready();
  return {
    learn: (task) => Promise.resolve({ ...createLearner(task), ...(form && { form }) }),
  };
}

function createLearner({ network, training, batchSize, learningRate }: LearningTask): Learner {
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
    dispose() {
      tf.dispose(batches.flatMap(({ x, y }) => [x, y]));
      tf.dispose(layers.flatMap(({ weights, biases }) => [weights, biases]));
    },
  };
}

/** Outputs of the last layer. They stay logits for softmax, which the cost function applies itself. */
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
 * The mean cost of a mini-batch, from the outputs of {@link forward}. The gradient is written out, because deriving it operation
 * by operation takes several more dispatches.
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
      // `softmax` is one kernel; `logSoftmax` takes six.
      const probabilities = tf.softmax(logits);
      save([probabilities]);
      return {
        value: tf.mul(tf.sum(tf.log(tf.sum(tf.mul(probabilities, y), 1))), -share),
        gradFunc: (_, [saved]) => tf.mul(tf.sub(saved!, y), share),
      };
    })(outputs);
}
