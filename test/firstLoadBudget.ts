/** Holds pages to their promise of a quick start: the build fails where the JavaScript of a first load grows too large. */
import { gzipSync } from 'node:zlib';

import type { Plugin } from 'vite';

/** Compressed bytes before the page lives; what is loaded later, such as charts, does not count. */
export const maxFirstLoadBytes: Readonly<Record<string, number>> = {
  // Its worker starts after the page.
  'benchmark.html': 25_000,
  // The first figure needs the worker, which counts too.
  'index.html': 90_000,
  'lesson.html': 90_000,
};
const withWorker: readonly string[] = ['index.html', 'lesson.html'];

/** The part of a built chunk that is looked at. */
export interface Chunk {
  readonly code: string;
  /** File names of the chunks that are loaded with it. */
  readonly imports: readonly string[];
}

/**
 * Compressed size of a chunk and of all that it imports, each counted once.
 * @param find a chunk by its file name; undefined for what is none
 */
export function firstLoadBytes(entry: string, find: (name: string) => Chunk | undefined): number {
  const wanted = new Set([entry]);
  let bytes = 0;
  for (const name of wanted) {
    const chunk = find(name);
    if (!chunk) continue;
    bytes += gzipSync(chunk.code).length;
    for (const imported of chunk.imports) wanted.add(imported);
  }
  return bytes;
}

/** Static imports of built code, and the workers that it starts if `isCounting` them; both lie in its own folder. */
export function importsOf(code: string, isCountingWorkers: boolean): string[] {
  const imports = code.matchAll(/(?:from|import)\s*["'`]\.\/([\w-]+\.js)["'`]/g);
  const workers = code.matchAll(/new Worker\(new URL\((?:new URL\()?["'`]([\w-]+\.js)["'`]/g);
  return [...imports, ...(isCountingWorkers ? workers : [])].map(([, name]) => `assets/${name}`);
}

/** Checks the entries of all pages. */
export function firstLoadBudget(): Plugin {
  return {
    name: 'nudge-first-load-budget',
    generateBundle(_options, bundle) {
      for (const [html, max] of Object.entries(maxFirstLoadBytes)) {
        const entry = Object.values(bundle).find(
          (output) => output.type === 'chunk' && output.facadeModuleId?.endsWith(`/${html}`),
        );
        // Workers are built apart, by the same plugins.
        if (!entry) continue;
        const bytes = firstLoadBytes(entry.fileName, (name) => {
          const output = bundle[name];
          if (!output) return undefined;
          const code =
            output.type === 'chunk' ? output.code : Buffer.from(output.source).toString();
          return { code, imports: importsOf(code, withWorker.includes(html)) };
        });
        if (bytes > max) {
          this.error(
            `The first load of ${html} is ${bytes} bytes of compressed JavaScript, but the limit is ${max}. ` +
              'Import modules dynamically if they are not needed at once.',
          );
        }
      }
    },
  };
}
