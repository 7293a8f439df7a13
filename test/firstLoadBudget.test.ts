import { gzipSync } from 'node:zlib';

import { expect, it } from 'vitest';

import { firstLoadBytes, importsOf, type Chunk } from './firstLoadBudget.ts';

const size = (code: string) => gzipSync(code).length;

it('the first load counts what is imported, however deep, once, and nothing that is loaded later', () => {
  const chunks: Record<string, Chunk> = {
    'main.js': { code: 'main', imports: ['a.js', 'b.js', 'elsewhere.js'] },
    'a.js': { code: 'a'.repeat(100), imports: ['b.js'] },
    'b.js': { code: 'b', imports: ['main.js'] },
    'later.js': { code: 'later'.repeat(1000), imports: [] },
  };
  const expected = size('main') + size('a'.repeat(100)) + size('b');
  expect(firstLoadBytes('main.js', (name) => chunks[name])).toBe(expected);
});

it('finds static imports and workers in built code, but no dynamic imports', () => {
  const code =
    'import{a as b}from"./a-1.js";import"./b-2.js";const c=()=>import(`./later-3.js`);' +
    'new Worker(new URL(new URL(`main-4.js`,import.meta.url).href,``+import.meta.url),{})';
  expect(importsOf(code, false)).toEqual(['assets/a-1.js', 'assets/b-2.js']);
  expect(importsOf(code, true)).toEqual(['assets/a-1.js', 'assets/b-2.js', 'assets/main-4.js']);
});
