/**
 * Cuts a dataset into mini-batches and checks that it fits a network. All engines share these functions,
 * so that they agree. The functions keep no state.
 */
import { requireDataset, type Dataset } from '../data/dataset.ts';
import { ConfigurationError } from '../errors.ts';
import { show } from '../network/arguments.ts';
import { TrainingCursor, type TrainingPosition } from './cursor.ts';

/** The range of positions in an epoch's order that one step uses: [start, start + size). */
export interface BatchExtent {
  readonly start: number;
  /** `batchSize`; the last step of an epoch may have fewer. */
  readonly size: number;
}

/** Steps of one epoch; the last may have fewer samples than `batchSize`. */
export function stepsPerEpoch(sampleCount: number, batchSize: number): number {
  return Math.ceil(sampleCount / batchSize);
}

/** The range of positions that step `step` of an epoch uses. Steps count from 0. */
export function batchExtent(step: number, sampleCount: number, batchSize: number): BatchExtent {
  const start = step * batchSize;
  return { start, size: Math.min(batchSize, sampleCount - start) };
}

/** @throws {ConfigurationError} unless `batchSize` is a positive integer */
export function requireBatchSize(batchSize: number): number {
  if (!Number.isSafeInteger(batchSize) || batchSize < 1) {
    throw new ConfigurationError(
      `batchSize must be a positive integer; got ${show(batchSize)}. Try 100.`,
    );
  }
  return batchSize;
}

/**
 * Checks a dataset and its fit to a network of these layer sizes. A dataset may have fewer classes than the network has
 * outputs: the other outputs learn to be 0.
 * @throws {ConfigurationError} when the dataset is invalid, its feature count differs from the network's inputs, or it
 *   has more classes than the network has outputs
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
      `Dataset '${name}' has ${featureCount} features per sample, but the network ${layers.join('-')} ` +
        `takes ${inputs}. Use a network whose first layer size is ${featureCount}.`,
    );
  }
  if (classCount > outputs) {
    throw new ConfigurationError(
      `Dataset '${name}' has ${classCount} classes, but the network ${layers.join('-')} ` +
        `has ${outputs} outputs. Use a network whose last layer size is at least ${classCount}.`,
    );
  }
}

/**
 * Checks an epoch's order and start position.
 * @param at any position up to and including the end of the epoch
 * @returns a cursor at that position
 * @throws {ConfigurationError} when the order does not match `sampleCount`, or `at` is outside the epoch
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
      `The order of an epoch has ${order.length} samples, but the training set has ${sampleCount}. ` +
        'Give an order that visits each sample once.',
    );
  }
  const wrong = order.findIndex((sample) => sample >= sampleCount);
  if (wrong >= 0) {
    throw new ConfigurationError(
      `Position ${wrong} of the order is sample ${order[wrong]}, but the training set has samples ` +
        `0 to ${sampleCount - 1}. Give an order that visits each sample once.`,
    );
  }
  const steps = stepsPerEpoch(sampleCount, batchSize);
  if (!Number.isInteger(stepOfEpoch) || stepOfEpoch < 0 || stepOfEpoch > steps) {
    throw new ConfigurationError(
      `stepOfEpoch must be an integer from 0 to ${steps} (${sampleCount} samples in mini-batches of ${batchSize}); ` +
        `got ${stepOfEpoch}.`,
    );
  }
  if (!Number.isSafeInteger(step) || step < stepOfEpoch) {
    throw new ConfigurationError(
      `step must be an integer of at least stepOfEpoch (${stepOfEpoch}); got ${step}. ` +
        'It counts the steps of all epochs, including this one.',
    );
  }
  return new TrainingCursor(steps, at);
}

/**
 * @param left steps left in the epoch
 * @throws {ConfigurationError} unless `steps` is an integer from 0 to `left`
 */
export function requireStepsLeft(steps: number, left: number): void {
  if (!Number.isInteger(steps) || steps < 0) {
    throw new ConfigurationError(
      `The number of steps to run must be a non-negative integer; got ${steps}.`,
    );
  }
  if (steps > left) {
    throw new ConfigurationError(
      `Cannot run ${steps} steps: the epoch has ${left} left. ` +
        'Run those, then begin the next epoch.',
    );
  }
}
