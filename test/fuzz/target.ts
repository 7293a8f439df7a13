/** What the fuzz tests try: a reader, hostile cases for it, and what it may do with them. */
import assert from 'node:assert/strict';

import fc from 'fast-check';

import { FormatError } from '../../src/errors.ts';

export interface Target {
  readonly name: string;
  /** How many of the cases it gets, relative to the others: those that take long get fewer. */
  readonly weight: number;
  readonly cases: fc.Arbitrary<unknown>;
  /** Whether it refuses anything; an address that is wrong in parts is read in parts. */
  readonly refuses: boolean;
  /**
   * Reads a case, and checks what was read.
   * @returns whether it was read; false if it was refused with a typed error
   * @throws anything else that the reader throws, and an AssertionError if what was read is not valid
   */
  readonly take: (input: unknown) => Promise<boolean>;
}

type ErrorClass = abstract new (...parameters: never[]) => Error;

/** @param errors that the reader may throw; default: FormatError */
export function target<Input>(
  name: string,
  cases: fc.Arbitrary<Input>,
  read: (input: Input) => unknown,
  { errors = [FormatError], weight = 1 }: { errors?: readonly ErrorClass[]; weight?: number } = {},
): Target {
  const take = async (input: unknown) => {
    try {
      await read(input as Input);
      return true;
    } catch (error) {
      if (!errors.some((type) => error instanceof type)) throw error;
      requireSentence(error as Error);
      return false;
    }
  };
  return { name, weight, cases, refuses: errors.length > 0, take };
}

/** A message shows little of a stranger's text, and nothing that a terminal obeys. */
function requireSentence(error: Error): void {
  const { message } = error;
  assert.match(message, /^(?:[A-Z'"]|nudge ).*[.)]$/s);
  assert.ok(message.length < 2000, `The message has ${message.length} characters.`);
  // eslint-disable-next-line no-control-regex -- they are what must not be there
  assert.doesNotMatch(message, /[\0-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/);
  if (error instanceof FormatError) assert.ok(Number.isInteger(error.offset) && error.offset >= 0);
}

export const utf8 = new TextEncoder();
export const product = (shape: readonly number[]) => shape.reduce((all, size) => all * size, 1);
