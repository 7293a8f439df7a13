/** The frame that every command shares: help, Ctrl-C, the JSON report and the exit code. */
import type { Command, Option } from 'commander';

import { exitCodeHelp } from './errors.ts';
import { prepareOutput } from './files.ts';
import { Interrupt } from './interrupt.ts';
import { formatJson } from './table.ts';
import { Terminal, type Streams } from './terminal.ts';
import { nudgeVersion } from './versions.ts';

export interface Context {
  readonly streams: Streams;
  /** Sets the exit code of a command that ends without an error. */
  readonly exit: (code: number) => void;
}

/** What the frame gives to a command's work. */
export interface Run extends Pick<Context, 'exit'> {
  readonly terminal: Terminal;
  readonly interrupt: Interrupt;
  /** Writes the `--json` report, headed by nudge's version and the command's name. */
  readonly report: (facts: object) => Promise<void>;
  /** Writes the `--json` report from text that is JSON already. */
  readonly reportText: (text: string) => Promise<void>;
  /** Registers a resource to be closed when the command ends, also after an error. */
  readonly onEnd: (close: () => Promise<void>) => void;
}

export interface CommandDefinition<Options> {
  readonly name: string;
  readonly summary: string;
  readonly description: string;
  /** Positional arguments in commander's notation ('<file>', '[kernel]') and their descriptions. */
  readonly operands?: Readonly<Record<string, string>>;
  readonly simple: readonly Option[];
  readonly advanced?: readonly Option[];
  readonly examples: readonly string[];
  /** Printed after the first Ctrl-C. Default: 'Stopping.' */
  readonly onInterrupt?: string;
  readonly work: (run: Run, options: Options, ...operands: string[]) => Promise<void>;
}

export function addCommand(
  program: Command,
  context: Context,
  definition: CommandDefinition<never>,
): void {
  const { name, summary, description, operands = {}, simple, advanced = [] } = definition;
  const command = program.command(name).summary(summary).description(description);
  for (const operand of Object.entries(operands)) command.argument(...operand);
  command.optionsGroup('Simple options:').helpOption('-h, --help', 'show this help');
  for (const option of simple) command.addOption(option);
  command.optionsGroup('Advanced options:');
  for (const option of advanced) command.addOption(option);
  const examples = definition.examples.map((example) => `  ${example}\n`).join('');
  command.addHelpText('after', `\nExamples:\n${examples}\n${exitCodeHelp}`);
  // Commander calls an action with the operands, the options and the command.
  command.action((...args: unknown[]) =>
    runCommand(definition, context, args.at(-2) as never, args.slice(0, -2) as string[]),
  );
}

async function runCommand(
  { name, onInterrupt = 'Stopping.', work }: CommandDefinition<never>,
  { streams, exit }: Context,
  options: never,
  operands: readonly string[],
): Promise<void> {
  const { json } = options as { readonly json?: string };
  const terminal = new Terminal(streams, { jsonOnStdout: json === '-' });
  const file = json === undefined || json === '-' ? undefined : await prepareOutput(json, '--json');
  const reportText = async (text: string) => {
    if (json === '-') terminal.json(text);
    await file?.write(text);
  };
  const report = (facts: object) =>
    reportText(`${formatJson({ nudge: nudgeVersion(), command: name, ...facts })}\n`);
  const interrupt = new Interrupt(() => terminal.note(onInterrupt));
  const closers: (() => Promise<void>)[] = [];
  const onEnd = (close: () => Promise<void>) => void closers.push(close);
  try {
    await work({ terminal, interrupt, exit, report, reportText, onEnd }, options, ...operands);
    if (interrupt.interruption) exit(interrupt.interruption.exitCode);
  } finally {
    terminal.stopBar();
    for (const close of closers.reverse()) await close();
    interrupt.dispose();
  }
}
