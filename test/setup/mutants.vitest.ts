/** The tests that `npm run mutants` runs: those without an adapter, a browser or threads, on which its workers crash. */
import { join } from 'node:path';

import { defineConfig } from 'vitest/config';

const root = join(import.meta.dirname, '../..');

export default defineConfig({
  root,
  test: {
    root,
    include: ['test/{data,engine,formats,fuzz,network,reference}/**/*.test.ts'],
    testTimeout: 30_000,
  },
});
