import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { findResultFiles, prepareFolder } from '../../../bench/peers/resultFiles.ts';
import type { Results } from '../../../bench/peers/results.ts';
import { UsageError } from '../../../src/cli/errors.ts';

const begun: Results = {
  isComplete: false,
  date: '2026-11-23T01:02:03.000Z',
  commit: 'abc',
  command: 'npm run bench:peers --',
  machine: { cpu: 'A CPU', cores: 2, memoryBytes: 1, platform: 'linux', node: '20.0.0' },
  browser: { name: 'chromium', version: 'Chrome/1' },
  adapter: undefined,
  versions: {},
  settings: { repeats: 3 },
  referenceCosts: { tiny: 1 },
  ...{ results: [], firstSteps: [], timesToAccuracy: [], warnings: [] },
  python: { results: [], versions: {}, libraries: [], notes: [], warnings: [] },
};
const later = { ...begun, date: '2026-11-24T01:02:03.000Z' };

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nudge-results-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function write(results: Results): Promise<string> {
  const files = await findResultFiles(folder, results, false);
  await files.write(results);
  return files.path;
}

describe('the files of a run', () => {
  it('are JSON and Markdown, and replace no other result', async () => {
    const path = await write(begun);
    expect(JSON.parse(await readFile(`${path}.json`, 'utf8'))).toEqual(
      JSON.parse(JSON.stringify(begun)),
    );
    expect(await readFile(`${path}.md`, 'utf8')).toContain('**Unfinished**');
    const other = await write({ ...begun, settings: {} });
    expect(other).toBe(`${path}-2`);
    expect((await readdir(folder)).toSorted()).toEqual(
      [path, other]
        .flatMap((one) => [`${one}.json`, `${one}.md`].map((f) => f.slice(folder.length + 1)))
        .toSorted(),
    );
  });

  it('are those that the same command left unfinished, with --resume', async () => {
    const path = await write(begun);
    await writeFile(join(folder, 'other.json'), '{"of": "another program"}');
    await writeFile(join(folder, 'damaged.json'), '{');
    const { path: found, known } = await findResultFiles(folder, later, true);
    expect([found, known?.date]).toEqual([path, begun.date]);
    const elsewhere = { ...later, command: 'npm run bench:peers -- --repeats 9' };
    expect((await findResultFiles(folder, elsewhere, true)).known).toBeUndefined();
    const firefox = { ...later, browser: { name: 'firefox', version: 'Firefox/1' } };
    expect((await findResultFiles(folder, firefox, true)).known).toBeUndefined();
  });

  it.each<[string, Partial<Results>, string]>([
    ['another commit', { commit: 'def' }, 'commit was "abc" and is "def"'],
    ['changes since the commit', { changes: '12' }, 'changes was null and is "12"'],
    [
      'another processor',
      { machine: { ...begun.machine, cpu: 'B' } },
      'machine was {"cpu":"A CPU"',
    ],
    ['another browser', { browser: { name: 'chromium', version: 'Chrome/2' } }, 'Chrome/2'],
    [
      'other data',
      { referenceCosts: { tiny: 2 } },
      'referenceCosts was {"tiny":1} and is {"tiny":2}',
    ],
  ])('are refused with %s, in a sentence', async (_, now, why) => {
    await write(begun);
    const refused = findResultFiles(folder, { ...later, ...now }, true);
    await expect(refused).rejects.toThrow(UsageError);
    await expect(refused).rejects.toThrow(why);
    await expect(refused).rejects.toThrow('Run without --resume to begin anew');
  });

  it('of a complete run are found as well, so that it is not made twice', async () => {
    await write({ ...begun, isComplete: true });
    expect((await findResultFiles(folder, later, true)).known?.isComplete).toBe(true);
    // One that was made with something else is no reason to refuse.
    const changed = { ...later, commit: 'def' };
    expect((await findResultFiles(folder, changed, true)).known).toBeUndefined();
  });
});

it('a folder that cannot be made is refused before anything is measured', async () => {
  await writeFile(join(folder, 'file'), '');
  await expect(prepareFolder(join(folder, 'file', 'inside'))).rejects.toThrow(UsageError);
  expect(await prepareFolder(join(folder, 'new', 'inside'))).toBe(join(folder, 'new', 'inside'));
});
