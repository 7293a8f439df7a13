/** Files that commands read and write. Outputs are checked before the work starts. */
import { access, constants, readFile, realpath, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

import * as v from 'valibot';

import { FormatError } from '../errors.ts';
import { escapeInvisible } from '../network/arguments.ts';
import { reasonOf, statusOf, writeWhole } from '../node/wholeFile.ts';
import { FileError, UsageError } from './errors.ts';

export { reasonOf } from '../node/wholeFile.ts';

/**
 * Reads and parses a file. A pipe is read to its end, because shells pass one for `<(command)`.
 * @param option that names the file, for the message: '--load'
 * @throws {FileError} when it cannot be read, or is a device, whose content may never end
 * @throws {FormatError} with the path in front, when `parse` throws one
 */
export async function readInput<T>(
  path: string,
  option: string,
  parse: (bytes: Uint8Array<ArrayBuffer>) => T,
): Promise<T> {
  const refuse = (why: string, cause?: unknown) =>
    new FileError(`The file '${path}' cannot be read: ${why}. Check the path given to ${option}.`, {
      cause,
    });
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    const status = await stat(path);
    if (status.isCharacterDevice() || status.isBlockDevice()) throw refuse('it is a device');
    bytes = Uint8Array.from(await readFile(path));
  } catch (cause) {
    throw cause instanceof FileError ? cause : refuse(reasonOf(cause), cause);
  }
  try {
    return parse(bytes);
  } catch (error) {
    throw located(error, path);
  }
}

/** Four times the characters of the longest result; plans, reports and results are far shorter. */
const maxTextBytes = 16_000_000;

/**
 * The text of a file. A parsed text takes many times its length, and a text of over 512 MB is more than Node can hold.
 * @throws {FormatError} for more than 16 MB
 */
export function textOf(bytes: Uint8Array): string {
  if (bytes.length > maxTextBytes) {
    throw new FormatError(
      `The file has ${bytes.length} bytes, but a text that nudge reads has at most ${maxTextBytes}. Check that it is the right file.`,
      maxTextBytes,
    );
  }
  return new TextDecoder().decode(bytes);
}

/** Puts the place in front of a FormatError's message. Other errors stay as they are. */
export function located(error: unknown, place: string): unknown {
  if (!(error instanceof FormatError)) return error;
  return new FormatError(`In ${place}: ${error.message}`, error.offset, { cause: error });
}

/**
 * Parses JSON and checks it.
 * @param expected name of what the file should be, for the message
 * @throws {FormatError} for text that is not JSON, or does not match the schema
 */
export function parseJson<T>(
  schema: v.GenericSchema<unknown, T>,
  text: string,
  expected: string,
): T {
  // Valibot's messages quote the value, which may be as long as the file.
  const refuse = (why: string) =>
    new FormatError(
      `This is not ${expected}: ${escapeInvisible(why.length > 300 ? `${why.slice(0, 300)}….` : why)}`,
      0,
    );
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw refuse(`it is not JSON (${(error as Error).message}).`);
  }
  const { success, output, issues } = v.safeParse(schema, value, { abortEarly: true });
  if (success) return output;
  throw refuse(`${v.getDotPath(issues[0]) ?? 'the whole'}: ${issues[0].message}.`);
}

/** A file that can be written, as far as this can be checked in advance. */
export interface OutputFile {
  readonly path: string;
  /** @throws {FileError} when it cannot be written after all; the file keeps its old content */
  write(content: Uint8Array | string): Promise<void>;
}

/**
 * Prepares the outputs that were asked for; see {@link prepareOutput}.
 * @param json path of the report, which no other output may share
 * @param paths by the option's name without dashes
 * @throws {UsageError} when two outputs share a file, or one cannot be written
 */
export async function prepareOutputs<Name extends string>(
  json: string | undefined,
  paths: Readonly<Record<Name, string | undefined>>,
): Promise<Readonly<Record<Name, OutputFile | undefined>>> {
  const options = new Map<string, string>();
  const files = {} as Record<Name, OutputFile | undefined>;
  for (const [name, path] of Object.entries({ json, ...paths })) {
    if (path === undefined) continue;
    const other = options.get(resolve(path));
    if (other !== undefined) {
      throw new UsageError(
        `--${other} and --${name} both name '${path}'. Give them different files.`,
      );
    }
    options.set(resolve(path), name);
    if (name !== 'json') files[name as Name] = await prepareOutput(path, `--${name}`);
  }
  return files;
}

/**
 * Checks that `path` can be written, without touching it.
 * @param option that names the file, for the message: '--save'
 * @throws {UsageError} when its folder is missing or read-only, its name is too long, or it is a folder
 */
export async function prepareOutput(path: string, option: string): Promise<OutputFile> {
  const refuse = (why: string, cause?: unknown) =>
    new UsageError(`${option} cannot write '${path}': ${why}`, { cause });
  try {
    const found = await statusOf(path);
    if (path === '' || found?.isDirectory() === true) {
      throw new UsageError(`${option} must name a file; '${path}' is a folder.`);
    }
    // A link keeps its place; the file it points to is replaced in that file's folder.
    const folder = dirname(found === undefined ? resolve(path) : await realpath(path));
    if ((await statusOf(folder))?.isDirectory() !== true) {
      throw refuse(`there is no folder ${folder}. Create it, or name another file.`);
    }
    // Replacing a file needs write permission for its folder; a pipe or a device needs its own.
    await access(found === undefined || found.isFile() ? folder : path, constants.W_OK);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw refuse(`${reasonOf(error)}. Name a file in a folder that you can write to.`, error);
  }
  return { path, write: (content) => writeOutput(path, content) };
}

/**
 * Writes several files, one after another. Each is written although another one fails.
 * @throws the failure; several as one {@link FileError} with all messages
 */
export async function writeAll(...writes: readonly (() => Promise<void>)[]): Promise<void> {
  const failures: Error[] = [];
  for (const write of writes) {
    await write().catch((error: unknown) => void failures.push(error as Error));
  }
  const [first, ...others] = failures;
  if (first === undefined) return;
  if (others.length === 0) throw first;
  const messages = failures.map(({ message }) => message);
  throw new FileError(messages.join('\n'), { cause: new AggregateError(failures) });
}

async function writeOutput(path: string, content: Uint8Array | string): Promise<void> {
  try {
    await writeWhole(path, content);
  } catch (cause) {
    throw new FileError(
      `The file '${path}' could not be written: ${reasonOf(cause)}. No part of it was left behind. Make room, or name another file.`,
      { cause },
    );
  }
}
