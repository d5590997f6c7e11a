import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { DrainPosition } from './drain-position.ts';

let folder: string;
let logs: number;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'position-'));
  logs = 0;
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function openPosition(logNextSequence = 1000): Promise<DrainPosition> {
  const newLogId = () => String(++logs).padStart(32, '0');
  return DrainPosition.open({ folder, newLogId, logNextSequence });
}

it('is unknown at first, then what was written last', async () => {
  const first = await openPosition();
  expect(first.current).toBeNull();
  for (const nextSequence of [5, 6, 9]) await first.write({ nextSequence, atMs: nextSequence });
  await first.close();
  const second = await openPosition();
  expect(second.current).toEqual({ nextSequence: 9, atMs: 9 });
  expect(second.logId).toBe(first.logId);
  await second.write({ nextSequence: 10, atMs: 1 });
  await second.close();
  const third = await openPosition();
  // The clock went back, the position did not.
  expect(third.current).toEqual({ nextSequence: 10, atMs: 1 });
  await third.close();
});

it('gives the log the same id again when the process was killed before anything was acknowledged', async () => {
  const first = await openPosition();
  const second = await openPosition();
  expect(second.current).toBeNull();
  expect(second.logId).toBe(first.logId);
  await first.close();
  await second.close();
});

it('falls back to the position before when the last one was torn, wherever that was', async () => {
  const first = await openPosition();
  await first.write({ nextSequence: 5, atMs: 1 });
  await first.write({ nextSequence: 6, atMs: 2 });
  await first.write({ nextSequence: 7, atMs: 3 });
  await first.close();
  const path = join(folder, 'outbox.position');
  const whole = await readFile(path);
  for (let at = 512; at < whole.length; at += 1) {
    const torn = Buffer.from(whole);
    torn[at] = torn[at]! ^ 1;
    await writeFile(path, torn);
    const position = await openPosition();
    expect(position.current).toEqual({ nextSequence: 6, atMs: 2 });
    await position.close();
  }
});

it('goes back where a log has lost what had been handed on, as another log, and stays there', async () => {
  const first = await openPosition();
  await first.write({ nextSequence: 100, atMs: 1 });
  await first.close();
  const second = await openPosition(90);
  expect(second.current?.nextSequence).toBe(90);
  expect(second.logId).not.toBe(first.logId);
  await second.close();
  // By now the log has gone past the old position.
  const third = await openPosition(110);
  expect(third.current?.nextSequence).toBe(90);
  expect(third.logId).toBe(second.logId);
  await third.close();
});

it('begins anew beside a file that was never one of its own', async () => {
  const file = await open(join(folder, 'outbox.position'), 'w');
  await file.write('nonsense'.repeat(100));
  await file.close();
  const position = await openPosition();
  expect(position.current).toBeNull();
  await position.write({ nextSequence: 3, atMs: 3 });
  await position.close();
  expect((await openPosition()).current?.nextSequence).toBe(3);
});
