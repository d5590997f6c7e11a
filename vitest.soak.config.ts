import { defineConfig } from 'vitest/config';

/** Minutes of load each, one file at a time: they measure. */
export default defineConfig({
  test: {
    include: ['test/soak/**/*.soak.test.ts'],
    fileParallelism: false,
    testTimeout: 1_200_000,
    hookTimeout: 120_000,
  },
});
