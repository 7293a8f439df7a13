/**
 * Where the built page lies. An installed nudge brings it along. A checkout builds it anew each time,
 * which takes a moment, into a folder of its own: never stale, and two commands at once don't
 * overwrite each other's.
 */
import { existsSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { BrowserError } from '../errors.ts';

export interface PageFolder {
  readonly folder: string;
  /** Removes what was built; calling it twice does no harm. */
  dispose(): void;
}

/** @throws {BrowserError} when the page is not there and cannot be built */
export async function providePage(): Promise<PageFolder> {
  const isCheckout = import.meta.url.endsWith('.ts');
  if (isCheckout) return buildPage(fileURLToPath(new URL('../../', import.meta.url)));

  const folder = fileURLToPath(new URL('../../page', import.meta.url));
  if (!existsSync(join(folder, 'headless.html'))) {
    throw new BrowserError(
      `The built page is missing from ${folder}. Install nudge again, or run 'npm run build' in its checkout.`,
    );
  }
  return { folder, dispose: () => undefined };
}

async function buildPage(checkout: string): Promise<PageFolder> {
  const { build } = await import('vite').catch((error: unknown) => {
    throw new BrowserError(
      `The page is built with Vite, which is not installed. Run 'npm ci' in ${checkout}.`,
      { cause: error },
    );
  });
  const folder = await mkdtemp(join(tmpdir(), 'nudge-page-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', remove);
  const dispose = () => {
    process.off('exit', remove);
    remove();
  };
  try {
    await build({
      configFile: join(checkout, 'vite.config.ts'),
      root: join(checkout, 'src/page'),
      logLevel: 'silent',
      build: { outDir: folder, emptyOutDir: false, reportCompressedSize: false },
    });
  } catch (error) {
    dispose();
    throw new BrowserError(`The page does not build: ${(error as Error).message}`, {
      cause: error,
    });
  }
  return { folder, dispose };
}
