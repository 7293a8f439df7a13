/** The page's build and development server, and the three kinds of tests. */
import { defineConfig } from 'vitest/config';

const root = import.meta.dirname;

export default defineConfig({
  root: 'src/page',
  test: {
    root,
    reporters: ['default', './test/setup/summary.ts'],
    retry: 0,
    projects: [
      {
        // Needs neither an adapter nor a browser.
        test: {
          root,
          name: 'node',
          include: ['test/**/*.test.ts'],
          exclude: ['test/gpu/**', 'test/page/**'],
          testTimeout: 30_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        // Needs an adapter, here Dawn's. One file at a time, each in a process of its own, so that a
        // device lost in one file cannot fail another.
        test: {
          root,
          name: 'gpu',
          include: ['test/gpu/**/*.test.ts'],
          globalSetup: './test/setup/chooseAdapter.ts',
          pool: 'forks',
          isolate: true,
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        // Needs a browser, and has the machine to itself.
        test: {
          root,
          name: 'browser',
          include: ['test/page/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
