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
  // A file that the reader is told to create is not there yet.
  return [...text.replace(/Create `[^`]+`/g, '').matchAll(paths)].map(([path]) => path);
}

function commentsIn(file: string, text: string): string[] {
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

const missingIn = (text: string) => pathsIn(text).filter((path) => !existsSync(join(root, path)));

it('every path in a document exists', () => {
  const missing = documents.flatMap((file) =>
    missingIn(readFileSync(join(root, file), 'utf8')).map((path) => `${file} names ${path}`),
  );
  expect(missing).toEqual([]);
});

it('every path in a comment exists', () => {
  const missing = sources.flatMap((file) => {
    const text = readFileSync(join(root, file), 'utf8');
    // Few files name one that is missing, as tests do in their code, and parsing all of them takes seconds.
    if (missingIn(text).length === 0) return [];
    return commentsIn(file, text)
      .flatMap(missingIn)
      .map((path) => `${file} names ${path}`);
  });
  expect(missing).toEqual([]);
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

it('paths are found in comments, and not in code', () => {
  const text = "const a = 'src/a.ts'; // src/b.ts\nf(/* src/c.ts */); {\n  // src/d.ts\n}";
  expect(commentsIn('e.ts', text).flatMap(missingIn)).toEqual(['src/b.ts', 'src/c.ts', 'src/d.ts']);
});

it('paths are found in parentheses, in quotes and at the end of a sentence', () => {
  const text = 'See `src/index.ts`, (docs/benchmark.md). Also test/gpu/; not ./src/a.ts or src/**.';
  expect(pathsIn(text)).toEqual(['src/index.ts', 'docs/benchmark.md', 'test/gpu/']);
});
