/** The page's build and development server, and the three kinds of tests. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { defineConfig } from 'vitest/config';

import { findCommit } from './src/node/commit.ts';
import { firstLoadBudget } from './test/firstLoadBudget.ts';

const root = import.meta.dirname;
const page = join(root, 'src/page');
const { version, homepage = '' } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  version: string;
  homepage?: string;
};
const commit = findCommit(root);

export default defineConfig({
  root: page,
  // Several pages: an address that does not exist is not found, instead of the front page.
  appType: 'mpa',
  // Relative addresses, so that the page also works below a path, as on GitHub Pages.
  base: './',
  // Declared in src/page/build.d.ts.
  define: {
    __NUDGE_VERSION__: JSON.stringify(version),
    __NUDGE_COMMIT__: JSON.stringify(commit),
    __NUDGE_HOMEPAGE__: JSON.stringify(homepage),
  },
  plugins: [
    firstLoadBudget(),
    {
      // For the command line of an installed package, which has no checkout to ask.
      name: 'nudge-commit',
      generateBundle() {
        this.emitFile({ type: 'asset', fileName: 'commit.txt', source: `${commit}\n` });
      },
    },
  ],
  // Tests build the page with NODE_ENV=test, and look at the code that readers load.
  oxc: { jsx: { development: false } },
  // The scan for packages does not read the JSX runtime from tsconfig.json, as the build does.
  optimizeDeps: {
    rolldownOptions: { transform: { jsx: { importSource: 'preact', development: false } } },
  },
  // The examples import nudge by its name, as users do.
  resolve: { alias: [{ find: /^nudge$/, replacement: join(root, 'src/index.ts') }] },
  build: {
    outDir: join(root, 'dist/page'),
    emptyOutDir: true,
    target: 'es2022',
    rolldownOptions: {
      input: [
        ...['index', 'lesson', 'benchmark', 'headless'].map((name) => join(page, `${name}.html`)),
        join(page, 'serviceWorker.ts'),
      ],
      output: {
        // A service worker has a fixed address, and serves the folder that it is in.
        entryFileNames: ({ name }) =>
          name === 'serviceWorker' ? '[name].js' : 'assets/[name]-[hash].js',
      },
    },
  },
  // Modules, so that the worker too loads what it needs when it needs it.
  worker: {
    format: 'es',
    rolldownOptions: {
      output: {
        // Without the rewriting of code: TensorFlow.js, one of the other libraries, hands its threads the text of a
        // function, which asks for the type of a variable that is not there, and a compressor takes the question out.
        minify: { compress: false, mangle: true, codegen: { removeWhitespace: true } },
      },
    },
  },
  server: {
    host: '127.0.0.1',
    cors: false,
    headers: {
      // Cross-origin isolation, which gives timers of 5 µs.
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Cross-Origin-Embedder-Policy': 'require-corp',
    },
  },
  test: {
    root,
    reporters: ['default', './test/setup/summary.ts'],
    // Only tests beyond this get a line of their own.
    slowTestThreshold: 5_000,
    // All projects share one queue: browser first and node last, as Vitest orders projects by name, and the shortest files
    // fill the end. Three workers keep two cores busy, since a third of the time a test waits. Files share their workers'
    // modules, which are loaded once. Workers are processes, since a thread has no working directory of its own.
    projects: [
      {
        // Needs neither an adapter nor a browser.
        test: {
          root,
          name: 'node',
          include: [
            'test/*.test.ts',
            'test/!(gpu|page)/**/*.test.ts',
            // What the lesson computes; `test/page/lessonFigures.test.ts` looks at the page.
            'test/page/lesson/**/*.test.ts',
          ],
          pool: 'forks',
          isolate: false,
          maxWorkers: 3,
          retry: 0,
          testTimeout: 30_000,
        },
      },
      {
        // Needs an adapter, here Dawn's. A device lost in one file cannot fail another, which has an instance of Dawn of its
        // own. A file's time on a software adapter is half compiling, which takes one core.
        test: {
          root,
          name: 'gpu',
          include: ['test/gpu/**/*.test.ts'],
          globalSetup: './test/setup/announceAdapter.ts',
          pool: 'forks',
          isolate: false,
          maxWorkers: 3,
          retry: 0,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        // Needs a browser.
        test: {
          root,
          name: 'browser',
          include: ['test/page/**/*.test.ts'],
          exclude: ['test/page/quickRun.test.ts', 'test/page/lesson/**'],
          globalSetup: './test/setup/prepareBrowsers.ts',
          pool: 'forks',
          isolate: false,
          maxWorkers: 3,
          retry: 0,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        // Runs after all others: on a core that is shared, the page's tasks take longer, also by the thread's own time.
        test: {
          root,
          name: 'browser alone',
          include: ['test/page/quickRun.test.ts'],
          sequence: { groupOrder: 1 },
          pool: 'forks',
          isolate: true,
          maxWorkers: 1,
          retry: 0,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
