/** Builds the page of bench/peers/page with Vite, anew each time and into a folder of its own. */
import { join } from 'node:path';

import { build } from 'vite';

import { TemporaryFolder } from '../../src/node/temporaryFolder.ts';

/** The folder of the built page; `dispose()` removes it. */
export async function buildPage(): Promise<TemporaryFolder> {
  const folder = await TemporaryFolder.create('nudge-peers-page-');
  folder.removeAtExit();
  try {
    await build({
      configFile: false,
      root: join(import.meta.dirname, 'page'),
      base: './',
      logLevel: 'silent',
      build: {
        outDir: folder.path,
        emptyOutDir: false,
        target: 'es2022',
        reportCompressedSize: false,
        // The wasm files are fetched as files, which is how the peers want them.
        assetsInlineLimit: 0,
        rolldownOptions: {
          output: {
            // Without the rewriting of code: TensorFlow.js hands its workers the text of a function, which asks for
            // the type of a variable that is not there, and a compressor takes the question out.
            minify: { compress: false, mangle: true, codegen: { removeWhitespace: true } },
          },
        },
      },
    });
  } catch (error) {
    folder.dispose();
    throw error;
  }
  return folder;
}
