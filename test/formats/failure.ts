import { expect } from 'vitest';

/** The error that `run` throws, which must be of class `type`; a test then looks at its text and offset. */
export function failureOf<E extends Error>(
  type: new (...parameters: never[]) => E,
  run: () => unknown,
): E {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(type);
    return error as E;
  }
  throw new Error(`Nothing was thrown, and ${type.name} was expected.`);
}
