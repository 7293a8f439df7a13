/** Results that come from elsewhere: files and links, which may be by strangers. */
import { decodeLink } from '../../benchmark/result/link.ts';
import { maxCharacters, readResult } from '../../benchmark/result/read.ts';
import type { BenchmarkResult } from '../../benchmark/result/schema.ts';
import { FormatError } from '../../errors.ts';

/** A result and where it is from. */
export interface OpenedResult {
  readonly result: BenchmarkResult;
  /** For people: a file's name, or 'a link'. */
  readonly origin: string;
}

/** A character takes so many bytes at most. */
const maxBytes = 4 * maxCharacters;

/**
 * Reads a saved result.
 * @throws {FormatError} for a file that holds none
 */
export async function openFile(file: File): Promise<OpenedResult> {
  if (file.size > maxBytes) {
    throw new FormatError(
      `${file.name} has ${file.size} bytes, and a result has at most ${maxBytes}. Choose a JSON file that nudge saved.`,
      maxBytes,
    );
  }
  let text: string;
  try {
    text = await file.text();
  } catch (cause) {
    throw new FormatError(`${file.name} cannot be read (${String(cause)}). Choose it again.`, 0, {
      cause,
    });
  }
  try {
    return { result: readResult(text), origin: file.name };
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new FormatError(`${file.name}: ${cause.message}`, cause.offset, { cause });
  }
}

/**
 * Reads the result that an address carries.
 * @param hash as `location.hash` has it
 * @throws {FormatError} for a link that carries none, or was cut off on its way
 */
export async function openLink(hash: string): Promise<OpenedResult> {
  return { result: await decodeLink(hash), origin: 'from a link' };
}
