/** Comments and documents name files. This finds the names that a moved or deleted file has left behind. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import ts from 'typescript';
import { expect, it } from 'vitest';

import { root } from './commands.ts';

const folders = ['src', 'shaders', 'bench', 'test', 'docs', 'examples'];

const files = [
  ...readdirSync(root),
  ...folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) =>
      join(folder, name).replaceAll('\\', '/'),
    ),
  ),
];
const documents = files.filter((file) => file.endsWith('.md'));
const sources = files.filter((file) => file.endsWith('.ts') && file !== 'src/cpu/binary.ts');

/** From the root of the repository; a pattern such as `src/**` names no file. */
function pathsIn(text: string): string[] {
  const paths = new RegExp(`(?<![\\w./@-])(?:${folders.join('|')})/[\\w./-]*[\\w/]`, 'g');
  return [...text.matchAll(paths)].map(([path]) => path);
}

function commentsIn(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8');
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest);
  const ranges = new Map<number, string>();
  const visit = (node: ts.Node): void => {
    for (const { pos, end } of [
      ...(ts.getLeadingCommentRanges(text, node.getFullStart()) ?? []),
      ...(ts.getTrailingCommentRanges(text, node.getEnd()) ?? []),
    ]) {
      ranges.set(pos, text.slice(pos, end));
    }
    node.getChildren(source).forEach(visit);
  };
  visit(source);
  return [...ranges.values()];
}

const missingIn = (file: string, texts: readonly string[]) =>
  texts
    .flatMap(pathsIn)
    .filter((path) => !existsSync(join(root, path)))
    .map((path) => `${file} names ${path}`);

it('every path in a document exists', () => {
  const missing = documents.flatMap((file) =>
    missingIn(file, [readFileSync(join(root, file), 'utf8')]),
  );
  expect(missing).toEqual([]);
});

it('every path in a comment exists', () => {
  expect(sources.flatMap((file) => missingIn(file, commentsIn(file)))).toEqual([]);
});

it('every link between documents leads to a file, and to a heading of it', () => {
  const anchorsOf = (file: string) =>
    [...readFileSync(file, 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
      heading!
        .toLowerCase()
        .replace(/[^\w\s-]/g, '')
        .replaceAll(' ', '-'),
    );
  const broken = documents.flatMap((file) => {
    const text = readFileSync(join(root, file), 'utf8');
    return [...text.matchAll(/\]\((?![a-z]+:)([^)#]*)(?:#([^)]*))?\)/g)]
      .filter(([, path, anchor]) => {
        const target = path === '' ? join(root, file) : join(root, dirname(file), path!);
        return !existsSync(target) || (anchor && !anchorsOf(target).includes(anchor));
      })
      .map(([link]) => `${file}: ${link}`);
  });
  expect(broken).toEqual([]);
});

it('paths are found in prose, in code and at the end of a sentence', () => {
  const text = 'See `src/index.ts`, (docs/benchmark.md). Also test/gpu/; not ./src/a.ts or src/**.';
  expect(pathsIn(text)).toEqual(['src/index.ts', 'docs/benchmark.md', 'test/gpu/']);
});
