/**
 * Draws random plans from everything that a plan file can contain. A plan that nudge accepts must give the result of the
 * float64 reference, and a plan that it refuses must end in a typed error.
 */
import { softwareLoops, type Tile } from '../../../shaders/matmul/matmul.ts';
import { vec4s } from '../../../shaders/wgsl.ts';
import { createDataset, type Dataset } from '../../data/dataset.ts';
import { shuffledOrder } from '../../data/shuffle.ts';
import { ConfigurationError, FormatError, LimitError } from '../../errors.ts';
import type { Device } from '../../gpu/device.ts';
import { GpuEngine } from '../../gpu/engine.ts';
import type { LayerPlan, Plan } from '../../gpu/plan/plan.ts';
import type { PlanTarget } from '../../gpu/plan/check.ts';
import { maxCount, planFile, readPlanFile } from '../../gpu/plan/file.ts';
import { activations } from '../../network/functions.ts';
import { Network } from '../../network/network.ts';
import { Random } from '../../network/random.ts';
import { backpropagate } from '../../reference/backpropagation.ts';
import { clipScale, gradientNorm } from '../../reference/clip.ts';
import { featureValues, labelsOf } from '../../reference/features.ts';
import { batchExtent, stepsPerEpoch } from '../../engine/batches.ts';
import { sgd } from '../../engine/optimizers.ts';
import { tiny, unit } from './bounds.ts';
import { batchOutputBounds, gradientBound, layerBounds } from './passBounds.ts';
import { outputsAndCosts } from './kernels.ts';
import { Worst } from './samples.ts';

/** A plan and a training that uses it. */
export interface PlanCase {
  readonly seed: number;
  /** Index of the case within the seed. */
  readonly index: number;
  readonly network: Network;
  readonly plan: Plan;
  readonly batchSize: number;
  readonly sampleCount: number;
  readonly clipNorm: number | undefined;
}

/** Random streams of the plan and of the data. */
const [planStream, dataStream] = [0x97a5, 0x97a6];

/** Draws the numbers of a plan. */
class Draw {
  readonly #random: Random;
  /** Probability of an arbitrary value instead of a useful one. */
  readonly #wildness: number;

  constructor(random: Random) {
    this.#random = random;
    this.#wildness = this.pick([0, 0, 0.02, 0.05, 0.2]);
  }

  chance(probability: number): boolean {
    return this.#random.uniform() < probability;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.#random.integer(choices.length)]!;
  }

  between(min: number, max: number): number {
    return min + this.#random.integer(max - min + 1);
  }

  powerOfTwo(max: number): number {
    return 2 ** this.between(0, Math.floor(Math.log2(max)));
  }

  /** Mostly small, since software adapters need a second to compile large workgroups. */
  sharedSize(max: number): number {
    return this.powerOfTwo(this.chance(0.1) ? max : Math.min(max, 32));
  }

  /** `usual`, or any number from `min` to `max` with a uniform logarithm and more frequent extremes. */
  number(usual: number, min: number, max = maxCount): number {
    if (!this.chance(this.#wildness)) return usual;
    if (this.chance(0.2)) return this.pick([min, max]);
    const size = this.#random.uniform() * Math.log2(max - min + 2);
    return Math.min(max, min + Math.floor(2 ** size) - 1);
  }
}

const sizes = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 15, 16, 17, 20, 31, 33] as const;

/**
 * Draws a case, which is deterministic for each kind of adapter. nudge may refuse its plan.
 * @param seed an integer from 0 to 2³² − 1, like `index`
 */
export function drawPlanCase(seed: number, index: number, target: PlanTarget): PlanCase {
  const draw = new Draw(new Random(seed, planStream, index));
  const [output, cost] = draw.pick(outputsAndCosts);
  const network = new Network({
    layers: Array.from({ length: draw.pick([2, 2, 2, 2, 3, 3, 4, 5]) }, () => draw.pick(sizes)),
    activation: draw.pick(activations),
    output,
    cost,
    initializer: draw.pick(['normal', 'xavier', 'he']),
    seed: index,
  });
  const batchSize = draw.between(1, 64);
  return {
    seed,
    index,
    network,
    plan: drawPlan(draw, network, batchSize, target),
    batchSize,
    // From a part of a mini-batch to two mini-batches.
    sampleCount: draw.between(1, 2 * batchSize),
    clipNorm: draw.chance(0.25) ? draw.pick([0.01, 1, 100]) : undefined,
  };
}

/**
 * Draws a plan for a given training. nudge may refuse it.
 * @param index which of the plans, an integer from 0 to 2³² − 1
 */
export function drawPlanFor(
  network: Network,
  batchSize: number,
  index: number,
  target: PlanTarget,
): Plan {
  return drawPlan(new Draw(new Random(1, planStream, index)), network, batchSize, target);
}

function drawPlan(
  draw: Draw,
  network: Network,
  batchSize: number,
  { maxWorkgroupSize, isSoftware }: PlanTarget,
): Plan {
  // The updates of all layers share one kernel and its workgroup size.
  const updateSize = draw.sharedSize(maxWorkgroupSize);
  const layers = network.layers.slice(1).map((outputs, l): LayerPlan => {
    const tile = (columns: number, size = draw.sharedSize(maxWorkgroupSize)) =>
      drawTile(draw, vec4s(columns), size, isSoftware);
    return {
      forward: tile(outputs),
      hiddenDelta: tile(network.layers[l]!),
      update: tile(outputs, updateSize),
    };
  });
  return {
    batchSize: draw.number(batchSize, 1),
    layers: layers.slice(0, draw.number(layers.length, 0, layers.length)),
    ...(draw.chance(0.6) && { fused: drawFused(draw, layers.length, maxWorkgroupSize) }),
    stepsPerSubmit: draw.number(draw.between(1, 5), 1),
  };
}

function drawFused(
  draw: Draw,
  layerCount: number,
  maxWorkgroupSize: number,
): NonNullable<Plan['fused']> {
  const loop = draw.pick(['simple', 'splitK'] as const);
  return {
    from: draw.number(draw.between(0, layerCount - 1), 0),
    loop,
    rows4: draw.number(loop === 'simple' ? 1 : draw.pick([1, 1, 2, 4]), 1),
    workgroupSize: draw.number(draw.sharedSize(maxWorkgroupSize), 1),
  };
}

/** @param columns4 columns of the matrix in vec4s */
function drawTile(draw: Draw, columns4: number, size: number, isSoftware: boolean): Tile {
  const workgroupSize = draw.number(size, 1);
  // Mostly small, since software adapters need seconds to compile a tile of 64 sums.
  const shape = {
    rows4: draw.number(draw.pick(draw.chance(0.04) ? [2, 3, 4, 5, 8] : [1, 1, 1, 2]), 1),
    columns4: draw.number(Math.min(draw.pick([1, 1, 1, 1, 2, 3]), columns4), 1),
  };
  const loop = draw.pick(
    isSoftware
      ? ([
          ...(['simple', 'simple', 'simple', 'simple', ...softwareLoops] as const),
          ...(['tiled', 'tiled', 'splitK', 'splitK'] as const),
        ] as const)
      : (['simple', 'tiled', 'tiled', 'splitK', 'splitK'] as const),
  );
  if (loop !== 'tiled' && loop !== 'splitK') {
    // Swapped tiles need multiples of 4.
    const rows4 = softwareLoops.includes(loop)
      ? draw.number(draw.pick([4, 4, 4, 8]), 1)
      : shape.rows4;
    return { loop, ...shape, rows4, workgroupSize };
  }
  const across = draw.powerOfTwo(size);
  if (loop === 'tiled') {
    const tileK4 = draw.number(draw.between(1, 4), 1);
    return { loop, ...shape, across: draw.number(across, 1), tileK4, workgroupSize };
  }
  const splitK = draw.number(draw.powerOfTwo(size / across), 1);
  return { loop, splitK, across: draw.number(across, 1), workgroupSize };
}

export interface PlanOutcome {
  /** Message of the error that refused the plan; undefined if it was accepted. */
  readonly refusal?: string;
  /** The largest error relative to its bound; 0 for a refused plan. */
  readonly worst: number;
}

/**
 * Makes two steps with a plan, and checks gradients, parameters and metrics against the reference.
 * @throws every error other than a typed refusal of the plan
 */
export async function checkPlanCase(device: Device, one: PlanCase): Promise<PlanOutcome> {
  const { network } = one;
  try {
    const plan = readPlanFile(planFile(network, one.plan), network);
    return { worst: await trainBy(device, one, plan) };
  } catch (error) {
    const isRefused = [ConfigurationError, FormatError, LimitError].some(
      (type) => error instanceof type,
    );
    if (isRefused) return { refusal: (error as Error).message, worst: 0 };
    throw error;
  }
}

/** Small, so that no drawn network diverges. */
const learningRate = 2 ** -10;
const momentum = 0.5;

/** @returns the largest error relative to its bound */
async function trainBy(device: Device, one: PlanCase, plan: Plan): Promise<number> {
  const { index, network, batchSize, sampleCount, clipNorm } = one;
  const dataset = drawDataset(one);
  const engine = await GpuEngine.create(device, {
    network,
    batchSize,
    optimizer: sgd({ learningRate, momentum }),
    clipNorm,
    plan,
  });
  try {
    await engine.load(dataset);
    const worst = new Worst();
    const count = stepsPerEpoch(sampleCount, batchSize);
    let before = network.parameters;
    let velocity = new Float32Array(before.length);
    for (let step = 0; step < 2; step++) {
      const order = shuffledOrder(index, Math.floor(step / count), sampleCount);
      if (step % count === 0) {
        engine.beginEpoch(order, { step, epoch: step / count, stepOfEpoch: 0 });
      }
      const { start, size } = batchExtent(step % count, sampleCount, batchSize);
      const metrics = await engine.run(1);
      const [moment] = await engine.readMoments();
      const parameters = await engine.readParameters();
      const truth = stepTruth(
        network.withParameters(before),
        dataset,
        order.subarray(start, start + size),
        clipNorm,
      );
      moment!.forEach((found, i) => {
        const expected = truth.gradient[i]! + momentum * velocity[i]!;
        const rounding = 2 * unit * (Math.abs(expected) + Math.abs(velocity[i]!));
        worst.note(found, expected, truth.bound[i]! + rounding);
        const moved = before[i]! - learningRate * found;
        worst.note(parameters[i]!, moved, 2 * unit * (Math.abs(before[i]!) + Math.abs(moved)));
      });
      worst.note(metrics.samples, size, 0);
      worst.note(metrics.costSum, truth.costSum, truth.costBound);
      worst.note(metrics.correct, truth.correct, truth.undecided);
      before = parameters;
      velocity = moment!;
    }
    return worst.share;
  } finally {
    await engine.dispose();
  }
}

interface StepTruth {
  readonly gradient: Float64Array;
  readonly bound: Float64Array;
  readonly costSum: number;
  readonly costBound: number;
  readonly correct: number;
  /** Samples for which float32 may predict another class. */
  readonly undecided: number;
}

/** The true results of a step, and bounds on the errors of float32. */
function stepTruth(
  network: Network,
  dataset: Dataset,
  samples: Uint32Array,
  clipNorm: number | undefined,
): StepTruth {
  const features = featureValues(dataset, samples);
  const labels = labelsOf(dataset, samples);
  const { parameters } = network;
  const pass = backpropagate({ network, parameters, features, labels });
  const bound = gradientBound(network, features, labels, pass);
  const { gradient } = pass;
  if (clipNorm !== undefined) {
    const norm = gradientNorm(gradient);
    const scale = clipScale(norm, clipNorm);
    // The relative error of the norm and of the scale.
    const share = (gradientNorm(bound) + 2 ** -20 * norm) / Math.max(norm, clipNorm);
    gradient.forEach((g, i) => {
      gradient[i] = scale * g;
      bound[i] = scale * (bound[i]! * (1 + share) + share * Math.abs(g)) + tiny;
    });
  }
  const outputs = network.layers.at(-1)!;
  const { z } = pass.layers.at(-1)!;
  const zError = layerBounds(network, features, labels, pass).at(-1)!.z;
  const row = (values: Float64Array, n: number) => [
    ...values.subarray(n * outputs, (n + 1) * outputs),
  ];
  let [costSum, costBound, correct, undecided] = [0, 0, 0, 0];
  batchOutputBounds(network, pass, labels, zError).forEach((bounds, n) => {
    const cost = pass.costs[n]!;
    costSum += cost;
    costBound += bounds.cost + samples.length * unit * cost;
    const [first, second = -Infinity] = row(z, n).sort((x, y) => y - x);
    if (pass.predictions[n] === labels[n]) correct++;
    if (first! - second <= 2 * Math.max(...row(zError, n))) undecided++;
  });
  return { gradient, bound, costSum, costBound, correct, undecided };
}

function drawDataset({ seed, index, network, sampleCount }: PlanCase): Dataset {
  const random = new Random(seed, dataStream, index);
  const [featureCount, classCount] = [network.layers[0]!, network.layers.at(-1)!];
  return createDataset({
    name: 'drawn',
    featureCount,
    classCount,
    features: Uint8Array.from({ length: sampleCount * featureCount }, () =>
      random.integer(4) === 0 ? 0 : random.integer(256),
    ),
    labels: Uint8Array.from({ length: sampleCount }, () => random.integer(classCount)),
  });
}

/** The case with everything needed to reproduce it. */
export function planCaseText(one: PlanCase): string {
  const { seed, index, network, plan, batchSize, sampleCount, clipNorm } = one;
  const { layers, activation, output, cost } = network;
  const clipping = clipNorm === undefined ? '' : `, clip norm ${clipNorm}`;
  return `plan ${index} of seed ${seed}: ${layers.join('-')}, ${String(activation)}, ${output}, ${cost}, batch ${batchSize} of ${sampleCount} samples${clipping}, ${JSON.stringify(plan)}`;
}
