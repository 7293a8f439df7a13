import { PassThrough } from 'node:stream';

import { runCommandLine } from '../../src/cli/program.ts';

/** Runs the command line in this process, which is quicker than one of its own and enough for most. */
export async function run(...args: readonly string[]) {
  const text = { stdout: '', stderr: '' };
  const stream = (name: keyof typeof text) =>
    new PassThrough().on(
      'data',
      (chunk: Buffer) => (text[name] += chunk.toString()),
    ) as unknown as NodeJS.WriteStream;
  const streams = { stdout: stream('stdout'), stderr: stream('stderr'), environment: {} };
  return { code: await runCommandLine(args, streams), ...text };
}
