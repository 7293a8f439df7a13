/**
 * How errors travel between threads and programs: nudge's own as the name of their class and their fields, so that
 * `error instanceof LimitError` holds on the other side.
 */
import * as errors from '../errors.ts';

/** An error as plain data. */
export interface WireError {
  /** The exported name of its class in errors.ts, or the name that a foreign error gives itself. */
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly cause: WireError | undefined;
  /** What a class of nudge's adds: the reason of a lost device, the offset in a file. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** By their exported names: the classes themselves have shorter ones in a minified page. */
const classes = Object.entries(errors) as unknown as [string, typeof errors.NudgeError][];

export function encodeError(thrown: unknown): WireError {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const { message, stack, cause } = error;
  const own = classes.find(([, Class]) => error.constructor === Class);
  return {
    name: own?.[0] ?? error.name,
    message,
    stack,
    cause: cause === undefined ? undefined : encodeError(cause),
    fields: own ? Object.fromEntries(Object.entries(error)) : {},
  };
}

/** The same error again: of the same class where it is one of nudge's, a plain Error of that name where not. */
export function decodeError({ name, message, stack, cause, fields }: WireError): Error {
  const error = new Error(message, cause && { cause: decodeError(cause) });
  const own = classes.find(([known]) => known === name);
  if (own) Object.setPrototypeOf(error, own[1].prototype);
  // Where it happened on the other side says more than where it was decoded.
  return Object.assign(error, fields, { name }, stack !== undefined && { stack });
}
