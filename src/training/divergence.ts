/** Error messages for training that has diverged. */
import type { Network } from '../network/network.ts';
import type { StepMetrics } from '../engine/engine.ts';
import { highestLearningRate, learningRateAt, type LearningRate } from '../engine/schedules.ts';

/**
 * @param fact the beginning of a sentence: it names the value that stopped being finite
 * @param step the step in which it was found, counting from 0
 */
export function divergenceSentence(fact: string, learningRate: LearningRate, step: number): string {
  const rate = Number(learningRateAt(learningRate, step).toPrecision(6));
  const smaller = Number((highestLearningRate(learningRate) / 10).toPrecision(2));
  return (
    `${fact}, with learning rate ${rate}: training has diverged and its parameters are unusable. ` +
    `Start again with a smaller learning rate, such as ${smaller}.`
  );
}

/** 'The update of layer 1 (16→10) is not finite at step 812 (epoch 3)' */
export function updateFact(
  { layers }: Network,
  { layer, step }: NonNullable<StepMetrics['nonFinite']>,
  epoch: number,
): string {
  const sizes = `${layers[layer]}→${layers[layer + 1]}`;
  return `The update of layer ${layer} (${sizes}) is not finite at step ${step + 1} (epoch ${epoch})`;
}
