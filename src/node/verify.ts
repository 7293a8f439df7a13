/** Whether a file is one of MNIST's own four. */
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { gunzip, isGzip } from '../data/gzip.ts';
import type { MnistFile } from '../data/mnist.ts';
import { FormatError } from '../errors.ts';

/** No packed form of a file is larger than the file by more than this. */
export const packingOverheadBytes = 1 << 16;

/** How a file is kept. */
export type Packing = 'gzip' | 'plain';

/**
 * Checks the size and the SHA-256 of the unpacked file at `path`.
 * @returns how it is packed
 * @throws {FormatError} when it is another file or a damaged one, with both sizes or both hashes
 */
export async function verifyMnistFile(path: string, file: MnistFile): Promise<Packing> {
  const { size } = await stat(path);
  if (size > file.sizeBytes + packingOverheadBytes) {
    throw new FormatError(
      `${file.name} has ${size} bytes, and should have ${file.sizeBytes} unpacked.`,
      file.sizeBytes,
    );
  }
  return verifyMnistBytes(await readFile(path), file);
}

/** {@link verifyMnistFile} for a file's content. */
export async function verifyMnistBytes(bytes: Uint8Array, file: MnistFile): Promise<Packing> {
  const packing: Packing = isGzip(bytes) ? 'gzip' : 'plain';
  const unpacked = packing === 'gzip' ? await gunzip(bytes, file.sizeBytes, file.name) : bytes;
  if (unpacked.length !== file.sizeBytes) {
    throw new FormatError(
      `${file.name} has ${unpacked.length} bytes unpacked, and should have ${file.sizeBytes}.`,
      Math.min(unpacked.length, file.sizeBytes),
    );
  }
  const sha256 = createHash('sha256').update(unpacked).digest('hex');
  if (sha256 !== file.sha256) {
    throw new FormatError(`${file.name} has SHA-256 ${sha256}, and should have ${file.sha256}.`, 0);
  }
  return packing;
}
