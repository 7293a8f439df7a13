/** The program `nudge`: its commands, and the exit codes of their errors. */
import { Command, CommanderError } from 'commander';

import { addCommand, type CommandDefinition, type Context } from './command.ts';
import { bench } from './commands/bench.ts';
import { check } from './commands/check.ts';
import { compare } from './commands/compare.ts';
import { mnist } from './commands/data.ts';
import { doctor } from './commands/doctor.ts';
import { evaluate } from './commands/evaluate.ts';
import { shader } from './commands/shader.ts';
import { sweep } from './commands/sweep.ts';
import { train } from './commands/train.ts';
import { tune } from './commands/tune.ts';
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
    // Commander has printed its message already. It uses exit code 1 for every wrong usage; nudge uses 2.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitCodes.usage;
    if (error instanceof Interruption) terminal.note(error.message);
    else terminal.error(describeError(error));
    return exitCodeOf(error);
  }
}

/** Declares all commands with their options and actions. */
export function createProgram(context: Context, terminal: Terminal): Command {
  const { streams } = context;
  const helpCommand = ['help [command]', 'show help for a command'] as const;
  const program = new Command('nudge')
    .description(
      'Trains neural networks on the GPU with WebGPU and verifies the results against a CPU reference.',
    )
    .version(nudgeVersion(), '-V, --version', 'show the version')
    .helpOption('-h, --help', 'show this help')
    .helpCommand(...helpCommand)
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => streams.stdout.write(text),
      writeErr: (text) => streams.stderr.write(text),
      outputError: (text) => terminal.error(text.replace(/^error: /, '').trimEnd()),
    })
    .addHelpText(
      'after',
      `
Examples:
  nudge doctor                  show what this machine can train with
  nudge train                   train a first network
  nudge bench                   compare the GPU with the CPU

Run 'nudge help <command>' for a command's options.

${exitCodeHelp}`,
    );
  const add = (parent: Command, definitions: readonly CommandDefinition<never>[]) => {
    for (const definition of definitions) addCommand(parent, context, definition);
  };
  add(program, [train, sweep, evaluate, bench, compare, check]);
  const data = program.command('data').summary('download training data');
  add(data.description('Downloads training data.').helpCommand(...helpCommand), [mnist]);
  add(program, [doctor, tune, shader]);
  return program;
}
