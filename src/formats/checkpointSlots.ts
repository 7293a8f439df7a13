/**
 * Keeps the newest checkpoint in two files that are written in turn. A crash while one is written leaves the other whole.
 */
import { FileError, FormatError } from '../errors.ts';
import { requireBytes } from '../network/arguments.ts';
import { requireSealed, seal } from './seal.ts';

/** Where {@link CheckpointSlots} keeps its two files. */
export interface SlotStorage {
  /** The place in words, for messages: the path of a folder. */
  readonly place: string;
  /** The content of a file; undefined if there is none. */
  read(name: string): Promise<Uint8Array | undefined>;
  /**
   * Replaces a file as a whole: after a failure or a crash, the file is the old one or the new one; if there was none, it
   * may be empty. It resolves when the new one survives a power failure, as far as the platform can promise this.
   */
  write(name: string, bytes: Uint8Array): Promise<void>;
}

export interface NewestCheckpoint {
  /** For `Trainer.resume`. */
  readonly bytes: Uint8Array;
  /** Counts the checkpoints written to this place, from 1. */
  readonly sequence: number;
  /** Why the other file was not used, as a sentence; undefined if it is whole and older, or missing. */
  readonly problem?: string;
}

const names = ['a.safetensors', 'b.safetensors'] as const;
type SlotName = (typeof names)[number];

/** Two files for checkpoints. Only one writer at a time may use a place. */
export class CheckpointSlots {
  readonly #storage: SlotStorage;
  /** The number and the file of the next checkpoint; undefined until the files have been read. */
  #next: { readonly sequence: number; readonly name: SlotName } | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(storage: SlotStorage) {
    this.#storage = storage;
  }

  /** The place in words. */
  get place(): string {
    return this.#storage.place;
  }

  /**
   * Writes a checkpoint in place of the older one, and numbers it. Calls are done one after another.
   * @param bytes the result of `Trainer.checkpoint`
   * @returns the sequence number, when the checkpoint is written to the end
   * @throws {FileError} when it cannot be written, or the files that are there cannot be read before the first writing. The
   *   newest checkpoint is still there
   */
  async write(bytes: Uint8Array): Promise<number> {
    requireBytes('A checkpoint', bytes);
    const written = this.#last.then(() => this.#write(bytes));
    this.#last = written.catch(() => undefined);
    return await written;
  }

  /**
   * The newest checkpoint that is whole; undefined if there is no file.
   * @throws {FormatError} when there are files, but none is a whole checkpoint
   * @throws {FileError} when there are files that cannot be read, and none that can
   */
  async readNewest(): Promise<NewestCheckpoint | undefined> {
    const { newest, problems } = await this.#readAll();
    const sentences = problems.map(({ sentence }) => sentence).join(' ');
    if (!newest) {
      if (problems.length === 0) return undefined;
      const message = `There is no whole checkpoint in ${this.place}. ${sentences}`;
      const isDamaged = problems.some(({ error }) => error instanceof FormatError);
      throw isDamaged ? new FormatError(message, 0) : new FileError(message);
    }
    const { bytes, sequence } = newest;
    return { bytes, sequence, ...(problems.length > 0 && { problem: sentences }) };
  }

  async #write(bytes: Uint8Array): Promise<number> {
    if (!this.#next) {
      const { newest, problems } = await this.#readAll();
      // A file that cannot be read now may hold the newest checkpoint, and its number. A damaged one is replaced.
      const unread = problems.find(({ error }) => error instanceof FileError);
      if (unread) throw unread.error;
      this.#next = { sequence: (newest?.sequence ?? 0) + 1, name: otherThan(newest?.name) };
    }
    const { sequence, name } = this.#next;
    const sealed = await seal(bytes, sequence);
    await this.#storage.write(name, sealed);
    this.#next = { sequence: sequence + 1, name: otherThan(name) };
    return sequence;
  }

  /** Holds at most two files at a time. */
  async #readAll() {
    let newest: (NewestCheckpoint & { readonly name: SlotName }) | undefined;
    const problems: { readonly error: Error; readonly sentence: string }[] = [];
    let empty: SlotName | undefined;
    for (const name of names) {
      try {
        const bytes = await this.#storage.read(name);
        if (!bytes) continue;
        if (bytes.length === 0) empty = name;
        const sequence = await requireSealed(bytes);
        if (!newest || sequence > newest.sequence) newest = { bytes, sequence, name };
      } catch (error) {
        if (!(error instanceof FormatError || error instanceof FileError)) throw error;
        problems.push({ error, sentence: `The file ${name} was not used: ${error.message}` });
      }
    }
    // Browsers create a file before they fill it. A crash in the first write of all leaves the first file empty, one in the
    // second write the second file. Neither has lost anything.
    const written = newest?.sequence ?? 0;
    const isFirstOfFile = problems.length === 1 && empty !== undefined && names[written] === empty;
    return { newest, problems: isFirstOfFile ? [] : problems };
  }
}

function otherThan(name: SlotName | undefined): SlotName {
  return name === names[0] ? names[1] : names[0];
}
