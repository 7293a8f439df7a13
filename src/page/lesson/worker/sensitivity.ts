/** The example's gradient as 13,002 numbers: which of them the cost is most sensitive to, and which neurons stopped. */
import { activationFunction, type Activation } from '../../../network/activations.ts';
import { parameterLayout } from '../../../network/parameters.ts';
import { forwardPass, type NetworkShape } from '../../../reference/backpropagation.ts';
import { featureValues, labelsOf } from '../../../reference/features.ts';
import { timesMoreSensitive, type WeightAddress } from '../../../reference/nudges.ts';
import type { Dataset } from '../../../data/dataset.ts';
import type { Explanation } from '../../../training/trainer.ts';
import type { Task, TaskFunctions } from '../../worker/messages.ts';
import type { Course } from './course.ts';
import { exampleOf, shapeOf } from './ofCourse.ts';

export interface ChosenWeight extends WeightAddress {
  /** The weight itself. */
  readonly weight: number;
  /** −∂C/∂W. */
  readonly nudge: number;
  /** Its place among all numbers of the gradient by size, from 1. Equal ones share the first place. */
  readonly rank: number;
}

/** What became of a neuron. */
export interface NeuronState {
  /** The slope of its activation for the example, as a share of the steepest one. */
  readonly slope: number;
  /** The share of some test digits for which its slope is below `flatBelow`. */
  readonly flat: number;
  /** `dead` and `saturated` ones are flat for almost all digits, `flat` ones for the example. */
  readonly state: 'works' | 'flat' | 'saturated' | 'dead';
}

export interface Sensitivities {
  readonly step: number;
  /** −∂C/∂θ of the example, in the layout of `parameterLayout`. */
  readonly nudges: Float64Array;
  /** Places of `nudges` by size, the largest first; those that are exactly 0 are left out. */
  readonly order: Uint16Array;
  /** Numbers of the gradient that are exactly 0. */
  readonly zeros: number;
  readonly chosen: readonly [ChosenWeight, ChosenWeight];
  /** How many times more sensitive the cost is to the first weight than to the second. */
  readonly times: number;
  /** The first-layer neuron with the most sensitive weight. */
  readonly firstNeuron: number;
  /** The state of each neuron: entry 0 is the first hidden layer. */
  readonly neurons: readonly (readonly NeuronState[])[];
  /** Test digits that `flat` is a share of. */
  readonly looked: number;
}

/** Weights that show something. */
export interface ProposedWeights {
  readonly mostSensitive: WeightAddress;
  /** In the middle of the ranking of those that are not 0. */
  readonly middle: WeightAddress;
}

export interface SensitivityTasks {
  sensitivities: Task<
    { readonly weights: readonly [WeightAddress, WeightAddress] },
    never,
    Sensitivities
  >;
  proposeWeights: Task<Record<string, never>, never, ProposedWeights>;
}

/** Below this share of the steepest slope a neuron is flat: a sigmoid's activation is then below 0.013 or above 0.987. */
export const flatBelow = 0.05;
/** A neuron that is flat for at least this share of the digits is marked. */
const almostAll = 0.95;
/** Test digits to look at. */
const looked = 100;

export const sensitivityTasks = (
  course: () => Promise<Course>,
): TaskFunctions<SensitivityTasks> => ({
  sensitivities: async ({ weights }) => {
    const run = await course();
    return await run.inTurn(async () => {
      const network = shapeOf(run);
      const explanation = await run.trainer.explain(exampleOf(run), 0);
      const hidden = hiddenSources(network, explanation.usedParameters, run.data.test);
      return {
        step: run.step,
        ...compareWeights(network, explanation, weights),
        neurons: neuronStates(network, explanation, hidden),
        looked,
      };
    });
  },
  proposeWeights: async () => {
    const run = await course();
    return await run.inTurn(async () => {
      const { parameters } = await run.trainer.explain(exampleOf(run), 0);
      return proposeWeights(shapeOf(run), parameters);
    });
  },
});

export function compareWeights(
  network: NetworkShape,
  { parameters: nudges, usedParameters }: Pick<Explanation, 'parameters' | 'usedParameters'>,
  weights: readonly [WeightAddress, WeightAddress],
): Omit<Sensitivities, 'step' | 'neurons' | 'looked'> {
  const order = rank(nudges);
  const layout = parameterLayout(network.layers);
  const chosen = weights.map((address): ChosenWeight => {
    const { weightOffset, inputs } = layout[address.layer]!;
    const index = weightOffset + address.output * inputs + address.input;
    const nudge = nudges[index]!;
    const size = Math.abs(nudge);
    const before = nudges.reduce((count, other) => count + (Math.abs(other) > size ? 1 : 0), 0);
    return { ...address, weight: usedParameters[index]!, nudge, rank: before + 1 };
  });
  const { inputs, biasOffset } = layout[0]!;
  return {
    ...{ nudges, order, zeros: nudges.length - order.length },
    chosen: [chosen[0]!, chosen[1]!],
    times: timesMoreSensitive(network, nudges, ...weights),
    firstNeuron: Math.floor((order.find((index) => index < biasOffset) ?? 0) / inputs),
  };
}

/** Places of the numbers that are not 0, the largest first. */
function rank(nudges: Float64Array): Uint16Array {
  const sizes = nudges.map(Math.abs);
  const used = Uint16Array.from(sizes.keys()).filter((index) => sizes[index]! > 0);
  return used.sort((a, b) => sizes[b]! - sizes[a]! || a - b);
}

export function proposeWeights(network: NetworkShape, nudges: Float64Array): ProposedWeights {
  const weights = [...rank(nudges)].map((index) => addressOf(network, index)).filter(isWeight);
  const other = { layer: 2, output: 0, input: 0 };
  return {
    mostSensitive: weights[0] ?? other,
    middle: weights[Math.floor(weights.length / 2)] ?? other,
  };
}

const isWeight = (address: WeightAddress | undefined): address is WeightAddress =>
  address !== undefined;

/** The weight at a place of the parameters; undefined for a bias. */
function addressOf({ layers }: NetworkShape, index: number): WeightAddress | undefined {
  const layout = parameterLayout(layers);
  const layer = layout.findLastIndex(({ weightOffset }) => weightOffset <= index);
  const { weightOffset, biasOffset, inputs } = layout[layer]!;
  if (index >= biasOffset) return undefined;
  const at = index - weightOffset;
  return { layer, output: Math.floor(at / inputs), input: at % inputs };
}

/**
 * What the slopes of all neurons are computed from, for some test digits: a or z by layer, [digits, neurons].
 *
 * By the float64 reference until the trainer has `explainBatch`.
 */
function hiddenSources(
  network: NetworkShape,
  parameters: Float32Array | Float64Array,
  test: Dataset,
): readonly Float64Array[] {
  const samples = [...Array(looked).keys()];
  const { layers } = forwardPass({
    ...{ network, parameters },
    features: featureValues(test, samples),
    labels: labelsOf(test, samples),
  });
  return layers.map((layer, l) => layer[activationFunction(nameOf(network, l)).slopeFrom]);
}

/** The activation after weights `l`. The lesson's networks have one for all hidden layers, and sigmoid outputs. */
function nameOf({ layers, activation, output }: NetworkShape, l: number): Activation {
  return (l === layers.length - 2 ? output : activation) as Activation;
}

/** @param sources what the slopes of some digits are computed from, by layer, [digits, neurons] */
export function neuronStates(
  network: NetworkShape,
  { layers }: Pick<Explanation, 'layers'>,
  sources: readonly Float64Array[],
): readonly (readonly NeuronState[])[] {
  return layers.map((layer, l) => {
    const name = nameOf(network, l);
    const { slope, slopeFrom } = activationFunction(name);
    const steepest = name === 'sigmoid' ? 1 / 4 : 1;
    const digits = sources[l]!.length / layer.outputs;
    return Array.from(layer[slopeFrom], (source, j): NeuronState => {
      const now = slope(source) / steepest;
      let flat = 0;
      for (let n = 0; n < digits; n++) {
        if (slope(sources[l]![n * layer.outputs + j]!) / steepest < flatBelow) flat++;
      }
      const share = flat / digits;
      // An output is flat for most digits because it is right; that is no fault.
      const isMarked = l < layers.length - 1 && share >= almostAll;
      const always = name === 'relu' ? 'dead' : 'saturated';
      const isDead = isMarked && (name !== 'relu' || share === 1);
      return {
        ...{ slope: now, flat: share },
        state: isDead ? always : now < flatBelow ? 'flat' : 'works',
      };
    });
  });
}
