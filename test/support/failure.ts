import { expect } from 'vitest';

/** What `promise` rejects with; a test fails where it does not reject. */
export async function rejectionOf(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(
    () => expect.fail('It was not rejected.'),
    (reason: unknown) => reason,
  );
}

/** The error that `promise` rejects with, which must be of class `type`. */
export async function failureOf<T extends Error>(
  promise: Promise<unknown>,
  type: abstract new (...parameters: never[]) => T,
): Promise<T> {
  const error = await rejectionOf(promise);
  expect(error).toBeInstanceOf(type);
  return error as T;
}

/** The error that `run` throws, which must be of class `type`; a test then looks at its text and offset. */
export function errorOf<T extends Error>(
  type: abstract new (...parameters: never[]) => T,
  run: () => unknown,
): T {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(type);
    return error as T;
  }
  return expect.fail(`Nothing was thrown, and ${type.name} was expected.`);
}
