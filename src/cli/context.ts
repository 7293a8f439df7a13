/** What a command is given by the program around it, and the frame that every run has. */
import type { OutputFile } from './files.ts';
import { prepareOutput } from './files.ts';
import { formatJson } from './json.ts';
import { Interrupt } from './interrupt.ts';
import { Terminal, type Streams } from './terminal.ts';

export interface Context {
  readonly streams: Streams;
  /** Takes the exit code of a command that ends without an error. */
  readonly exit: (code: number) => void;
}

/** Where a command's JSON report goes; checked before the work starts. */
export interface JsonReport {
  write(report: object): Promise<void>;
  /** Writes what is JSON already, with a line break at its end. */
  writeText(text: string): Promise<void>;
}

/** What a command that takes a while works with. */
export interface Run {
  readonly terminal: Terminal;
  readonly interrupt: Interrupt;
  readonly json: JsonReport;
}

/**
 * Runs a command's work, with Ctrl-C and the report taken care of.
 * @param onInterrupt what to say at the first Ctrl-C
 * @returns what the work returns
 */
export async function inRun<T>(
  { streams }: Context,
  options: { readonly json?: string | undefined; readonly onInterrupt: string },
  work: (run: Run) => Promise<T>,
): Promise<T> {
  const terminal = new Terminal(streams, { jsonOnStdout: options.json === '-' });
  const json = await prepareReport(options.json, terminal);
  const interrupt = new Interrupt(() => terminal.note(options.onInterrupt));
  try {
    return await work({ terminal, interrupt, json });
  } finally {
    interrupt.dispose();
  }
}

async function prepareReport(path: string | undefined, terminal: Terminal): Promise<JsonReport> {
  const writeText = await prepareText(path, terminal);
  return { writeText, write: (report) => writeText(`${formatJson(report)}\n`) };
}

async function prepareText(
  path: string | undefined,
  terminal: Terminal,
): Promise<JsonReport['writeText']> {
  if (path === undefined) return () => Promise.resolve();
  if (path === '-') {
    return (text) => {
      terminal.json(text.replace(/\n$/, ''));
      return Promise.resolve();
    };
  }
  const file: OutputFile = await prepareOutput(path, '--json');
  return (text) => file.write(text);
}
