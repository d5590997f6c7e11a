import { configDefaults, defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: [
      '{openrtb,engine,actors,adapters,simulator,config,bench,commands,compose,test}/**/*.test.ts',
      '*.test.ts',
    ],
    exclude: [...configDefaults.exclude, 'test/soak/**'],
    reporters: ['default', './test/summary-reporter.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // Many tests run processes on real sockets beside each other: on a machine with other work a moment without CPU is no
    // defect. What fails always fails three times.
    retry: 2,
  },
});
