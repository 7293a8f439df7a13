/** Builds the page of a checkout with Vite. */
import { isAbsolute, join } from 'node:path';
import type { Plugin } from 'vite';

import { BrowserError } from '../errors.ts';

/**
 * Builds the page into a folder.
 * @param checkout with `vite.config.ts` and `src/page`
 * @param folder that is there already, or is made
 * @returns the files that went into the build, those of packages aside: absolute paths
 * @throws {BrowserError} when Vite is missing, or the page does not build
 */
export async function buildPage(checkout: string, folder: string): Promise<readonly string[]> {
  const { build } = await import('vite').catch((error: unknown) => {
    throw new BrowserError(
      `The page is built with Vite, which is not installed. Run 'npm ci' in ${checkout}.`,
      { cause: error },
    );
  });
  const files = new Set<string>();
  try {
    await build({
      configFile: join(checkout, 'vite.config.ts'),
      root: join(checkout, 'src/page'),
      // The default one writes into node_modules, which may belong to somebody else.
      configLoader: 'runner',
      logLevel: 'silent',
      plugins: [noteFiles(files)],
      // A worker's modules are bundled apart, by plugins of their own.
      worker: { plugins: () => [noteFiles(files)] },
      build: { outDir: folder, emptyOutDir: false, reportCompressedSize: false },
    });
  } catch (error) {
    throw new BrowserError(`The page does not build: ${(error as Error).message}`, {
      cause: error,
    });
  }
  return [...files].filter((file) => !/[\\/]node_modules[\\/]/.test(file));
}

function noteFiles(files: Set<string>): Plugin {
  return {
    name: 'nudge-note-files',
    configResolved({ configFileDependencies }) {
      for (const file of configFileDependencies) files.add(file);
    },
    buildEnd() {
      for (const id of this.getModuleIds()) {
        // Vite's and Rolldown's own modules have no file, and a query says how a file is taken.
        const file = id.split('?', 1)[0]!;
        if (isAbsolute(file)) files.add(file);
      }
    },
  };
}
