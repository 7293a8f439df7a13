/**
 * Where the built page lies. An installed nudge brings it along. A checkout builds it anew each time,
 * which takes a moment, into a folder of its own: never stale, and two commands at once don't
 * overwrite each other's.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { BrowserError } from '../errors.ts';
import { TemporaryFolder } from './temporaryFolder.ts';

export type PageFolder = Pick<TemporaryFolder, 'path' | 'dispose'>;

/**
 * The folder of the built page; `dispose()` removes it if it was built for this call.
 * @throws {BrowserError} when the page is not there and cannot be built
 */
export async function providePage(): Promise<PageFolder> {
  const isCheckout = import.meta.url.endsWith('.ts');
  if (isCheckout) return buildPage(fileURLToPath(new URL('../../', import.meta.url)));

  const path = fileURLToPath(new URL('../../page', import.meta.url));
  if (!existsSync(join(path, 'headless.html'))) {
    throw new BrowserError(
      `The built page is missing from ${path}. Install nudge again, or run 'npm run build' in its checkout.`,
    );
  }
  return { path, dispose: () => undefined };
}

async function buildPage(checkout: string): Promise<TemporaryFolder> {
  const { build } = await import('vite').catch((error: unknown) => {
    throw new BrowserError(
      `The page is built with Vite, which is not installed. Run 'npm ci' in ${checkout}.`,
      { cause: error },
    );
  });
  const folder = await TemporaryFolder.create('nudge-page-');
  folder.removeAtExit();
  try {
    await build({
      configFile: join(checkout, 'vite.config.ts'),
      root: join(checkout, 'src/page'),
      // The default one writes into node_modules, which may belong to somebody else.
      configLoader: 'runner',
      logLevel: 'silent',
      build: { outDir: folder.path, emptyOutDir: false, reportCompressedSize: false },
    });
  } catch (error) {
    folder.dispose();
    throw new BrowserError(`The page does not build: ${(error as Error).message}`, {
      cause: error,
    });
  }
  return folder;
}
