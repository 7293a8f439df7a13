import { execFileSync } from 'node:child_process';
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import * as v from 'valibot';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { FileError, UsageError } from '../../src/cli/errors.ts';
import {
  parseJson,
  prepareOutput,
  prepareOutputs,
  readInput,
  textOf,
} from '../../src/cli/files.ts';
import { FormatError } from '../../src/errors.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nudge-files-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('a file to be written', () => {
  it('is not touched before it is written, and leaves no other file', async () => {
    const path = join(folder, 'a.txt');
    const file = await prepareOutput(path, '--save');
    expect(await readdir(folder)).toEqual([]);
    await file.write('content');
    expect(await readdir(folder)).toEqual(['a.txt']);
    expect(await readFile(path, 'utf8')).toBe('content');
  });

  it('removes what a killed process left an hour ago, and no other file', async () => {
    const file = await prepareOutput(join(folder, 'a.txt'), '--save');
    let names: string[] = [];
    // The content takes its time, in which the temporary file can be seen.
    async function* look() {
      names = await readdir(folder);
      yield 'content';
    }
    await file.write(look() as unknown as string);
    const [temporary = ''] = names;
    expect(names).toEqual([expect.stringMatching(/^\.nudge-.*\.tmp$/)]);
    const others = [
      temporary.replace(/.{12}\.tmp$/, '0123456789ab.tmp'),
      `${temporary}~`,
      '.nudge-notes.tmp',
    ];
    for (const name of [temporary, ...others]) await writeFile(join(folder, name), 'part');
    const hourAgo = Date.now() / 1000 - 3601;
    for (const name of [temporary, ...others.slice(1)]) {
      await utimes(join(folder, name), hourAgo, hourAgo);
    }
    await file.write('after');
    expect((await readdir(folder)).sort()).toEqual(['a.txt', ...others].sort());
  });

  it('replaces an existing file', async () => {
    const path = join(folder, 'a.txt');
    await writeFile(path, 'before, and longer');
    await (await prepareOutput(path, '--save')).write(Uint8Array.of(1, 2));
    expect([...(await readFile(path))]).toEqual([1, 2]);
  });

  it('keeps the permissions of the file that it replaces', async (context) => {
    if (process.platform === 'win32') context.skip('Windows has no such permissions');
    const path = join(folder, 'secret.txt');
    await writeFile(path, 'before');
    for (const mode of [0o600, 0o640, 0o666]) {
      await chmod(path, mode);
      await (await prepareOutput(path, '--save')).write('after');
      expect((await stat(path)).mode & 0o7777).toBe(mode);
    }
  });

  it('may have the longest name that the system allows', async (context) => {
    if (process.platform !== 'linux') context.skip('255 bytes are the limit of Linux');
    const longest = join(folder, 'n'.repeat(255));
    await (await prepareOutput(longest, '--save')).write('content');
    expect(await readFile(longest, 'utf8')).toBe('content');
    const refused = prepareOutput(`${longest}n`, '--save');
    await expect(refused).rejects.toThrow(UsageError);
    await expect(refused).rejects.toThrow('its name is too long (most systems allow 255 bytes)');
  });

  it('replaces the target of a link, and keeps the link', async () => {
    await mkdir(join(folder, 'real'));
    await writeFile(join(folder, 'real', 'a.txt'), 'before');
    await symlink(join('real', 'a.txt'), join(folder, 'link'));
    await (await prepareOutput(join(folder, 'link'), '--save')).write('after');
    expect(await readFile(join(folder, 'real', 'a.txt'), 'utf8')).toBe('after');
    expect(
      (await readdir(folder, { withFileTypes: true }))
        .find((e) => e.name === 'link')!
        .isSymbolicLink(),
    ).toBe(true);
  });

  it('may be a device', async (context) => {
    if (process.platform === 'win32') context.skip('Windows has no device files');
    await (await prepareOutput('/dev/null', '--json')).write('{}');
    expect((await readFile('/dev/null')).length).toBe(0);
    expect(
      (await readdir('/dev', { withFileTypes: true }))
        .find((e) => e.name === 'null')!
        .isCharacterDevice(),
    ).toBe(true);
  });

  it('is refused in advance if its folder is missing', async () => {
    const path = join(folder, 'missing', 'a.txt');
    const refused = prepareOutput(path, '--save');
    await expect(refused).rejects.toThrow(UsageError);
    await expect(refused).rejects.toThrow(
      `--save cannot write '${path}': there is no folder ${join(folder, 'missing')}. Create it, or name another file.`,
    );
  });

  it('is refused in advance if its folder is a file, or it is a folder', async () => {
    await writeFile(join(folder, 'file'), '');
    await expect(prepareOutput(join(folder, 'file', 'a.txt'), '--save')).rejects.toThrow(
      `there is no folder ${join(folder, 'file')}`,
    );
    await expect(prepareOutput(folder, '--json')).rejects.toThrow(
      `--json must name a file; '${folder}' is a folder.`,
    );
    await expect(prepareOutput('', '--json')).rejects.toThrow(UsageError);
  });

  it('is refused in advance in a read-only folder', async (context) => {
    if (process.platform === 'win32') context.skip('Windows has no such permissions');
    if (process.getuid!() === 0) context.skip('root may write everywhere');
    await chmod(folder, 0o500);
    await expect(prepareOutput(join(folder, 'a.txt'), '--save')).rejects.toThrow(
      'permission is denied',
    );
    await chmod(folder, 0o700);
  });

  it('fails with the reason if the disk is full', async (context) => {
    if (process.platform !== 'linux') context.skip('only Linux has /dev/full');
    const file = await prepareOutput('/dev/full', '--save');
    await expect(file.write('content')).rejects.toThrow(FileError);
    await expect(file.write('content')).rejects.toThrow('could not be written: the disk is full');
  });

  it('leaves nothing behind if it cannot be written after all', async () => {
    const inside = join(folder, 'inside');
    await mkdir(inside);
    const file = await prepareOutput(join(inside, 'a.txt'), '--save');
    // It becomes a folder while the network trains.
    await mkdir(join(inside, 'a.txt'));
    await expect(file.write('content')).rejects.toThrow(FileError);
    await expect(file.write('content')).rejects.toThrow(
      `The file '${join(inside, 'a.txt')}' could not be written: it is a folder.`,
    );
    expect(await readdir(inside)).toEqual(['a.txt']);
  });
});

describe('a file to be read', () => {
  const read = (path: string) => readInput(path, '--load', (bytes) => bytes.length);

  it('is named with the reason and the option if it cannot be read', async () => {
    const path = join(folder, 'absent.safetensors');
    await expect(read(path)).rejects.toThrow(FileError);
    await expect(read(path)).rejects.toThrow(
      `The file '${path}' cannot be read: there is no such file. Check the path given to --load.`,
    );
    await expect(read(folder)).rejects.toThrow('it is a folder');
  });

  // A device such as /dev/zero has no end.
  it('is refused if it is a device', async (context) => {
    if (process.platform === 'win32') context.skip('Windows has no device files');
    await expect(read('/dev/null')).rejects.toThrow(FileError);
    await expect(read('/dev/null')).rejects.toThrow(
      "The file '/dev/null' cannot be read: it is a device. Check the path given to --load.",
    );
  });

  it('may be a pipe, as shells pass it for <(command)', async (context) => {
    if (process.platform === 'win32') context.skip('Windows has no pipes with a path');
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const count = read(pipe);
    await writeFile(pipe, 'content');
    expect(await count).toBe(7);
  });

  it('is refused if it is too long for a text', async () => {
    const path = join(folder, 'long.json');
    await writeFile(path, new Uint8Array(16_000_001));
    const refused = readInput(path, '--plan', textOf);
    await expect(refused).rejects.toThrow(FormatError);
    await expect(refused).rejects.toThrow(
      `In ${path}: The file has 16000001 bytes, but a text that nudge reads has at most 16000000.`,
    );
  });

  it('is named if it cannot be parsed', async () => {
    const path = join(folder, 'a.json');
    await writeFile(path, '{"count": "one"}');
    const parse = (schema: v.GenericSchema) =>
      readInput(path, '--load', (bytes) =>
        parseJson(schema, new TextDecoder().decode(bytes), 'a count'),
      );
    expect(await parse(v.object({ count: v.string() }))).toEqual({ count: 'one' });
    const refused = parse(v.object({ count: v.number() }));
    await expect(refused).rejects.toThrow(FormatError);
    await expect(refused).rejects.toThrow(`In ${path}: This is not a count: count: Invalid type`);
    await writeFile(path, '{');
    await expect(parse(v.unknown())).rejects.toThrow('This is not a count: it is not JSON (');
    // Characters that a terminal obeys are escaped.
    await writeFile(path, '{"count": "\u009b31m\u202e"}');
    await expect(parse(v.object({ count: v.literal('one') }))).rejects.toThrow(
      'received "\\u009b31m\\u202e"',
    );
    await writeFile(path, '{"count": \u009b31m\u202e}');
    await expect(parse(v.unknown())).rejects.toThrow(/^[^\u009b\u202e]+$/);
    // So is a value without end.
    await writeFile(path, `{"count": "${'x'.repeat(5000)}"}`);
    await expect(parse(v.object({ count: v.number() }))).rejects.toThrow(/xxx….$/);
  });
});

it.each<[string | undefined, Record<string, string>, string]>([
  ['a', { csv: './a' }, "--json and --csv both name './a'. Give them different files."],
  [undefined, { csv: 'b', card: 'b' }, "--csv and --card both name 'b'."],
  [undefined, { csv: 'absent/a.csv' }, "--csv cannot write 'absent/a.csv': there is no folder"],
  [undefined, { markdown: '.' }, "--markdown must name a file; '.' is a folder."],
])('outputs are refused: --json %s and %j', async (json, paths, sentence) => {
  const refused = prepareOutputs(json, paths);
  await expect(refused).rejects.toThrow(UsageError);
  await expect(refused).rejects.toThrow(sentence);
});
