/** Holds the page to its promise of a quick start: the build fails where the JavaScript of the first load grows too large. */
import { gzipSync } from 'node:zlib';

import type { Plugin } from 'vite';

/** Compressed; what is loaded later, the worker and charts among it, does not count. */
export const maxFirstLoadBytes = 25_000;

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

/** Checks the entry of the page at `html`, its file name. */
export function firstLoadBudget(html: string): Plugin {
  return {
    name: 'nudge-first-load-budget',
    generateBundle(_options, bundle) {
      const find = (name: string) => {
        const output = bundle[name];
        return output?.type === 'chunk' ? output : undefined;
      };
      const entry = Object.values(bundle).find(
        (output) => output.type === 'chunk' && output.facadeModuleId?.endsWith(`/${html}`),
      );
      // Workers are built apart, by the same plugins.
      if (!entry) return;
      const bytes = firstLoadBytes(entry.fileName, find);
      if (bytes > maxFirstLoadBytes) {
        this.error(
          `The first load of ${html} is ${bytes} bytes of compressed JavaScript, but the limit is ${maxFirstLoadBytes}. ` +
            'Import modules dynamically if they are not needed at once.',
        );
      }
    },
  };
}
