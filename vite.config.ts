import { defineConfig } from 'vitest/config';

export default defineConfig({
  root: 'src/page',
  test: { root: '.', include: ['test/**/*.test.ts'] },
});
