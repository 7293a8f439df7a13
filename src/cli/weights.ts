/** Networks in safetensors files. */
import { hashParameters } from '../benchmark/trainJob.ts';
import { loadParameters } from '../formats/parameters.ts';
import type { Network } from '../network/network.ts';
import { describeLoaded, type NetworkArguments } from './configure.ts';
import { readInput } from './files.ts';

/**
 * Loads the file that `--load` names.
 * @throws {FileError | FormatError} when it cannot be read, or is not a safetensors file
 * @throws {ConfigurationError} when its network differs from the one that the options describe
 */
export function loadNetwork(path: string, options: NetworkArguments): Promise<Network> {
  return readInput(path, '--load', (bytes) => loadParameters(bytes, describeLoaded(options)));
}

/** '784-16-16-10, 13,002 parameters' */
export function networkName({ layers, parameterCount }: Network): string {
  return `${layers.join('-')}, ${parameterCount.toLocaleString('en-US')} parameters`;
}

/** `--load` in a report. The hash identifies the weights even after the file has changed. */
export async function loadReport(load: string | undefined, loaded: Network | undefined) {
  return loaded ? { file: load, sha256: await hashParameters(loaded.parameters) } : null;
}
