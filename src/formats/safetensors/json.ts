import { FormatError } from '../../errors.ts';

/**
 * Reads the JSON of a safetensors header from left to right, as the caller asks for one thing after
 * the other: an object, an array, a string, a whole number. Those four are all a header is made of.
 *
 * Not `JSON.parse`, because that keeps the last of two equal keys without a word, loses a key named
 * `__proto__`, rounds large numbers, and cannot say at which byte of the file a contradiction stands.
 * Nothing is built but what the caller keeps, and nothing recurses, so that a hostile header costs no
 * more than its own length.
 */
export class JsonReader {
  readonly #text: string;
  readonly #firstByte: number;
  #position = 0;

  /**
   * @param text the JSON, decoded from valid UTF-8
   * @param firstByte where in the file the text begins, for error offsets
   */
  constructor(text: string, firstByte: number) {
    this.#text = text;
    this.#firstByte = firstByte;
  }

  /** Where the next value begins; what {@link fail} takes. */
  get position(): number {
    this.#skipSpace();
    return this.#position;
  }

  /** @throws {FormatError} always, with the byte of the file that `position` is */
  fail(message: string, position = this.position, options?: ErrorOptions): never {
    throw new FormatError(message, this.byteOffset(position), options);
  }

  /** The byte of the file that `position` is: positions count UTF-16 units, files bytes. */
  byteOffset(position: number): number {
    return this.#firstByte + new TextEncoder().encode(this.#text.slice(0, position)).length;
  }

  /**
   * Reads an object; `onMember` must read exactly the value of each key.
   * @throws {FormatError} for a key that stands twice, or `__proto__`, which plain objects swallow
   */
  object(what: string, onMember: (key: string, position: number) => void): void {
    const seen = new Map<string, number>();
    this.#sequence(what, '{', '}', () => {
      const position = this.position;
      const key = this.string(`a key of ${what}`);
      const first = seen.get(key);
      if (first !== undefined) {
        this.fail(
          `Key ${quote(key)} stands twice in ${what}, at bytes ${this.byteOffset(first)} and ` +
            `${this.byteOffset(position)} of the file: which one counts is anyone's guess.`,
          position,
        );
      }
      if (key === '__proto__') {
        this.fail(`Key '__proto__' stands in ${what}; no honest file has one.`, position);
      }
      seen.set(key, position);
      if (!this.#take(':')) this.#expected(`':' after key ${quote(key)}`);
      onMember(key, position);
    });
  }

  /** Reads an array; `onItem` must read exactly one value. */
  array(what: string, onItem: () => void): void {
    this.#sequence(what, '[', ']', onItem);
  }

  string(what: string): string {
    if (!this.#take('"')) this.#expected(`${what}, a string`);
    const start = this.#position;
    let escaped = false;
    for (let end = start; end < this.#text.length; end++) {
      const code = this.#text.charCodeAt(end);
      if (code < 0x20) this.fail(`A control character stands in ${what}.`, end);
      if (code === 0x5c) {
        escaped = true;
        end++; // what is escaped may be a quotation mark
      } else if (code === 0x22) {
        this.#position = end + 1;
        const raw = this.#text.slice(start, end);
        return escaped ? this.#unescape(raw, start, what) : raw;
      }
    }
    return this.fail(`The header ends within ${what}.`, this.#text.length);
  }

  /** Reads a whole number from 0 to 2⁵³ − 1, written without sign, point or exponent. */
  wholeNumber(what: string): number {
    const position = this.position;
    // 32 digits are more than any number taken; a limit keeps a megabyte of digits out of the message.
    const [token = ''] = /^[-+.\w]{0,32}/.exec(this.#text.slice(position, position + 32)) ?? [];
    const value = Number(token);
    if (!/^(?:0|[1-9]\d*)$/.test(token) || !Number.isSafeInteger(value)) {
      this.#expected(
        `${what}, a whole number from 0 to ${Number.MAX_SAFE_INTEGER}`,
        token || undefined,
      );
    }
    this.#position += token.length;
    return value;
  }

  /** Makes sure that nothing but space is left. */
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
      return this.fail(`An escape in ${what} is none that JSON knows.`, start, { cause });
    }
    // \ud800 alone is no character and could not be written to a file again.
    if (/\p{Surrogate}/u.test(text)) this.fail(`Half a surrogate pair stands in ${what}.`, start);
    return text;
  }

  #expected(what: string, found?: string): never {
    const position = this.position;
    const here = found ?? this.#text.slice(position, position + 1);
    return this.fail(
      `The header should have ${what}, and has ${here === '' ? 'nothing' : quote(here)} there.`,
      position,
    );
  }
}

/** A name out of a file as it stands in a message: quoted, escaped, and cut when it is long. */
export function quote(name: string): string {
  const shown = name.length > 80 ? `${name.slice(0, 79)}…` : name;
  return `'${JSON.stringify(shown).slice(1, -1).replaceAll('\\"', '"')}'`;
}
