/** What a training that has diverged is said to have come to, in words. */
import type { Network } from '../network/network.ts';
import { parameterLayout } from '../network/parameters.ts';
import type { StepMetrics } from './engine.ts';
import { highestLearningRate, learningRateAt, type LearningRate } from './schedules.ts';

/**
 * @param fact what is not finite any more, as the beginning of a sentence
 * @param step that it was found in
 */
export function divergenceSentence(fact: string, learningRate: LearningRate, step: number): string {
  const rate = Number(learningRateAt(learningRate, step).toPrecision(6));
  const smaller = Number((highestLearningRate(learningRate) / 10).toPrecision(2));
  return (
    `${fact}, with learning rate ${rate}: training has diverged and its parameters are of no use. ` +
    `Start again with a smaller learning rate, ${smaller} say.`
  );
}

/** 'The gradient of layer 1 (16→10) is not finite at step 812 (epoch 3)' */
export function gradientFact(
  { layers }: Network,
  { layer, step }: NonNullable<StepMetrics['nonFinite']>,
  epoch: number,
): string {
  const sizes = `${layers[layer]}→${layers[layer + 1]}`;
  return `The gradient of layer ${layer} (${sizes}) is not finite at step ${step + 1} (epoch ${epoch})`;
}

/** 'A weight of layers.0.weight', for the parameter at `index`. */
export function parameterName(network: Network, index: number): string {
  const layer = parameterLayout(network.layers).findLast(
    ({ weightOffset }) => weightOffset <= index,
  )!;
  return `A value of ${index < layer.biasOffset ? layer.weightName : layer.biasName}`;
}
