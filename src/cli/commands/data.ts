/** `nudge data mnist`. */
import { join } from 'node:path';

import { downloadMnist, mnistMirrors, type DownloadProgress } from '../../node/download.ts';
import type { CommandDefinition, Run } from '../command.ts';
import { Interruption } from '../errors.ts';
import * as option from '../options.ts';
import { plural } from '../table.ts';
import type { Bar, Terminal } from '../terminal.ts';

interface MnistOptions {
  readonly folder: string;
  readonly mirror?: string;
}

export const mnist: CommandDefinition<MnistOptions> = {
  name: 'mnist',
  summary: 'download MNIST',
  description:
    'Downloads the four MNIST files (11 MB) and checks their SHA-256. Files that are already there and correct are kept. ' +
    'After Ctrl-C or a broken connection, the same command downloads the missing files.',
  simple: [
    option.text('--folder <folder>', 'destination').default(join('data', 'mnist'), 'data/mnist'),
  ],
  advanced: [
    option.text(
      '--mirror <url>',
      `instead of ${mnistMirrors.map((url) => new URL(url).host).join(' and ')}`,
    ),
  ],
  examples: ['nudge data mnist', 'nudge data mnist --folder ~/mnist'],
  work: runMnist,
};

async function runMnist(
  { terminal, interrupt: { signal } }: Run,
  { folder, mirror }: MnistOptions,
): Promise<void> {
  try {
    const mirrors = mirror === undefined ? undefined : [mirror];
    const onProgress = showProgress(terminal);
    const result = await downloadMnist({ folder, mirrors, signal, onProgress });
    terminal.stopBar();
    for (const name of result.movedAside) {
      terminal.note(`A file that was not MNIST's was renamed to ${join(result.folder, name)}.`);
    }
    const { fetched, kept } = result;
    const there = kept.length > 0 ? `, ${plural(kept.length, 'file')} already there` : '';
    terminal.result(
      `MNIST is in ${result.folder}: ${plural(fetched.length, 'file')} downloaded${there}. All SHA-256 sums match.`,
    );
  } catch (error) {
    if (error instanceof Interruption) {
      terminal.note(`Complete files are kept in ${folder}; the same command fetches the rest.`);
    }
    throw error;
  }
}

/** Shows one bar per file. */
function showProgress(terminal: Terminal) {
  let bar: Bar | undefined;
  let current: string | undefined;
  return ({ file, receivedBytes, totalBytes }: DownloadProgress) => {
    const received = `${(receivedBytes / 1e6).toFixed(1)} MB`;
    if (file !== current) {
      // A bar needs the total length, which some servers do not send.
      const format = totalBytes === undefined ? '' : '[{bar}] {percentage}%';
      bar = terminal.bar(`{file} ${format}  {received}`, totalBytes ?? 1, { file, received });
      current = file;
    }
    bar?.update(totalBytes === undefined ? 0 : receivedBytes, { received });
  };
}
