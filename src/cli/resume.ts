import { UsageError } from './errors.ts';

/**
 * Refuses settings beside `--resume`, whose file has its own.
 * @param names of the options, in commander's spelling
 * @throws {UsageError} where one was given
 */
export function requireNotGiven<Options extends object>(
  options: Options,
  names: readonly (keyof Options & string)[],
): void {
  const given = names.filter((name) => options[name] !== undefined);
  if (given.length === 0) return;
  const flags = given.map((name) => `--${name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`);
  throw new UsageError(
    `--resume goes on with the settings of its file, and ${flags.join(' and ')} was given as well. Leave one of them out.`,
  );
}
