import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openEventLog } from './event-log.embedded.ts';
import { readEvents } from './reader.ts';

const APPENDING_PROCESS = fileURLToPath(new URL('./testing/appending-process.ts', import.meta.url));
const IDLE_TIMERS = { schedule: () => null, cancel: () => {} };

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gavel-kill-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Runs the writer until it has acknowledged `batches` batches, kills it in the middle of its work. */
function runAndKill(batches: number): Promise<{ acknowledged: number; signal: NodeJS.Signals | null; stderr: string }> {
  const script = `import { runnerImport } from 'vite'; await runnerImport(${JSON.stringify(APPENDING_PROCESS)});`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script, folder]);
  let stdout = '';
  let stderr = '';
  let lines = 0;
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
    lines += chunk.toString().split('\n').length - 1;
    if (lines >= batches) child.kill('SIGKILL');
  });
  return new Promise((resolve) => {
    child.on('close', (_code, signal) => {
      // What stands behind the last line end may be half a number.
      const complete = stdout.slice(0, stdout.lastIndexOf('\n')).split('\n');
      resolve({ acknowledged: Number(complete.at(-1)), signal, stderr });
    });
  });
}

it('loses no acknowledged event when the writer is killed under load, again and again', async () => {
  let expectedFirst = 1;
  for (let round = 0; round < 3; round += 1) {
    const batches = 1 + Math.floor(Math.random() * 400);
    const { acknowledged, signal, stderr } = await runAndKill(batches);
    const context = `round ${round}, killed after ${batches} batches ${stderr}`;
    expect(signal, context).toBe('SIGKILL');
    expect(acknowledged, context).toBeGreaterThanOrEqual(expectedFirst);

    const log = await openEventLog({ folder, timers: IDLE_TIMERS });
    expect(log.recovery.nextSequence, context).toBeGreaterThan(acknowledged);
    expect(log.recovery.damagedBytes, context).toBe(0);
    await log.close();

    const problems: unknown[] = [];
    let next = 1;
    for await (const { sequence, payload } of readEvents(folder, { onProblem: (problem) => problems.push(problem) })) {
      expect(sequence, context).toBe(next);
      expect(Buffer.from(payload).toString().startsWith(`${sequence}:x`), context).toBe(true);
      next += 1;
    }
    expect(problems, context).toEqual([]);
    expect(next, context).toBe(log.recovery.nextSequence);
    expectedFirst = next;
  }
}, 60_000);
