import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { systemTimers } from '../clock.ts';
import { countInFile } from './count-in-file.ts';
import { openEventLog } from './event-log.embedded.ts';
import { readEvents } from './reader.ts';
import { redactSegments, removeDrafts, segmentsWith } from './redact-segments.ts';
import { SegmentTail } from './segment-tail.ts';

const ANN = 'AnnAnnAnnAnnAnnAnnAnn_';
const BOB = 'BobBobBobBobBobBobBob-';
const KEYS = [Buffer.from(ANN)];

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gavel-redact-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const event = (userKey: string | null, more = '') => Buffer.from(JSON.stringify({ type: 'click', userKey, more }));
const open = () => openEventLog({ folder, timers: systemTimers, segmentBytes: 2000 });

async function readAll(): Promise<Record<string, unknown>[]> {
  const events: Record<string, unknown>[] = [];
  const onProblem = (problem: unknown) => expect(problem).toBeNull();
  for await (const { sequence, payload } of readEvents(folder, { onProblem })) {
    events.push({ sequence, ...JSON.parse(Buffer.from(payload).toString()) });
  }
  return events;
}

async function fill(): Promise<void> {
  const log = await open();
  for (let at = 0; at < 40; at += 1) await log.append([event(ANN, `a${at}`), event(BOB, `b${at}`), event(null)]);
  await log.close();
}

it('takes the key of one user out of all events, and leaves everything else where it was', async () => {
  await fill();
  const before = await readAll();
  const names = await segmentsWith(folder, KEYS);
  expect(names.length).toBeGreaterThan(2);
  const sizes = await Promise.all(names.map(async (name) => (await readFile(join(folder, name))).length));
  expect(await redactSegments(folder, names, KEYS)).toBe(40);
  expect(await segmentsWith(folder, KEYS)).toEqual([]);
  expect(await readAll()).toEqual(before.map((one) => (one.userKey === ANN ? { ...one, userKey: null } : one)));
  expect(await Promise.all(names.map(async (name) => (await readFile(join(folder, name))).length))).toEqual(sizes);
  expect(await redactSegments(folder, names, KEYS)).toBe(0);
});

it('a reader in the middle of a segment goes on as if nothing had happened', async () => {
  await fill();
  const problems: unknown[] = [];
  const tail = new SegmentTail({ folder, fromSequence: null, onProblem: (problem) => problems.push(problem) });
  const first = await tail.read(300);
  await redactSegments(folder, await segmentsWith(folder, KEYS), KEYS);
  const sequences = first.map(({ sequence }) => sequence);
  for (let events = await tail.read(300); events.length > 0; events = await tail.read(300)) {
    for (const { sequence, payload } of events) {
      sequences.push(sequence);
      expect(Buffer.from(payload).includes(ANN)).toBe(false);
    }
  }
  expect(sequences).toEqual(Array.from({ length: 120 }, (_, at) => at + 1));
  expect(problems).toEqual([]);
});

it('a key in damaged bytes, or where no engine writes it, is overwritten too', async () => {
  const log = await open();
  await log.append([event(BOB, `${ANN}/${ANN}`), event(ANN), event(BOB, 'last')]);
  await log.close();
  const name = (await segmentsWith(folder, KEYS))[0]!;
  const bytes = await readFile(join(folder, name));
  // In the head of the second frame.
  bytes[bytes.lastIndexOf(ANN) - 40]! ^= 1;
  await writeFile(join(folder, name), bytes);
  await redactSegments(folder, [name], KEYS);
  expect(await segmentsWith(folder, KEYS)).toEqual([]);
  const kept: unknown[] = [];
  for await (const { payload } of readEvents(folder, { onProblem: () => {} })) {
    kept.push(JSON.parse(Buffer.from(payload).toString()).more);
  }
  expect(kept).toEqual([`${'0'.repeat(22)}/${'0'.repeat(22)}`, 'last']);
});

it('the open segment is rotated first; appends under way are all kept, in order', async () => {
  const log = await open();
  const appending = (async () => {
    for (let at = 0; at < 60; at += 1) await log.append([event(ANN, String(at))]);
  })();
  for (let round = 0; round < 5; round += 1) {
    await log.rotate();
    const open = (await readdir(folder))
      .filter((each) => each.endsWith('.seg'))
      .sort()
      .at(-1)!;
    const closed = (await segmentsWith(folder, KEYS)).filter((each) => each < open);
    await redactSegments(folder, closed, KEYS);
  }
  await appending;
  await log.rotate();
  expect(await log.rotate()).toBe(61);
  await redactSegments(folder, await segmentsWith(folder, KEYS), KEYS);
  await log.close();
  const events = await readAll();
  expect(events.map(({ more }) => more)).toEqual(Array.from({ length: 60 }, (_, at) => String(at)));
  expect(events.every(({ userKey }) => userKey === null)).toBe(true);
});

it('what a killed process has left behind is removed', async () => {
  await fill();
  await writeFile(join(folder, '0000000000000001.seg.redacting'), ANN);
  await removeDrafts(folder);
  expect((await readdir(folder)).filter((name) => name.endsWith('.redacting'))).toEqual([]);
});

it('counts what stands across the pieces that a file is read in', async () => {
  const path = join(folder, 'file');
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 2_400_000 }), { maxLength: 5 }), async (places) => {
      const bytes = Buffer.alloc(2_500_000, '.');
      const apart = [...new Set(places.map((at) => Math.floor(at / 30) * 30 + (at % 7)))];
      for (const at of [...apart, 1024 * 1024 - 10]) bytes.write(ANN, at);
      const text = bytes.toString('latin1');
      await writeFile(path, bytes);
      expect(await countInFile(path, KEYS)).toBe(text.split(ANN).length - 1);
    }),
    { numRuns: 15 },
  );
});
