/** Opens results from files and links, which may come from strangers. */
import { decodeLink } from '../../benchmark/result/link.ts';
import { maxCharacters, readResult } from '../../benchmark/result/read.ts';
import { FormatError } from '../../errors.ts';
import type { NamedResult } from './comparison.ts';

/** UTF-8 needs at most 4 bytes per character. */
const maxBytes = 4 * maxCharacters;

/** Reads a saved result. @throws {FormatError} if the file does not contain one */
export async function openFile(file: File): Promise<NamedResult> {
  const { name, size } = file;
  if (size > maxBytes) {
    throw new FormatError(
      `${name} has ${size} bytes, and a result has at most ${maxBytes}. Choose a JSON file that nudge saved.`,
      maxBytes,
    );
  }
  const text = await file.text().catch((cause: unknown) => {
    throw new FormatError(`${name} cannot be read (${String(cause)}). Choose it again.`, 0, {
      cause,
    });
  });
  try {
    return { result: readResult(text), name };
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new FormatError(`${name}: ${cause.message}`, cause.offset, { cause });
  }
}

/**
 * Reads the result in a link.
 * @param hash `location.hash`
 * @throws {FormatError} if the link contains no result, or was cut off
 */
export async function openLink(hash: string): Promise<NamedResult> {
  return { result: await decodeLink(hash), name: 'from a link' };
}
