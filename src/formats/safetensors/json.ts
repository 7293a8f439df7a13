import { FormatError } from '../../errors.ts';
import { escapeInvisible } from '../../network/arguments.ts';

/**
 * Reads the JSON of a safetensors header from left to right. The caller asks for one value after
 * the other. A header consists only of objects, arrays, strings and integers.
 *
 * `JSON.parse` does not fit: it silently keeps the last of two equal keys, loses a key named
 * `__proto__`, rounds large numbers, and cannot give the byte of the file where a fault is.
 * The reader builds only what the caller keeps and never recurses, so that the cost of a hostile header
 * is proportional to its length.
 */
export class JsonReader {
  readonly #text: string;
  readonly #firstByte: number;
  #position = 0;

  /**
   * @param text the JSON, decoded from valid UTF-8
   * @param firstByte offset of the text in the file, for error offsets
   */
  constructor(text: string, firstByte: number) {
    this.#text = text;
    this.#firstByte = firstByte;
  }

  /** Position of the next value, in UTF-16 units. {@link fail} takes it. */
  get position(): number {
    this.#skipSpace();
    return this.#position;
  }

  /** @throws {FormatError} always, with the byte offset of `position` in the file */
  fail(message: string, position = this.position, options?: ErrorOptions): never {
    throw new FormatError(message, this.byteOffset(position), options);
  }

  /** The byte offset in the file of a position, which counts UTF-16 units. */
  byteOffset(position: number): number {
    return this.#firstByte + new TextEncoder().encode(this.#text.slice(0, position)).length;
  }

  /**
   * Reads an object. `onMember` must read exactly the value of each key.
   * @throws {FormatError} for a key that occurs twice, or `__proto__`, which plain objects lose
   */
  object(what: string, onMember: (key: string, position: number) => void): void {
    const seen = new Map<string, number>();
    this.#sequence(what, '{', '}', () => {
      const position = this.position;
      const key = this.string(`a key of ${what}`);
      const first = seen.get(key);
      if (first !== undefined) {
        this.fail(
          `Key ${quote(key)} occurs twice in ${what}, at bytes ${this.byteOffset(first)} and ` +
            `${this.byteOffset(position)} of the file. Keep one of them.`,
          position,
        );
      }
      if (key === '__proto__') {
        this.fail(`Key '__proto__' is not allowed in ${what}.`, position);
      }
      seen.set(key, position);
      if (!this.#take(':')) this.#expected(`':' after key ${quote(key)}`);
      onMember(key, position);
    });
  }

  /** Reads an array. `onItem` must read exactly one value. */
  array(what: string, onItem: () => void): void {
    this.#sequence(what, '[', ']', onItem);
  }

  string(what: string): string {
    if (!this.#take('"')) this.#expected(`${what}, a string`);
    const start = this.#position;
    let escaped = false;
    for (let end = start; end < this.#text.length; end++) {
      const code = this.#text.charCodeAt(end);
      if (code < 0x20) this.fail(`There is a control character in ${what}.`, end);
      if (code === 0x5c) {
        escaped = true;
        end++; // the escaped character may be a quotation mark
      } else if (code === 0x22) {
        this.#position = end + 1;
        const raw = this.#text.slice(start, end);
        return escaped ? this.#unescape(raw, start, what) : raw;
      }
    }
    return this.fail(`The header ends within ${what}.`, this.#text.length);
  }

  /** Reads an integer from 0 to 2⁵³ − 1, written without sign, point or exponent. */
  wholeNumber(what: string): number {
    const position = this.position;
    // No valid number has 32 digits. The limit keeps a megabyte of digits out of the message.
    const [token = ''] = /^[-+.\w]{0,32}/.exec(this.#text.slice(position, position + 32)) ?? [];
    const value = Number(token);
    if (!/^(?:0|[1-9]\d*)$/.test(token) || !Number.isSafeInteger(value)) {
      this.#expected(
        `${what}, an integer from 0 to ${Number.MAX_SAFE_INTEGER}`,
        token || undefined,
      );
    }
    this.#position += token.length;
    return value;
  }

  /** @throws {FormatError} when anything but space is left */
  end(): void {
    if (this.position < this.#text.length) this.#expected('the end of the header');
  }

  #sequence(what: string, open: string, close: string, onItem: () => void): void {
    if (!this.#take(open)) this.#expected(`${what}, which begins with '${open}'`);
    if (this.#take(close)) return;
    do onItem();
    while (this.#take(','));
    if (!this.#take(close)) this.#expected(`',' or '${close}' in ${what}`);
  }

  #take(character: string): boolean {
    if (this.#text[this.position] !== character) return false;
    this.#position++;
    return true;
  }

  #skipSpace(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#position);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.#position++;
    }
  }

  #unescape(raw: string, start: number, what: string): string {
    let text: string;
    try {
      text = JSON.parse(`"${raw}"`) as string;
    } catch (cause) {
      return this.fail(`An escape in ${what} is not valid JSON.`, start, { cause });
    }
    // \ud800 alone is not a character and could not be written to a file again.
    if (/\p{Surrogate}/u.test(text)) this.fail(`There is half a surrogate pair in ${what}.`, start);
    return text;
  }

  #expected(what: string, found?: string): never {
    const position = this.position;
    const here = found ?? this.#text.slice(position, position + 1);
    return this.fail(`Expected ${what}; got ${here === '' ? 'nothing' : quote(here)}.`, position);
  }
}

/** A name from a file, for a message: quoted, escaped and shortened if it is long. */
export function quote(name: string): string {
  const shown = name.length > 80 ? `${name.slice(0, 79)}…` : name;
  return `'${escapeInvisible(JSON.stringify(shown).slice(1, -1)).replaceAll('\\"', '"')}'`;
}
