/**
 * How values and errors travel between a Node program and the page that it drives: as JSON text, with
 * the three things that JSON loses on the way. Typed arrays go as base64, numbers that are not
 * finite by name (a cost of NaN must not arrive as null), and nudge's errors as the name of their
 * class and their fields, so that `error instanceof LimitError` holds on the other side.
 */
import * as errors from '../errors.ts';

/** JSON text of a value made of plain objects, arrays, strings, numbers, booleans, null and typed arrays. */
export function encode(value: unknown): string {
  // JSON has no top-level undefined, which a job without a result gives.
  return JSON.stringify({ value }, (_key, part: unknown) => {
    if (typeof part === 'number' && !Number.isFinite(part)) return { $number: String(part) };
    if (ArrayBuffer.isView(part)) {
      const type = part.constructor.name;
      if (!(type in arrayTypes))
        throw new TypeError(`A ${type} cannot travel to or from the page.`);
      const bytes = new Uint8Array(part.buffer, part.byteOffset, part.byteLength);
      return { $array: type, base64: toBase64(bytes) };
    }
    return part;
  });
}

/** What {@link encode} was given. */
export function decode(text: string): unknown {
  const { value } = JSON.parse(text, (_key, part: unknown) => {
    if (typeof part !== 'object' || part === null) return part;
    if ('$number' in part) return Number(part.$number);
    if ('$array' in part && 'base64' in part) {
      const create = arrayTypes[part.$array as keyof typeof arrayTypes];
      return create(fromBase64(part.base64 as string).buffer);
    }
    return part;
  }) as { value?: unknown };
  return value;
}

const arrayTypes = {
  Uint8Array: (buffer: ArrayBuffer) => new Uint8Array(buffer),
  Uint32Array: (buffer: ArrayBuffer) => new Uint32Array(buffer),
  Int32Array: (buffer: ArrayBuffer) => new Int32Array(buffer),
  Float32Array: (buffer: ArrayBuffer) => new Float32Array(buffer),
  Float64Array: (buffer: ArrayBuffer) => new Float64Array(buffer),
};

function toBase64(bytes: Uint8Array): string {
  // fromCharCode takes its bytes as arguments, of which an engine allows some ten thousands.
  const chunks: string[] = [];
  for (let start = 0; start < bytes.length; start += 8192) {
    chunks.push(String.fromCharCode(...bytes.subarray(start, start + 8192)));
  }
  return btoa(chunks.join(''));
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

/** An error as plain data. */
export interface WireError {
  /** The exported name of its class in errors.ts, or the name that a foreign error gives itself. */
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  /** Of a DeviceLostError. */
  readonly reason: string | undefined;
  /** Of a FormatError. */
  readonly offset: number | undefined;
  readonly cause: WireError | undefined;
}

export function encodeError(thrown: unknown): WireError {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  return {
    name: className(error) ?? error.name,
    message: error.message,
    stack: error.stack,
    reason: error instanceof errors.DeviceLostError ? error.reason : undefined,
    offset: error instanceof errors.FormatError ? error.offset : undefined,
    cause: error.cause === undefined ? undefined : encodeError(error.cause),
  };
}

/** The same error again: of the same class where it is one of nudge's, a plain Error of that name where not. */
export function decodeError(wire: WireError): Error {
  const options = wire.cause === undefined ? {} : { cause: decodeError(wire.cause) };
  const error = construct(wire, options);
  // Where it happened on the other side says more than where it was decoded.
  if (wire.stack !== undefined) error.stack = wire.stack;
  return error;
}

function construct(wire: WireError, options: ErrorOptions): Error {
  const { name, message } = wire;
  if (name === 'DeviceLostError') {
    const reason = wire.reason as errors.DeviceLostError['reason'];
    return new errors.DeviceLostError(reason, message, options);
  }
  if (name === 'FormatError') return new errors.FormatError(message, wire.offset!, options);
  const Class = new Map<string, unknown>(Object.entries(errors)).get(name);
  if (Class !== undefined) {
    return new (Class as typeof errors.NudgeError)(message, options);
  }
  const error = new Error(message, options);
  error.name = name;
  return error;
}

/**
 * The exported name of an error's class. The name that the class itself knows will not do, because a
 * minified page has shorter ones.
 */
function className(error: Error): string | undefined {
  return Object.entries(errors).find(([, Class]) => error.constructor === Class)?.[0];
}
