/** How the programs of this folder start: their shared options, and Ctrl-C, errors and exit codes as in `nudge`. */
import { CommanderError, Option } from 'commander';

import { describeError, exitCodeOf, exitCodes, UsageError } from '../src/cli/errors.ts';
import { Interrupt } from '../src/cli/interrupt.ts';

/** @param main takes the arguments, and a signal that the first Ctrl-C aborts */
export async function runProgram(
  main: (args: readonly string[], signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const interrupt = new Interrupt(() =>
    log('Stopping after the current measurement. Press Ctrl-C again to stop at once.'),
  );
  try {
    await main(process.argv.slice(2), interrupt.signal);
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? 0 : exitCodes.usage;
    } else {
      if (error !== interrupt.interruption) log(`error: ${describeError(error)}`);
      process.exitCode = exitCodeOf(error);
    }
  } finally {
    interrupt.dispose();
  }
}

export function log(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** An option that takes a list of names, separated by commas. @throws {UsageError} on parsing a name that is not in `known` */
export function namesOption(flags: string, known: readonly string[]): Option {
  return new Option(flags, `any of ${known.join(', ')}`)
    .argParser((text) => {
      const names = text.split(',');
      const wrong = names.find((name) => !known.includes(name));
      if (wrong === undefined) return names;
      throw new UsageError(`${flags} does not know '${wrong}'. Known: ${known.join(', ')}.`);
    })
    .default(known, 'all');
}

export function browsersOption(defaults: readonly string[]): Option {
  return new Option('--browsers <names>', "chromium, firefox, or paths of browsers; '': none")
    .argParser((text) => text.split(',').filter(Boolean))
    .default(defaults, defaults.join(','));
}
