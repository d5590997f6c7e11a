import { configDefaults, defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['{openrtb,engine,actors,adapters,simulator,config,bench,commands,test}/**/*.test.ts', '*.test.ts'],
    exclude: [...configDefaults.exclude, 'test/soak/**'],
    reporters: ['default', './test/summary-reporter.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
