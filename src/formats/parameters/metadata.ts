/** Combines the metadata of a file with the options of the caller. */
import { ConfigurationError, FormatError } from '../../errors.ts';
import { requireTexts, show } from '../../network/arguments.ts';
import { activations, type Activation } from '../../network/activations.ts';
import { costs, outputs } from '../../network/functions.ts';
import { initializers } from '../../network/initializers.ts';
import type { HiddenActivation } from '../../network/layers.ts';
import { requireSeed, type Network, type PlainNetworkOptions } from '../../network/network.ts';
import { quote } from '../safetensors/json.ts';
import { headerStart } from './layers.ts';

type Metadata = ReadonlyMap<string, string>;

/** The metadata that restores the network, beside its tensors. PyTorch's own loaders require `format`. */
export function describeNetwork(network: Network): Metadata {
  const { layers, activation, output, cost, initializer, seed } = network;
  return new Map([
    ['format', 'pt'],
    ['layers', layers.join(',')],
    // One name, or one for each hidden layer, as in 'relu,tanh'.
    ['activation', String(activation)],
    ['output', output],
    ['cost', cost],
    ['initializer', initializer],
    ['seed', `${seed}`],
  ]);
}

/**
 * The options of the file's network.
 * @param layers the layer sizes of the file's tensors
 * @throws {FormatError} for metadata that contradicts the tensors, or has unknown names
 * @throws {ConfigurationError} for options that contradict the metadata, or omit what the metadata lacks
 */
export function settleOptions(
  layers: readonly number[],
  metadata: Metadata,
  options: Partial<PlainNetworkOptions>,
): PlainNetworkOptions {
  const claimed = metadata.get('layers');
  if (claimed !== undefined && claimed !== layers.join(',')) {
    throw new FormatError(
      `The file's metadata says layers ${quote(claimed)}, but its tensors have layers ${layers.join(',')}. Save the file again.`,
      headerStart,
    );
  }
  return {
    layers,
    activation: settleActivation(metadata, options.activation),
    output: agree('output', fromMetadata('output', metadata, outputs), options.output),
    cost: requireKnown('cost', options.cost ?? fromMetadata('cost', metadata, costs)),
    initializer:
      options.initializer ?? fromMetadata('initializer', metadata, initializers) ?? 'xavier',
    seed: options.seed ?? seedFromMetadata(metadata),
  };
}

function settleActivation(
  metadata: Metadata,
  wanted: HiddenActivation | undefined,
): HiddenActivation {
  if (wanted !== undefined && typeof wanted !== 'string') requireTexts('activation', wanted);
  const names = metadata.get('activation')?.split(',');
  const found = names?.map((name) => requireNamed('activation', name, activations)).join(',');
  const settled = agree('activation', found, wanted && String(wanted)).split(',') as Activation[];
  return settled.length === 1 ? settled[0]! : settled;
}

/** The parameters make sense with these functions only, so the file and the caller must agree if both name one. */
function agree<T extends string>(
  what: 'activation' | 'output',
  found: T | undefined,
  wanted: T | undefined,
): T {
  if (found !== undefined && wanted !== undefined && found !== wanted) {
    throw new ConfigurationError(
      `The network of the file has ${what} '${found}', but the call asks for ${show(wanted)}. Omit ${what}, or load another file.`,
    );
  }
  return requireKnown(what, wanted ?? found);
}

function requireKnown<T extends string>(what: string, value: T | undefined): T {
  if (value === undefined) {
    throw new ConfigurationError(
      `The file does not say which ${what} its network has: it has no metadata '${what}'. Give ${what} as an option.`,
    );
  }
  return value;
}

function fromMetadata<T extends string>(
  key: string,
  metadata: Metadata,
  allowed: readonly T[],
): T | undefined {
  const value = metadata.get(key);
  return value === undefined ? undefined : requireNamed(key, value, allowed);
}

function requireNamed<T extends string>(key: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((name) => name === value);
  if (found === undefined) {
    throw new FormatError(
      `The file's metadata has an unknown ${key} ${quote(value)}. It must be one of ${allowed.join(', ')}.`,
      headerStart,
    );
  }
  return found;
}

function seedFromMetadata(metadata: Metadata): number {
  const text = metadata.get('seed') ?? '1';
  try {
    return requireSeed(/^\d{1,10}$/.test(text) ? Number(text) : NaN);
  } catch (cause) {
    throw new FormatError(
      `The seed in the file's metadata must be an integer from 0 to ${2 ** 32 - 1}; got ${quote(text)}.`,
      headerStart,
      { cause },
    );
  }
}
