#!/usr/bin/env node
/** The command `nudge`. */
import { describeError, exitCodes } from './errors.ts';
import { runCommandLine } from './program.ts';
import { tolerateClosedPipes } from './terminal.ts';

const { stdout, stderr } = process;
tolerateClosedPipes(stdout, stderr);
process.on('uncaughtException', (error) => {
  stderr.write(`error: ${describeError(error)}\n`);
  process.exit(exitCodes.failure);
});
process.exitCode = await runCommandLine(process.argv.slice(2), {
  stdout,
  stderr,
  environment: process.env,
});
