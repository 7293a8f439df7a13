/** The data that `--data` names, and how Node or a page reads them. */
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';

import type { JobData } from '../benchmark/trainJob.ts';
import { digits, type DigitsOptions } from '../data/digits/digits.ts';
import { mnistFiles, type MnistRole } from '../data/mnist.ts';
import { MissingDataError } from '../errors.ts';
import { escapeInvisible } from '../network/arguments.ts';
import { findMnistFolder, loadMnist, mnistFileNames, mnistFolder } from '../node/mnist.ts';
import type { Mount } from '../node/server.ts';
import type { PageDataSource } from '../page/jobs/remoteJob.ts';
import { located } from './files.ts';

export type DataSource =
  | { readonly kind: 'digits'; readonly options?: DigitsOptions }
  | { readonly kind: 'mnist'; readonly folder: string };

export interface FoundData {
  readonly source: DataSource;
  /** Names the data that were chosen for the user. */
  readonly note?: string;
}

/**
 * @param named 'mnist', 'digits' or a folder with the MNIST files; undefined chooses MNIST if it is found, else digits
 * @throws {MissingDataError} when the folder or one of its files is missing
 */
export async function findData(named: string | undefined): Promise<FoundData> {
  if (named === 'digits') return { source: { kind: 'digits' } };
  if (named === 'mnist') return { source: await mnistIn(mnistFolder()) };
  if (named !== undefined) return { source: await mnistIn(await requireFolder(named)) };

  // A folder that MNIST_DIR names must have the files.
  const isFolderNamed = (process.env.MNIST_DIR ?? '') !== '';
  const folder = (await findMnistFolder()) ?? (isFolderNamed ? mnistFolder() : undefined);
  if (folder !== undefined) {
    return { source: await mnistIn(folder), note: `Data: MNIST in ${folder}.` };
  }
  return {
    source: { kind: 'digits' },
    note: `Data: digits drawn by nudge. MNIST is not in ${mnistFolder()}; run 'nudge data mnist' to download it.`,
  };
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
    throw located(error, source.folder);
  }
}

/** What a page needs to load the data, and the folder that the server must serve to it. */
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

/** Names the missing files before anything is loaded or a browser is started. */
async function mnistIn(folder: string): Promise<DataSource> {
  await mnistFileNames(folder);
  return { kind: 'mnist', folder };
}

async function requireFolder(named: string): Promise<string> {
  const folder = resolve(named);
  const status = await stat(folder).catch(() => undefined);
  if (status?.isDirectory() === true) return folder;
  throw new MissingDataError(
    // The name may come from the checkpoint that --resume names.
    `There is no folder ${escapeInvisible(folder)}. --data takes mnist, digits, or a folder with the ${mnistFiles.length} MNIST files.`,
  );
}
