/** Last lines of a test run: what was skipped, by name, and the counts. */
import type { Reporter, TestModule } from 'vitest/node';

export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const counts = { passed: 0, failed: 0, skipped: 0 };
    const skipped: string[] = [];
    for (const module of modules) {
      const failedBefore = counts.failed;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === 'passed') counts.passed += 1;
        else if (state === 'failed') counts.failed += 1;
        else {
          counts.skipped += 1;
          skipped.push(`${module.relativeModuleId}: ${test.fullName}`);
        }
      }
      // It could not be loaded, or a hook of it failed: it has failed without a test that says so.
      if (module.state() === 'failed' && counts.failed === failedBefore) counts.failed += 1;
    }
    // What escaped from a test that passed fails the run too, which must not end with "0 failed".
    if (counts.failed === 0) counts.failed = unhandledErrors.length;
    // After vitest's own summary, so that these lines are the last ones.
    process.once('exit', () => {
      for (const name of skipped) process.stdout.write(`skipped: ${name}\n`);
      process.stdout.write(`Tests: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`);
    });
  }
}
