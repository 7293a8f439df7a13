/** The program `nudge`: its commands, and what becomes of their errors. */
import { Command, CommanderError } from 'commander';

import { addBench } from './commands/bench.ts';
import { addCheck } from './commands/check.ts';
import { addCompare } from './commands/compare.ts';
import { addData } from './commands/data.ts';
import { addDoctor } from './commands/doctor.ts';
import { addEvaluate } from './commands/evaluate.ts';
import { addShader } from './commands/shader.ts';
import { addSweep } from './commands/sweep.ts';
import { addTrain } from './commands/train.ts';
import { addTune } from './commands/tune.ts';
import type { Context } from './context.ts';
import { describeError, exitCodeHelp, exitCodeOf, exitCodes, Interruption } from './errors.ts';
import { Terminal, type Streams } from './terminal.ts';
import { nudgeVersion } from './versions.ts';

/**
 * Runs the command line.
 * @param args without the names of Node and the script
 * @returns the exit code
 */
export async function runCommandLine(args: readonly string[], streams: Streams): Promise<number> {
  const terminal = new Terminal(streams);
  let exitCode: number = exitCodes.success;
  const context: Context = { streams, exit: (code) => (exitCode = code) };
  const program = createProgram(context, terminal);
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    // Commander has said what there is to say. Its own code is 1 for every wrong usage.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitCodes.usage;
    if (error instanceof Interruption) terminal.note(error.message);
    else terminal.error(describeError(error));
    return exitCodeOf(error);
  }
}

/** The commands and their options; what each does is its action. */
export function createProgram(context: Context, terminal: Terminal): Command {
  const { streams } = context;
  const program = new Command('nudge')
    .description(
      'Trains neural networks on the GPU with WebGPU, and proves its numbers against a CPU reference.',
    )
    .version(nudgeVersion(), '-V, --version', 'show the version')
    .helpOption('-h, --help', 'show this help')
    .helpCommand('help [command]', 'show the help of a command')
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => streams.stdout.write(text),
      writeErr: (text) => streams.stderr.write(text),
      outputError: (text) => terminal.error(text.replace(/^error: /, '').trimEnd()),
    })
    .addHelpText(
      'after',
      "\nExamples:\n  nudge doctor                  what this machine has\n  nudge train                   a first network\n  nudge bench                   the GPU against the CPU\n\nRun 'nudge help <command>' for a command's options.\n\n" +
        exitCodeHelp,
    );
  for (const addCommand of [
    addTrain,
    addSweep,
    addEvaluate,
    addBench,
    addCompare,
    addCheck,
    addData,
    addDoctor,
    addTune,
    addShader,
  ])
    addCommand(program, context);
  return program;
}
