/** Weights files, in and out. */
import { FormatError } from '../errors.ts';
import { loadParameters, saveParameters } from '../formats/parameters.ts';
import type { Network } from '../network/network.ts';
import { describeLoaded, type NetworkArguments } from './configure.ts';
import { readInput, type OutputFile } from './files.ts';

/**
 * The network of the safetensors file that `--load` names.
 * @throws {FileError | FormatError} when it cannot be read, or is no such file
 * @throws {ConfigurationError} when it is another network than the options say
 */
export async function loadNetwork(path: string, options: NetworkArguments): Promise<Network> {
  const expected = describeLoaded(options);
  const bytes = await readInput(path, '--load');
  try {
    return loadParameters(bytes, expected);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new FormatError(`In ${path}: ${error.message}`, error.offset, { cause: error });
  }
}

export async function saveNetwork(file: OutputFile, network: Network): Promise<void> {
  await file.write(saveParameters(network));
}

/** '784-16-16-10, 13,002 parameters' */
export function networkName({ layers, parameterCount }: Network): string {
  return `${layers.join('-')}, ${parameterCount.toLocaleString('en-US')} parameters`;
}
