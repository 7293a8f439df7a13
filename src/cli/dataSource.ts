/** What `--data` names, and how Node reads it or a page gets it. */
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';

import type { JobData } from '../benchmark/trainJob.ts';
import { digits, type DigitsOptions } from '../data/digits/digits.ts';
import { mnistFiles, type MnistRole } from '../data/mnist.ts';
import { FormatError, MissingDataError } from '../errors.ts';
import { findMnistFolder, loadMnist, mnistFileNames, mnistFolder } from '../node/mnist.ts';
import type { Mount } from '../node/server.ts';
import type { PageDataSource } from '../page/jobs/remoteJob.ts';

export type DataSource =
  | { readonly kind: 'digits'; readonly options?: DigitsOptions }
  | { readonly kind: 'mnist'; readonly folder: string };

/** A source, and the sentence to say where the user did not name it. */
export interface FoundData {
  readonly source: DataSource;
  readonly note?: string;
}

/**
 * @param named 'mnist', 'digits' or a folder with MNIST's four files; undefined for what is there
 * @throws {MissingDataError} when the folder or one of its files is not there
 */
export async function findData(named: string | undefined): Promise<FoundData> {
  if (named === 'digits') return { source: { kind: 'digits' } };
  if (named === 'mnist') return { source: await mnistIn(mnistFolder()) };
  if (named !== undefined) return { source: await mnistIn(await requireFolder(named)) };

  const folder = await findMnistFolder();
  // A folder that the environment names, and that has no files, is a mistake to be told.
  if (folder !== undefined || isMnistFolderNamed()) {
    const source = await mnistIn(folder ?? mnistFolder());
    return { source, note: `Data: MNIST in ${source.folder}.` };
  }
  return {
    source: { kind: 'digits' },
    note: `Data: digits, which nudge draws itself; for MNIST, which is not in ${mnistFolder()}, run 'nudge data mnist'.`,
  };
}

function isMnistFolderNamed(): boolean {
  return (process.env.MNIST_DIR ?? '') !== '';
}

/** 'digits' or the folder, for reports. */
export function dataName(source: DataSource): string {
  return source.kind === 'digits' ? 'digits' : source.folder;
}

/** @throws {MissingDataError | FormatError} */
export async function loadData(source: DataSource): Promise<JobData> {
  if (source.kind === 'digits') return digits(source.options);
  try {
    return await loadMnist(source.folder);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw inFolder(error, source.folder);
  }
}

/** How a page gets the data, and the folder that the server must show for it. */
export async function dataForPage(
  source: DataSource,
): Promise<{ readonly data: PageDataSource; readonly mounts: readonly Mount[] }> {
  if (source.kind === 'digits') return { data: source, mounts: [] };
  const path = '/data/mnist/';
  const names = await mnistFileNames(source.folder);
  const urls = Object.fromEntries(
    Object.entries(names).map(([role, name]) => [role, path + name]),
  ) as Record<MnistRole, string>;
  return {
    data: { kind: 'mnist', urls },
    mounts: [{ path, folder: source.folder, files: Object.values(names) }],
  };
}

/** A page does not know where its files come from. */
export function inFolder(error: FormatError, folder: string): FormatError {
  return new FormatError(`In ${folder}: ${error.message}`, error.offset, { cause: error });
}

async function mnistIn(folder: string): Promise<DataSource & { readonly kind: 'mnist' }> {
  // Says which files are missing, before anything is loaded or a browser started.
  await mnistFileNames(folder);
  return { kind: 'mnist', folder };
}

async function requireFolder(named: string): Promise<string> {
  const folder = resolve(named);
  const isFolder = await stat(folder).then(
    (status) => status.isDirectory(),
    () => false,
  );
  if (isFolder) return folder;
  throw new MissingDataError(
    `There is no folder ${folder}. --data takes mnist, digits, or a folder with the ${mnistFiles.length} MNIST files.`,
  );
}
