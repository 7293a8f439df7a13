/** Turns the options of `nudge sweep` into a configuration. */
import { maxNetworks, type SweepConfiguration } from '../benchmark/sweepJob.ts';
import { configureTraining, optionsOf, type TrainArguments } from './configure.ts';
import { UsageError } from './errors.ts';

export interface SweepArguments extends Omit<
  TrainArguments,
  'learningRate' | 'steps' | 'backend' | 'stream'
> {
  /** Number of seeds, counting up from `seed`. */
  readonly seeds?: number | undefined;
  readonly learningRates?: readonly number[] | undefined;
}

export const sweepDefaults = { seeds: 8, epochs: 1 } as const;

const seedLimit = 2 ** 32;

/** @throws {ConfigurationError} for invalid values, alone or together */
export function configureSweep(options: SweepArguments): SweepConfiguration {
  const { seeds: count = sweepDefaults.seeds, learningRates, ...rest } = options;
  const epochs = options.epochs ?? sweepDefaults.epochs;
  const rates = learningRates?.length ?? 1;
  if (count * rates > maxNetworks) {
    throw new UsageError(
      `A sweep trains at most ${maxNetworks} networks; got ${count * rates} (${count} seeds × ${rates} learning rates). Give fewer --seeds.`,
    );
  }
  const twice = learningRates?.find((rate, i) => learningRates.indexOf(rate) < i);
  if (twice !== undefined) {
    throw new UsageError(`--learning-rates contains ${twice} twice. Give each rate once.`);
  }
  const all = (learningRates ?? [undefined]).map((learningRate) =>
    configureTraining({ ...rest, epochs, learningRate }),
  );
  const { network, training } = all[0]!;
  if (training.seed + count > seedLimit) {
    throw new UsageError(
      `${count} seeds starting at ${training.seed} exceed the largest seed, ${seedLimit - 1}. Give a smaller --seed or fewer --seeds.`,
    );
  }
  const { seed, ...description } = optionsOf(network);
  return {
    network: description,
    batchSize: training.batchSize,
    epochs,
    shuffle: training.shuffle,
    seeds: Array.from({ length: count }, (_, i) => seed + i),
    optimizers: all.map(({ optimizer }) => optimizer),
  };
}
