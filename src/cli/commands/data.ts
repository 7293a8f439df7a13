/** `nudge data mnist`. */
import { join } from 'node:path';

import { Option, type Command } from 'commander';

import { downloadMnist, mnistMirrors, type DownloadProgress } from '../../node/download.ts';
import { inRun, type Context } from '../context.ts';
import { FileError, Interruption } from '../errors.ts';
import { reasonOf } from '../files.ts';
import * as option from '../options.ts';
import { plural } from '../table.ts';
import type { Bar, Terminal } from '../terminal.ts';

interface MnistOptions {
  readonly folder: string;
  readonly mirror?: string;
}

export function addData(program: Command, context: Context): void {
  const data = program
    .command('data')
    .summary('get data to train on')
    .description('Gets data to train on.')
    .helpCommand('help [command]', 'show the help of a command');
  const mnist = data
    .command('mnist')
    .summary('download MNIST')
    .description(
      'Downloads the four files of MNIST, 11 MB, and checks their SHA-256. Files that are there and right are kept. ' +
        'After Ctrl-C, or a connection that broke, the same command fetches the files that are missing.',
    );
  option.add(
    mnist,
    'simple',
    new Option('--folder <folder>', 'where to').default(join('data', 'mnist'), 'data/mnist'),
  );
  option.add(
    mnist,
    'advanced',
    new Option(
      '--mirror <url>',
      `instead of ${mnistMirrors.map((url) => new URL(url).host).join(' and ')}`,
    ),
  );
  option.addHelp(mnist, 'nudge data mnist', 'nudge data mnist --folder ~/mnist');
  mnist.action((options: MnistOptions) => runMnist(options, context));
}

async function runMnist({ folder, mirror }: MnistOptions, context: Context): Promise<void> {
  await inRun(context, { onInterrupt: 'Stopping.' }, async ({ terminal, interrupt }) => {
    const progress = showProgress(terminal);
    try {
      const result = await downloadMnist({
        folder,
        mirrors: mirror === undefined ? undefined : [mirror],
        signal: interrupt.signal,
        onProgress: progress.update,
      });
      progress.stop();
      for (const name of result.movedAside) {
        terminal.note(`A file that was not MNIST's is now ${join(result.folder, name)}.`);
      }
      const { fetched, kept } = result;
      const there = kept.length > 0 ? `, ${plural(kept.length, 'file')} there already` : '';
      terminal.result(
        `MNIST is in ${result.folder}: ${plural(fetched.length, 'file')} fetched${there}, all checked by SHA-256.`,
      );
    } catch (error) {
      if (error instanceof Interruption) {
        terminal.note(`Complete files are kept in ${folder}; the same command fetches the rest.`);
      }
      if (isSystemError(error)) {
        throw new FileError(
          `MNIST cannot be kept in '${folder}': ${reasonOf(error)}. Make room there, or name another folder with --folder.`,
          { cause: error },
        );
      }
      throw error;
    } finally {
      progress.stop();
    }
  });
}

/** Whether the operating system refused something, and not nudge or a mirror. */
function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error;
}

const bytesPerMegabyte = 1e6;

function showProgress(terminal: Terminal) {
  let bar: Bar | undefined;
  let current: string | undefined;
  return {
    update: ({ file, receivedBytes, totalBytes }: DownloadProgress) => {
      const megabytes = receivedBytes / bytesPerMegabyte;
      const received = `${megabytes.toFixed(1)} MB`;
      if (file !== current) {
        bar?.stop();
        // Without a length there is nothing to draw a bar of.
        const format =
          totalBytes === undefined
            ? '{file}  {received}'
            : '{file} [{bar}] {percentage}%  {received}';
        bar = terminal.bar(format, totalBytes ?? 1, { file, received });
        current = file;
      }
      bar?.update(totalBytes === undefined ? 0 : receivedBytes, { received });
    },
    stop: () => bar?.stop(),
  };
}
