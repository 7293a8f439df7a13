/** How the programs of this folder are run: Ctrl-C, errors and exit codes as those of `nudge`. */
import { CommanderError } from 'commander';

import { describeError, exitCodeOf, exitCodes } from '../src/cli/errors.ts';
import { Interrupt } from '../src/cli/interrupt.ts';

/** @param main takes the arguments, and a signal that the first Ctrl-C aborts */
export async function runProgram(
  main: (args: readonly string[], signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const log = (line: string) => process.stderr.write(`${line}\n`);
  const interrupt = new Interrupt(() =>
    log('Stopping after the measurement under way. Press Ctrl-C again to end at once.'),
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
