/** Where a browser's results are kept: a JSON file and its tables in Markdown, written anew after each measurement. */
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';

import { format, resolveConfig } from 'prettier';

import { UsageError } from '../../src/cli/errors.ts';
import { prepareOutput, type OutputFile } from '../../src/cli/files.ts';
import { markdownReport } from './report.ts';
import type { Results } from './results.ts';

export interface ResultFiles {
  /** Without the ending. */
  readonly path: string;
  /** What was measured before, to go on from. */
  readonly known: Results | undefined;
  write(results: Results): Promise<void>;
}

/** @throws {UsageError} when nothing can be written there */
export async function prepareFolder(out: string): Promise<string> {
  const folder = resolve(out);
  try {
    await mkdir(folder, { recursive: true });
  } catch (cause) {
    throw new UsageError(`--out cannot make ${folder}: ${(cause as Error).message}.`, { cause });
  }
  await prepareOutput(join(folder, 'result.json'), '--out');
  return folder;
}

/**
 * The files of a run: those that the same command left there with --resume, else new ones. Nothing is written yet, and
 * no other result is ever replaced.
 * @param run as it would be without a single measurement
 * @throws {UsageError} when what was left unfinished was made with something else
 */
export async function findResultFiles(
  folder: string,
  run: Results,
  resume: boolean,
): Promise<ResultFiles> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.json'));
  const earlier = resume ? await findEarlier(folder, names, run) : undefined;
  const free = (name: string) => !names.includes(`${name}.json`);
  let name = earlier?.name ?? resultName(run);
  for (let n = 2; !earlier && !free(name); n++) name = `${resultName(run)}-${n}`;
  const path = join(folder, name);
  const files: [keyof typeof contents, OutputFile][] = [];
  for (const kind of ['json', 'md'] as const) {
    files.push([kind, await prepareOutput(`${path}.${kind}`, '--out')]);
  }
  return {
    path,
    known: earlier?.results,
    async write(results) {
      for (const [kind, file] of files) {
        // As the rest of the repository is formatted, so that results can be kept in it.
        const config = await resolveConfig(file.path);
        const text = contents[kind](results);
        await file.write(await format(text, { ...config, filepath: file.path }));
      }
    },
  };
}

const contents = { json: (results: Results) => JSON.stringify(results), md: markdownReport };

/** The newest result of the same command in the same browser, if it may be gone on with. */
async function findEarlier(folder: string, names: readonly string[], run: Results) {
  const all: { readonly name: string; readonly results: Results }[] = [];
  for (const name of names) {
    const results = parse(await readFile(join(folder, name), 'utf8'));
    if (results?.command !== run.command || results.browser.name !== run.browser.name) continue;
    all.push({ name: name.slice(0, -'.json'.length), results });
  }
  all.sort((a, b) => (a.results.date < b.results.date ? 1 : -1));
  const isSame = ({ results }: (typeof all)[number]) => differences(results, run).length === 0;
  const unfinished = all.find(({ results }) => !results.isComplete);
  const found = all.find(isSame);
  if (found || !unfinished) return found;
  throw new UsageError(
    `${unfinished.name}.json is unfinished, but cannot be gone on with: ${differences(unfinished.results, run).join('; ')}. ` +
      'Run without --resume to begin anew; that file stays as it is.',
  );
}

/** A file of another program, or of an earlier version that knows nothing of going on, counts as none. */
function parse(text: string): Results | undefined {
  try {
    const results = JSON.parse(text) as Partial<Results> | null;
    return typeof results?.isComplete === 'boolean' ? (results as Results) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** What has to be the same for measurements to stand in one result. */
const decisive = [
  'commit',
  'changes',
  'machine',
  'browser',
  'adapter',
  'versions',
  'settings',
  'referenceCosts',
] as const satisfies readonly (keyof Results)[];

/** What differs between two runs, in words: 'commit was "abc" and is "def"'. */
export function differences(before: Results, now: Results): string[] {
  // As it would be read from a file, where undefined is left out.
  const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value ?? null));
  const short = (value: unknown) => {
    const text = JSON.stringify(value);
    return text.length > 100 ? `${text.slice(0, 100)}…` : text;
  };
  return decisive.flatMap((name) => {
    const [was, is] = [plain(before[name]), plain(now[name])];
    return isDeepStrictEqual(was, is) ? [] : [`${name} was ${short(was)} and is ${short(is)}`];
  });
}

/** '2026-11-23-swiftshader-chromium': the name of a result's files, without what a file name should not have. */
export function resultName({
  date,
  adapter,
  browser,
}: Pick<Results, 'date' | 'adapter' | 'browser'>): string {
  const { architecture = '', vendor = '', description = '' } = adapter ?? {};
  const known = [architecture, description, vendor].find((text) => text !== '');
  const device = known ?? (adapter === undefined ? 'no-adapter' : 'unnamed-adapter');
  const words = [date.slice(0, 10), device, browser.name].join('-').toLowerCase();
  return words.replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '');
}
