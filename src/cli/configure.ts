/** From the options of `nudge train` and `nudge evaluate` to what they mean. Pure, and strict. */
import type { TrainConfiguration } from '../benchmark/trainJob.ts';
import { activationFunction, type Activation } from '../network/activations.ts';
import type { Cost, Output } from '../network/functions.ts';
import type { Initializer } from '../network/initializers.ts';
import { Network, type PlainNetworkOptions } from '../network/network.ts';
import { presets, type Preset, type PresetName } from '../network/presets.ts';
import { requireBatchSize } from '../engine/batches.ts';
import type { Backend } from '../engine/engine.ts';
import {
  configureOptimizer,
  type ConfiguredOptimizer,
  type OptimizerArguments,
} from './configureOptimizer.ts';
import { UsageError } from './errors.ts';

export const runtimes = ['node', 'chromium', 'firefox', 'auto'] as const;
export type RuntimeChoice = (typeof runtimes)[number];

/** Options that say what the network is; each is undefined where the user said nothing. */
export interface NetworkArguments {
  readonly preset?: PresetName | undefined;
  readonly layers?: readonly number[] | undefined;
  readonly activation?: Activation | undefined;
  readonly output?: Output | undefined;
  readonly cost?: Cost | undefined;
  readonly init?: Initializer | undefined;
}

/** Options that say how it is trained. */
export interface TrainArguments extends NetworkArguments, OptimizerArguments {
  readonly batchSize?: number | undefined;
  readonly epochs?: number | undefined;
  readonly steps?: number | undefined;
  readonly seed?: number | undefined;
  readonly shuffle?: boolean | undefined;
  readonly backend?: Backend | 'auto' | undefined;
  readonly threads?: number | undefined;
  readonly stream?: boolean | undefined;
  /** 'default', 'tuned' or the name of a plan file. */
  readonly plan?: string | undefined;
}

export const defaults = { preset: 'lecture', batchSize: 100, epochs: 5, seed: 1 } as const;

/** A configuration with the network itself, whose parameters are where the training starts. */
export interface Configured {
  readonly network: Network;
  readonly optimizer: ConfiguredOptimizer;
  /** With the optimizer's settings. */
  readonly training: Omit<TrainConfiguration, 'network'>;
}

/**
 * What is to be trained and how. What the user says overrides the preset; an option that would mean nothing is refused.
 * @param loaded the network of `--load`, in the place of one to be drawn
 * @throws {ConfigurationError} for values that make no sense, alone or together
 */
export function configureTraining(options: TrainArguments, loaded?: Network): Configured {
  const network = loaded ?? new Network({ ...describeNetwork(options), seed: seedOf(options) });
  // Weights from a file may be of any network, so only a preset that is named says how to train them.
  const preset = loaded && options.preset === undefined ? undefined : presetOf(options);
  const optimizer = configureOptimizer(options, network, preset);
  if (options.epochs !== undefined && options.steps !== undefined) {
    throw new UsageError(
      `Both --epochs ${options.epochs} and --steps ${options.steps} were given. Give one of them.`,
    );
  }
  const backend = backendOf(options);
  if (options.stream !== undefined && backend === 'reference') {
    throw new UsageError(
      `--stream says how the data reach an engine's memory, and backend '${backend}' has none of its own. Leave --stream out, or use another backend.`,
    );
  }
  if (options.threads !== undefined && (backend === 'webgpu' || backend === 'reference')) {
    throw new UsageError(
      `--threads says how many share a step on the CPU, and backend '${backend}' has none. Leave --threads out, or use --backend cpu.`,
    );
  }
  if (options.seed !== undefined && loaded && options.shuffle === false) {
    throw new UsageError(
      `--seed ${options.seed} is for the first weights and the shuffling, and --load and --shuffle off leave neither to it. Leave --seed out.`,
    );
  }
  return {
    network,
    optimizer,
    training: {
      batchSize: requireBatchSize(options.batchSize ?? preset?.batchSize ?? defaults.batchSize),
      ...optimizer,
      ...(options.steps === undefined
        ? { epochs: options.epochs ?? defaults.epochs }
        : { steps: options.steps }),
      seed: seedOf(options),
      shuffle: options.shuffle ?? true,
      backend,
      ...(options.threads !== undefined && { threads: options.threads }),
      ...(options.stream !== undefined && { stream: options.stream }),
    },
  };
}

/** Who says how a GPU is to do it wants the GPU to do it. */
function backendOf({ backend = 'auto', plan = 'default' }: TrainArguments): Backend | 'auto' {
  if (plan === 'default') return backend;
  if (backend === 'cpu' || backend === 'reference') {
    throw new UsageError(
      `--plan ${plan} says how a step is cut up for a GPU, and backend '${backend}' has none. Leave --plan out, or use --backend webgpu.`,
    );
  }
  return 'webgpu';
}

/**
 * What the user says of the network in a file, for `loadParameters` to hold the file against.
 * @throws {UsageError} when an initialiser is given, of which nothing would come
 */
export function describeLoaded(options: NetworkArguments): Partial<PlainNetworkOptions> {
  if (options.init !== undefined) {
    throw new UsageError(
      `--init ${options.init} draws the first weights and --load reads them from a file. Give one of them.`,
    );
  }
  const named = options.preset === undefined ? undefined : presets[options.preset].network;
  const said: Partial<PlainNetworkOptions> = { ...named, ...given(options) };
  // The initializer of a preset says nothing about weights that are there already.
  delete (said as { initializer?: Initializer }).initializer;
  return said;
}

/** The preset that counts: the named one, or the default where nothing is said of the network. */
function presetOf(options: NetworkArguments): Preset | undefined {
  if (options.preset !== undefined) return presets[options.preset];
  return Object.keys(given(options)).length === 0 ? presets[defaults.preset] : undefined;
}

function describeNetwork(options: NetworkArguments): PlainNetworkOptions {
  const { network } = presetOf(options) ?? {};
  const said = given(options);
  if (network) return { ...network, ...said };
  // A network of the user's own: what is left open follows from what is said.
  const output = said.output ?? (said.cost === 'cross-entropy' ? 'softmax' : 'sigmoid');
  const activation = said.activation ?? 'sigmoid';
  return {
    layers: presets[defaults.preset].network.layers,
    activation,
    output,
    cost: output === 'softmax' ? 'cross-entropy' : 'squared-error',
    initializer: activationFunction(activation).initializer,
    ...said,
  };
}

/** What the user says of the network, by the names that `Network` has for it. */
function given({ layers, activation, output, cost, init }: NetworkArguments) {
  return {
    ...(layers && { layers }),
    ...(activation && { activation }),
    ...(output && { output }),
    ...(cost && { cost }),
    ...(init && { initializer: init }),
  };
}

function seedOf({ seed }: TrainArguments): number {
  return seed ?? defaults.seed;
}
