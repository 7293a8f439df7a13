import { expect } from 'vitest';

/** The error that `promise` rejects with, which must be of class `type`. */
export async function failureOf<T extends Error>(
  promise: Promise<unknown>,
  type: abstract new (...parameters: never[]) => T,
): Promise<T> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(type);
  return error as T;
}
