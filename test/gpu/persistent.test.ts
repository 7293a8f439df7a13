/** The persistent kernel against the reference engine, in one dispatch of several steps. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { paddedRows } from '../../shaders/batch.ts';
import { persistent, scratchVec4s } from '../../shaders/persistent.ts';
import { floats, runKernel } from '../../src/benchmark/verification/kernelRunner.ts';
import { outputsAndCosts } from '../../src/benchmark/verification/kernels.ts';
import { sameBits, trajectoryShare } from '../../src/benchmark/verification/trajectories.ts';
import { shuffledOrder } from '../../src/data/shuffle.ts';
import { Device } from '../../src/gpu/device.ts';
import { packLayer, packSamples, unpackLayer } from '../../src/gpu/layout.ts';
import { choosePersistentPlan, stepsPerDispatch } from '../../src/gpu/plan/persistent.ts';
import { stepLayers } from '../../src/gpu/layers.ts';
import type { PlanAdapter } from '../../src/gpu/plan/plan.ts';
import { optimizerScalarsOf, updateRuleOf } from '../../src/gpu/optimizerScalars.ts';
import { parameterPlaces } from '../../src/gpu/parameterStore.ts';
import { activations } from '../../src/network/functions.ts';
import { Network, type NetworkOptions } from '../../src/network/network.ts';
import { parameterLayout } from '../../src/network/parameters.ts';
import { createReferenceEngine } from '../../src/reference/engine.ts';
import { TrainingCursor } from '../../src/engine/cursor.ts';
import { sgd } from '../../src/engine/optimizers.ts';
import { testGpu } from '../setup/adapter.ts';
import { randomDataset, testRandom } from '../support/networks.ts';

let device: Device;
beforeAll(async () => {
  // A whole step in one shader takes a software adapter on a busy machine seconds to compile.
  device = await Device.request({ gpu: await testGpu(), timeoutMs: 30_000 });
});
afterAll(() => device.destroy());

const llvmpipe: PlanAdapter = { isSoftware: true, subgroupSize: 8 };
const hardware: PlanAdapter = { isSoftware: false, subgroupSize: 32 };

const batchSize = 9;
/** Three steps, the last of 5 samples. */
const dataset = randomDataset(testRandom(40), 23, 17, 6);
const steps = 3;
const learningRates = [0.5, 0.05];

function networksOf(options: Omit<NetworkOptions, 'seed'>): Network[] {
  return learningRates.map((_, n) => new Network({ ...options, seed: n + 1 }));
}

/** Parameters and metrics of both networks after one dispatch. */
async function runOnce(
  networks: readonly Network[],
  adapter: PlanAdapter,
  { maxSteps, planned = 1 }: { maxSteps?: number; planned?: number } = {},
) {
  const network = networks[0]!;
  const plan = choosePersistentPlan(network, batchSize, adapter, planned);
  const rows = paddedRows(batchSize);
  const step = stepLayers(network, batchSize);
  const { offsets, stride } = parameterPlaces(network);
  const count = networks.length;
  const optimizers = learningRates.map((learningRate) => sgd({ learningRate }));
  const kernel = persistent({
    ...plan,
    ...(maxSteps !== undefined && { maxSteps }),
    optimizer: updateRuleOf(optimizers[0]!),
    networks: count,
    ...{ step, parameterStride: stride },
  });
  const parameters = new Float32Array(4 * stride * count);
  const rates = new Float32Array(4 * steps * count);
  const order = new Uint32Array(23 * count);
  networks.forEach((one, n) => {
    parameterLayout(one.layers).forEach(({ inputs, outputs }, l) => {
      const layer = packLayer(one.weights(l), one.biases(l), inputs, outputs);
      parameters.set(layer, 4 * (stride * n + offsets[l]!));
    });
    rates.set(optimizerScalarsOf(optimizers[n]!)(0, steps), 4 * steps * n);
    order.set(shuffledOrder(n, 0, 23), 23 * n);
  });
  const bytes = new Uint8Array(23 * 20);
  packSamples(dataset.features, 23, 17, bytes);
  const result = await runKernel(device, kernel, {
    parameters,
    optimizerScalars: rates,
    order,
    scratch: { poisoned: 4 * scratchVec4s(step) * count },
    samples: new Uint32Array(bytes.buffer),
    labels: Uint32Array.from(dataset.labels),
    progress: new Uint32Array(count + 2 * rows * count),
    settings: Uint32Array.of(23, steps, steps, 0),
  });
  const words = result.get('progress')!;
  return networks.map((one, n) => {
    const found = floats(result.get('parameters')!).subarray(4 * stride * n);
    const values = new Float32Array(one.parameterCount);
    parameterLayout(one.layers).forEach(({ inputs, outputs, weightOffset, biasOffset }, l) => {
      const layer = unpackLayer(found.subarray(4 * offsets[l]!), inputs, outputs);
      values.set(layer.weights, weightOffset);
      values.set(layer.biases, biasOffset);
    });
    const metrics = words.subarray(count + 2 * rows * n, count + 2 * rows * (n + 1));
    const sum = (array: ArrayLike<number>, odd: number) =>
      Array.from(array).reduce((total, value, i) => total + (i % 2 === odd ? value : 0), 0);
    return {
      parameters: values,
      steps: words[n],
      costSum: sum(floats(metrics.slice()), 0),
      correct: sum(metrics, 1),
    };
  });
}

async function expectLikeReference(networks: readonly Network[], isSoftware: boolean) {
  const found = await runOnce(networks, isSoftware ? llvmpipe : hardware);
  for (const [n, network] of networks.entries()) {
    const optimizer = sgd({ learningRate: learningRates[n]! });
    const reference = createReferenceEngine({ network, batchSize, optimizer });
    await reference.load(dataset);
    reference.beginEpoch(shuffledOrder(n, 0, 23), new TrainingCursor());
    const truth = await reference.run(steps);
    const { parameters, ...metrics } = found[n]!;
    expect(trajectoryShare(network, parameters, await reference.readParameters())).toBeLessThan(1);
    expect(metrics.steps).toBe(steps);
    expect(metrics.correct).toBe(truth.correct);
    expect(metrics.costSum).toBeCloseTo(truth.costSum, 3);
  }
}

describe('three steps of two networks in one dispatch agree with float64, the last batch short', () => {
  it.each(activations)('with %s hidden layers', async (activation) => {
    const layers = [17, 9, 7, 6];
    const networks = networksOf({ layers, activation, output: 'softmax', cost: 'cross-entropy' });
    await expectLikeReference(networks, true);
  });

  it.each(outputsAndCosts)('with %s outputs and %s', async (output, cost) => {
    await expectLikeReference(networksOf({ layers: [17, 8, 6], output, cost }), true);
  });

  it.each([[[17, 6]], [[17, 64, 6]], [[17, 5, 9, 5, 6]]])(
    'with layers %j, cut up as for a GPU',
    async (layers) => {
      await expectLikeReference(networksOf({ layers }), false);
    },
  );
});

it('a dispatch makes no more steps than it was compiled for, and says how many', async () => {
  const found = await runOnce(networksOf({ layers: [17, 8, 6] }), llvmpipe, { maxSteps: 2 });
  expect(found.map((network) => network.steps)).toEqual([2, 2]);
});

it('the larger tiles of many networks give the same bits', async () => {
  const networks = networksOf({ layers: [17, 16, 6], activation: 'tanh' });
  const tiles = (count: number) => choosePersistentPlan(networks[0]!, batchSize, llvmpipe, count);
  expect(tiles(64)).not.toEqual(tiles(1));
  const few = await runOnce(networks, llvmpipe);
  const many = await runOnce(networks, llvmpipe, { planned: 64 });
  few.forEach(({ parameters }, n) => {
    expect(sameBits(parameters, many[n]!.parameters)).toBe(0);
    expect(sameBits(parameters, networks[n]!.parameters)).toBe(Infinity);
  });
});

it('a dispatch stays below the 65,535 iterations at which llvmpipe ends every loop', () => {
  for (const layers of [
    [784, 16, 16, 10],
    [784, 64, 64, 10],
    [784, 30, 10],
  ]) {
    const network = new Network({ layers });
    for (const [adapter, count] of [
      [llvmpipe, 1],
      [llvmpipe, 64],
      [hardware, 64],
    ] as const) {
      const plan = choosePersistentPlan(network, 100, adapter, count);
      expect(plan.maxSteps).toBe(stepsPerDispatch(plan));
      expect(plan.maxSteps).toBeGreaterThanOrEqual(1);
      expect(iterationsOf(layers, plan.tiles, plan.workgroupSize) * plan.maxSteps).toBeLessThan(
        65_535,
      );
    }
  }
});

/** The two loops that matter, counted by hand: the first layer's forward pass and its update. */
function iterationsOf(
  layers: readonly number[],
  tiles: ReturnType<typeof choosePersistentPlan>['tiles'],
  workgroupSize: number,
): number {
  const [inputs4, outputs4] = [Math.ceil(layers[0]! / 4), Math.ceil(layers[1]! / 4)];
  const [forward, update] = [tiles.forward[0]!, tiles.update[0]!];
  const forwardJobs = Math.ceil(25 / forward.rows4) * Math.ceil(outputs4 / forward.columns4);
  const updateJobs =
    Math.ceil((inputs4 + 1) / update.rows4) * Math.ceil(outputs4 / update.columns4);
  return (
    Math.ceil(forwardJobs / workgroupSize) * inputs4 + Math.ceil(updateJobs / workgroupSize) * 25
  );
}
