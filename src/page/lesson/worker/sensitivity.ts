/** The example's gradient as 13,002 numbers: which of them the cost is most sensitive to, and which neurons stopped. */
import { activationFunction, type Activation } from '../../../network/activations.ts';
import { parameterLayout } from '../../../network/parameters.ts';
import type { Values } from '../../../engine/pass.ts';
import type { NetworkShape } from '../../../reference/backpropagation.ts';
import { timesMoreSensitive, type WeightAddress } from '../../../reference/nudges.ts';
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
  /** In the middle of the ranking of those between two neurons, which drawings show as lines. */
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
      const { layers } = await run.trainer.explainBatch(run.data.test, [...Array(looked).keys()]);
      return {
        step: run.step,
        ...compareWeights(network, explanation, weights),
        neurons: neuronStates(
          network,
          explanation.layers.map(({ a }) => a),
          layers.map(({ a }) => a),
        ),
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
  const lines = weights.filter(({ layer }) => layer > 0);
  const other = { layer: 2, output: 0, input: 0 };
  return {
    mostSensitive: weights[0] ?? other,
    middle: lines[Math.floor(lines.length / 2)] ?? other,
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

/** The activation after weights `l`. The lesson's networks have one for all hidden layers, and sigmoid outputs. */
function nameOf({ layers, activation, output }: NetworkShape, l: number): Activation {
  return (l === layers.length - 2 ? output : activation) as Activation;
}

/**
 * @param example activations of the example, by layer
 * @param digits activations of some digits, by layer, [digits, neurons]
 */
export function neuronStates(
  network: NetworkShape,
  example: readonly Values[],
  digits: readonly Values[],
): readonly (readonly NeuronState[])[] {
  return example.map((activations, l) => {
    const name = nameOf(network, l);
    // The slopes of sigmoid and ReLU follow from the activation.
    const { slope } = activationFunction(name);
    const steepest = name === 'sigmoid' ? 1 / 4 : 1;
    const isFlat = (a: number) => slope(a) / steepest < flatBelow;
    const size = activations.length;
    return Array.from(activations, (a, j): NeuronState => {
      const own = digits[l]!.filter((_, k) => k % size === j);
      const flat = own.filter(isFlat).length / own.length;
      // A ReLU is dead if no digit activates it. An output is flat for most digits because it is right.
      const isStopped = flat >= (name === 'relu' ? 1 : almostAll) && l < example.length - 1;
      const stopped = name === 'relu' ? 'dead' : 'saturated';
      return {
        ...{ slope: slope(a) / steepest, flat },
        state: isStopped ? stopped : isFlat(a) ? 'flat' : 'works',
      };
    });
  });
}
