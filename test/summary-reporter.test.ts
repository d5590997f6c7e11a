/** The reporter at the end of real runs, over test files written for it. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';

const VITEST = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url));
const REPORTER = fileURLToPath(new URL('./summary-reporter.ts', import.meta.url));

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gavel-reporter-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Runs the files, which find the functions of vitest as globals, and gives the lines that the reporter wrote. */
async function linesOf(files: Readonly<Record<string, string>>): Promise<string[]> {
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, `${name}.test.ts`), text);
  const args = [VITEST, 'run', '--root', folder, '--globals', '--reporter', REPORTER];
  const stdout = await new Promise<string>((resolve) => {
    // A failing run ends with code 1: that is no error here.
    execFile(process.execPath, args, (_error, output) => resolve(output));
  });
  return stdout.trim().split('\n');
}

it('counts failed tests, and once each file that failed without one', async () => {
  const lines = await linesOf({
    tests: `it('a', () => {}); it('b', () => { throw new Error('b'); }); it.skip('c', () => {});`,
    unloadable: `import './nowhere.ts'; it('a', () => {});`,
    'hook-and-test': `afterAll(() => { throw new Error('hook'); }); it('a', () => { throw new Error('a'); });`,
    hook: `describe('d', () => { beforeAll(() => { throw new Error('hook'); }); it('a', () => {}); });`,
  });
  expect(lines.at(-1)).toBe('Tests: 1 passed, 4 failed, 2 skipped');
  expect(lines.slice(-3, -1).toSorted()).toEqual(['skipped: hook.test.ts: d > a', 'skipped: tests.test.ts: c']);
});

it('does not end with "0 failed" when an error escaped from a test', async () => {
  const lines = await linesOf({
    escaped: `it('a', async () => {
      void Promise.reject(new Error('escaped'));
      await new Promise((resolve) => setImmediate(resolve));
    });`,
  });
  expect(lines.at(-1)).toBe('Tests: 1 passed, 1 failed, 0 skipped');
});
