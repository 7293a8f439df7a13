/** Checks that a file is one of MNIST's own four. */
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { gunzip, isGzip } from '../data/gzip.ts';
import type { MnistFile } from '../data/mnist.ts';
import { FormatError } from '../errors.ts';

/** The most bytes by which a packed file can be larger than the unpacked one. */
export const packingOverheadBytes = 1 << 16;

/** How a file is stored. */
export type Packing = 'gzip' | 'plain';

/**
 * Checks the size and the SHA-256 of the unpacked file at `path`.
 * @returns how it is packed
 * @throws {FormatError} when it is another or a damaged file; the message has both sizes or both hashes
 */
export async function verifyMnistFile(path: string, file: MnistFile): Promise<Packing> {
  const { size } = await stat(path);
  if (size > file.sizeBytes + packingOverheadBytes) {
    throw new FormatError(
      `${file.name} must have ${file.sizeBytes} bytes unpacked; got a file of ${size}.`,
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
      `${file.name} must have ${file.sizeBytes} bytes unpacked; got ${unpacked.length}.`,
      Math.min(unpacked.length, file.sizeBytes),
    );
  }
  const sha256 = createHash('sha256').update(unpacked).digest('hex');
  if (sha256 !== file.sha256) {
    throw new FormatError(`${file.name} must have SHA-256 ${file.sha256}; got ${sha256}.`, 0);
  }
  return packing;
}
