/**
 * How a dataset is cut into mini-batches, and whether it fits a network: what every engine has to
 * agree on, so it stands here once, without state.
 */
import { requireDataset, type Dataset } from '../data/dataset.ts';
import { ConfigurationError } from '../errors.ts';
import { show } from '../network/arguments.ts';
import { TrainingCursor, type TrainingPosition } from './cursor.ts';

/** The positions of an epoch's order that one step takes: `start` up to, not including, `start + size`. */
export interface BatchExtent {
  readonly start: number;
  /** `batchSize`, or what is left in the last step of an epoch. */
  readonly size: number;
}

/** Steps of one epoch; the last may have fewer samples than `batchSize`. */
export function stepsPerEpoch(sampleCount: number, batchSize: number): number {
  return Math.ceil(sampleCount / batchSize);
}

/** Where step `step` of an epoch stands in its order, counting from 0. */
export function batchExtent(step: number, sampleCount: number, batchSize: number): BatchExtent {
  const start = step * batchSize;
  return { start, size: Math.min(batchSize, sampleCount - start) };
}

/** @throws {ConfigurationError} unless `batchSize` is a whole number of at least 1 */
export function requireBatchSize(batchSize: number): number {
  if (!Number.isSafeInteger(batchSize) || batchSize < 1) {
    throw new ConfigurationError(
      `A batch size is a whole number of at least 1, and ${show(batchSize)} was given. Try 100.`,
    );
  }
  return batchSize;
}

/**
 * Refuses a dataset that contradicts itself, or that a network of these layer sizes cannot read.
 * @throws {ConfigurationError} when it is no dataset; when a sample has more or fewer features than the network has inputs, or
 *   there are more classes than outputs; fewer classes are fine, the outputs left over then learn to be 0
 */
export function requireFits(
  network: { readonly layers: readonly number[] },
  dataset: Dataset,
): void {
  requireDataset(dataset);
  const { layers } = network;
  const inputs = layers[0]!;
  const outputs = layers.at(-1)!;
  const { name, featureCount, classCount } = dataset;
  if (featureCount !== inputs) {
    throw new ConfigurationError(
      `Dataset '${name}' has ${featureCount} features a sample, and the network ${layers.join('-')} ` +
        `takes ${inputs}. Use a network whose first layer size is ${featureCount}.`,
    );
  }
  if (classCount > outputs) {
    throw new ConfigurationError(
      `Dataset '${name}' has ${classCount} classes, and the network ${layers.join('-')} ` +
        `has ${outputs} outputs. Use a network whose last layer size is at least ${classCount}.`,
    );
  }
}

/**
 * Refuses an order that is not one of this many samples, or an epoch begun past its end.
 * @param at up to and including the end of the epoch, where nothing is left to run
 * @returns a cursor at that position
 * @throws {ConfigurationError}
 */
export function requireEpoch(
  order: Uint32Array,
  at: TrainingPosition,
  sampleCount: number,
  batchSize: number,
): TrainingCursor {
  const { step, stepOfEpoch } = at;
  if (order.length !== sampleCount) {
    throw new ConfigurationError(
      `The order of an epoch names ${order.length} samples, and the training set has ${sampleCount}. ` +
        'Give an order that visits each sample once.',
    );
  }
  const wrong = order.findIndex((sample) => sample >= sampleCount);
  if (wrong >= 0) {
    throw new ConfigurationError(
      `Position ${wrong} of the order is sample ${order[wrong]}, and the training set has samples ` +
        `0 to ${sampleCount - 1}. Give an order that visits each sample once.`,
    );
  }
  const steps = stepsPerEpoch(sampleCount, batchSize);
  if (!Number.isInteger(stepOfEpoch) || stepOfEpoch < 0 || stepOfEpoch > steps) {
    throw new ConfigurationError(
      `An epoch of ${sampleCount} samples in mini-batches of ${batchSize} has ${steps} steps, ` +
        `and it cannot begin at step ${stepOfEpoch}. Begin at a whole number from 0 to ${steps}.`,
    );
  }
  if (!Number.isSafeInteger(step) || step < stepOfEpoch) {
    throw new ConfigurationError(
      `An epoch was to begin after ${stepOfEpoch} of its steps and ${step} steps over all epochs. ` +
        'Give a whole number of steps over all epochs, of which those of this epoch are a part.',
    );
  }
  return new TrainingCursor(steps, at);
}

/**
 * Refuses to run more steps than the epoch has left.
 * @param left steps from where the epoch stands to its end
 * @throws {ConfigurationError}
 */
export function requireStepsLeft(steps: number, left: number): void {
  if (!Number.isInteger(steps) || steps < 0) {
    throw new ConfigurationError(
      `The number of steps to run is a whole number of at least 0, and ${steps} was given.`,
    );
  }
  if (steps > left) {
    throw new ConfigurationError(
      `${steps} steps were asked for, and the epoch has ${left} left. ` +
        'Run those, then begin the next epoch.',
    );
  }
}
