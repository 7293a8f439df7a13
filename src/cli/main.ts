#!/usr/bin/env node
/** The command `nudge`. */
import { describeError, exitCodes } from './errors.ts';
import { runCommandLine } from './program.ts';
import { tolerateWriteErrors } from './terminal.ts';

const { stdout, stderr } = process;
const report = (error: Error) => stderr.write(`error: ${describeError(error)}\n`);
tolerateWriteErrors([stdout, stderr], (error) => {
  report(error);
  process.exitCode = exitCodes.failure;
});
process.on('uncaughtException', (error) => {
  report(error);
  process.exit(exitCodes.failure);
});
const exitCode = await runCommandLine(process.argv.slice(2), {
  stdout,
  stderr,
  environment: process.env,
});
if (exitCode !== exitCodes.success) process.exitCode = exitCode;
