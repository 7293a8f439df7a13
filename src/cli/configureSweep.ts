/** From the options of `nudge sweep` to what they mean. Pure, and strict. */
import { maxNetworks, type SweepConfiguration } from '../benchmark/sweepJob.ts';
import { configureTraining, type TrainArguments } from './configure.ts';
import { UsageError } from './errors.ts';
import { parseNumber } from './values.ts';

export type SweepArguments = Omit<
  TrainArguments,
  'learningRate' | 'steps' | 'backend' | 'stream'
> & {
  /** How many seeds, counting up from `seed`. */
  readonly seeds?: number | undefined;
  readonly learningRates?: readonly number[] | undefined;
};

export const sweepDefaults = { seeds: 8, epochs: 1 } as const;

/** Seeds are 0 to 2³² − 1. */
const seedCount = 2 ** 32;

/**
 * What is to be trained at once. What the user says overrides the preset.
 * @throws {ConfigurationError} for values that make no sense, alone or together
 */
export function configureSweep(options: SweepArguments): SweepConfiguration {
  const { seeds: count = sweepDefaults.seeds, learningRates, ...rest } = options;
  const epochs = options.epochs ?? sweepDefaults.epochs;
  const networks = count * (learningRates?.length ?? 1);
  if (networks > maxNetworks) {
    throw new UsageError(
      `${count} seeds with ${learningRates?.length ?? 1} learning rates are ${networks} networks, and a sweep trains ${maxNetworks} at once at most. Give fewer --seeds.`,
    );
  }
  const twice = learningRates?.find((rate, i) => learningRates.indexOf(rate) < i);
  if (twice !== undefined) {
    throw new UsageError(
      `--learning-rates has ${twice} twice, and one network would be trained twice for it. Give each rate once.`,
    );
  }
  const all = (learningRates ?? [undefined]).map((learningRate) =>
    configureTraining({ ...rest, epochs, learningRate }),
  );
  const { network, training } = all[0]!;
  if (training.seed + count > seedCount) {
    throw new UsageError(
      `${count} seeds from ${training.seed} on go beyond the last one, ${seedCount - 1}. Give a smaller --seed or fewer --seeds.`,
    );
  }
  const { layers, activation, output, cost, initializer } = network;
  return {
    network: { layers, activation, output, cost, initializer },
    batchSize: training.batchSize,
    epochs,
    shuffle: training.shuffle,
    seeds: Array.from({ length: count }, (_, i) => training.seed + i),
    optimizers: all.map(({ optimizer }) => optimizer),
  };
}

/** '0.1,0.3 1' → [0.1, 0.3, 1] */
export function parseLearningRates(text: string): number[] {
  return text
    .trim()
    .split(/\s*,\s*|\s+/)
    .map((part) => parseNumber('--learning-rates', part));
}
