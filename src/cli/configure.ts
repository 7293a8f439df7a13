/** Turns the options of `nudge train`, `evaluate`, `sweep`, `tune` and `shader` into a configuration. */
import type { TrainConfiguration } from '../benchmark/trainJob.ts';
import { requireAddressable } from '../cpu/allocation.ts';
import { requireBatchSize } from '../engine/batches.ts';
import type { Backend } from '../engine/engine.ts';
import { activationFunction } from '../network/activations.ts';
import { activationOf, type HiddenActivation } from '../network/layers.ts';
import type { Cost, Output } from '../network/functions.ts';
import type { Initializer } from '../network/initializers.ts';
import { Network, type PlainNetworkOptions } from '../network/network.ts';
import { presets, type Preset, type PresetName } from '../network/presets.ts';
import {
  configureOptimizer,
  type ConfiguredOptimizer,
  type OptimizerArguments,
} from './configureOptimizer.ts';
import { UsageError } from './errors.ts';

export const runtimes = ['node', 'chromium', 'firefox', 'auto'] as const;
export type RuntimeChoice = (typeof runtimes)[number];

/** Options that describe the network; undefined where the user did not give one. */
export interface NetworkArguments {
  readonly preset?: PresetName | undefined;
  readonly layers?: readonly number[] | undefined;
  readonly activation?: HiddenActivation | undefined;
  readonly output?: Output | undefined;
  readonly cost?: Cost | undefined;
  readonly init?: Initializer | undefined;
}

/** Options that describe the training. */
export interface TrainArguments extends NetworkArguments, OptimizerArguments {
  readonly batchSize?: number | undefined;
  readonly epochs?: number | undefined;
  readonly steps?: number | undefined;
  readonly seed?: number | undefined;
  readonly shuffle?: boolean | undefined;
  readonly backend?: Backend | 'auto' | undefined;
  readonly threads?: number | undefined;
  readonly stream?: boolean | undefined;
  /** Seconds. */
  readonly gpuTimeout?: number | undefined;
  /** 'default', 'tuned' or the path of a plan file. */
  readonly plan?: string | undefined;
}

export const defaults = { preset: 'lecture', batchSize: 100, epochs: 5, seed: 1 } as const;

export interface Configured {
  /** With the parameters that training starts from. */
  readonly network: Network;
  readonly optimizer: ConfiguredOptimizer;
  /** Includes the optimizer's settings. */
  readonly training: Omit<TrainConfiguration, 'network'>;
}

/**
 * Combines the options with the preset; the options win.
 * @param loaded the network of `--load`
 * @throws {ConfigurationError} for invalid values, and for options that have no effect together
 * @throws {OutOfMemoryError} for a network that the backend `cpu` cannot hold
 */
export function configureTraining(options: TrainArguments, loaded?: Network): Configured {
  const { seed = defaults.seed, threads, stream, steps, epochs = defaults.epochs } = options;
  const backend = backendOf(options);
  const network = loaded ?? createNetwork({ ...describeNetwork(options), seed }, backend);
  // Weights from a file may belong to any network, so the default preset's settings do not apply to them.
  const preset = loaded && options.preset === undefined ? undefined : presetOf(options);
  const optimizer = configureOptimizer(options, network, preset);
  if (stream !== undefined && backend === 'reference') {
    throw new UsageError(
      "--stream has no effect with backend 'reference', which copies no data. Leave --stream out, or use another backend.",
    );
  }
  if (threads !== undefined && (backend === 'webgpu' || backend === 'reference')) {
    throw new UsageError(
      `--threads has no effect with backend '${backend}'. Leave --threads out, or use --backend cpu.`,
    );
  }
  if (options.seed !== undefined && loaded && options.shuffle === false) {
    throw new UsageError(
      `--seed ${seed} has no effect with --load and --shuffle off: nothing is random. Leave --seed out.`,
    );
  }
  return {
    network,
    optimizer,
    training: {
      batchSize: requireBatchSize(options.batchSize ?? preset?.batchSize ?? defaults.batchSize),
      ...optimizer,
      ...(steps === undefined ? { epochs } : { steps }),
      seed,
      shuffle: options.shuffle ?? true,
      backend,
      ...(threads !== undefined && { threads }),
      ...(stream !== undefined && { stream }),
      ...timeoutOf(options, backend),
    },
  };
}

/** @throws {UsageError} for `--gpu-timeout` without a GPU */
export function timeoutOf(
  { gpuTimeout }: TrainArguments,
  backend: Backend | 'auto',
): { readonly timeoutMs?: number } {
  if (gpuTimeout === undefined) return {};
  if (backend === 'cpu' || backend === 'reference') {
    throw new UsageError(
      `--gpu-timeout has no effect with backend '${backend}'. Leave --gpu-timeout out, or use --backend webgpu.`,
    );
  }
  return { timeoutMs: 1000 * gpuTimeout };
}

/** @throws {OutOfMemoryError} when the CPU engine cannot hold it. With `auto`, a GPU may hold it. */
function createNetwork(options: PlainNetworkOptions, backend: Backend | 'auto'): Network {
  if (backend === 'cpu') requireAddressable(options.layers);
  return new Network(options);
}

/** A plan is for a GPU, so `--plan` implies the backend webgpu. */
function backendOf({ backend = 'auto', plan = 'default' }: TrainArguments): Backend | 'auto' {
  if (plan === 'default') return backend;
  if (backend === 'cpu' || backend === 'reference') {
    throw new UsageError(
      `--plan ${plan} has no effect with backend '${backend}': plans are for a GPU. Leave --plan out, or use --backend webgpu.`,
    );
  }
  return 'webgpu';
}

/** What the options require of a loaded network. The initializer does not matter: the weights exist already. */
export function describeLoaded(options: NetworkArguments): Partial<PlainNetworkOptions> {
  const preset = options.preset === undefined ? undefined : presets[options.preset].network;
  const named: { initializer?: Initializer } & Partial<PlainNetworkOptions> = {
    ...preset,
    ...given(options),
  };
  delete named.initializer;
  return named;
}

/** A network's options as plain data, without its parameters. */
export function optionsOf(network: Network): Required<PlainNetworkOptions> {
  const { layers, activation, output, cost, initializer, seed } = network;
  return { layers, activation, output, cost, initializer, seed };
}

/** The named preset, or the default one if no option describes the network. */
function presetOf(options: NetworkArguments): Preset | undefined {
  if (options.preset !== undefined) return presets[options.preset];
  return Object.keys(given(options)).length === 0 ? presets[defaults.preset] : undefined;
}

function describeNetwork(options: NetworkArguments): PlainNetworkOptions {
  const { network } = presetOf(options) ?? {};
  const named = given(options);
  if (network) return { ...network, ...named };
  const output = named.output ?? (named.cost === 'cross-entropy' ? 'softmax' : 'sigmoid');
  const activation = named.activation ?? 'sigmoid';
  return {
    layers: presets[defaults.preset].network.layers,
    activation,
    output,
    cost: output === 'softmax' ? 'cross-entropy' : 'squared-error',
    initializer: activationFunction(activationOf(activation, 0)).initializer,
    ...named,
  };
}

/** The options that the user gave, by their names in `PlainNetworkOptions`. */
function given({ layers, activation, output, cost, init }: NetworkArguments) {
  return {
    ...(layers && { layers }),
    ...(activation && { activation }),
    ...(output && { output }),
    ...(cost && { cost }),
    ...(init && { initializer: init }),
  };
}
