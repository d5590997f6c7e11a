import { appendFile, mkdtemp, readdir, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openEventLog } from './event-log.embedded.ts';
import type { LogProblem } from './reader.ts';
import { encodeFrames, encodeHeader, segmentName } from './segment-format.ts';
import { SegmentTail } from './segment-tail.ts';

const IDLE_TIMERS = { schedule: () => null, cancel: () => {} };

let folder: string;
let problems: LogProblem[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tail-'));
  problems = [];
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function tailFrom(fromSequence: number | null, at = folder): SegmentTail {
  return new SegmentTail({ folder: at, fromSequence, onProblem: (problem) => problems.push(problem) });
}

async function readAll(tail: SegmentTail, bytesMax = 64): Promise<string[]> {
  const texts: string[] = [];
  for (;;) {
    const events = await tail.read(bytesMax);
    if (events.length === 0) return texts;
    texts.push(...events.map(({ sequence, payload }) => `${sequence}:${Buffer.from(payload)}`));
  }
}

function records(...texts: string[]): Uint8Array[] {
  return texts.map((text) => Buffer.from(text));
}

function openLog(options: { readonly segmentBytes?: number; readonly totalBytesMax?: number } = {}) {
  return openEventLog({ folder, timers: IDLE_TIMERS, ...options });
}

it('gives what a writer has appended, and what it appends later, over its segments', async () => {
  const log = await openLog({ segmentBytes: 100 });
  const tail = tailFrom(null);
  expect(await readAll(tail)).toEqual([]);
  await log.append(records('a', 'b'));
  await log.append(records('c'));
  expect(await readAll(tail)).toEqual(['1:a', '2:b', '3:c']);
  await log.append(records('d'.repeat(60)));
  await log.append(records('e'.repeat(60), 'f'));
  expect(await readAll(tail)).toEqual([`4:${'d'.repeat(60)}`, `5:${'e'.repeat(60)}`, '6:f']);
  expect((await readdir(folder)).filter((name) => name.endsWith('.seg')).length).toBeGreaterThan(2);
  expect(tail.next).toBe(7);
  await log.close();
  expect(problems).toEqual([]);
});

it('begins at the sequence it is told, within a segment', async () => {
  const log = await openLog();
  await log.append(records('a', 'b', 'c', 'd'));
  expect(await readAll(tailFrom(3))).toEqual(['3:c', '4:d']);
  expect(await readAll(tailFrom(5))).toEqual([]);
  await log.close();
});

it('waits at a frame that is being written', async () => {
  const frames = encodeFrames(records('whole', 'cut'), 1);
  const path = join(folder, segmentName(1));
  const tail = tailFrom(null);
  await writeFile(path, Buffer.concat([encodeHeader(1), frames.subarray(0, frames.length - 1)]));
  expect(await readAll(tail)).toEqual(['1:whole']);
  await appendFile(path, frames.subarray(frames.length - 1));
  expect(await readAll(tail)).toEqual(['2:cut']);
  expect(problems).toEqual([]);
});

it('passes over damage once something good stands behind it, and over a torn end once there is a later segment', async () => {
  const frames = encodeFrames(records('a', 'b', 'c'), 1);
  // The payload of the second: a frame of one byte takes 17.
  frames[33] = frames[33]! ^ 1;
  await writeFile(join(folder, segmentName(1)), Buffer.concat([encodeHeader(1), frames, Buffer.from('torn')]));
  const tail = tailFrom(null);
  expect(await readAll(tail)).toEqual(['1:a', '3:c']);
  expect(problems).toEqual([expect.objectContaining({ kind: 'damage', records: 1 })]);
  await writeFile(join(folder, segmentName(4)), Buffer.concat([encodeHeader(4), encodeFrames(records('d'), 4)]));
  expect(await readAll(tail)).toEqual(['4:d']);
  expect(problems.slice(1)).toEqual([expect.objectContaining({ kind: 'damage', bytes: 4, records: 0 })]);
});

it('says what is gone when retention was quicker, and goes on behind it', async () => {
  const log = await openLog({ segmentBytes: 64 });
  await log.append(records('a'));
  const tail = tailFrom(null);
  expect(await readAll(tail)).toEqual(['1:a']);
  for (const text of ['b', 'c', 'd']) await log.append(records(text.repeat(40)));
  const names = (await readdir(folder)).filter((name) => name.endsWith('.seg')).sort();
  for (const name of names.slice(0, -1)) await unlink(join(folder, name));
  expect(await readAll(tail)).toEqual([`4:${'d'.repeat(40)}`]);
  expect(problems).toEqual([{ kind: 'gap', fromSequence: 2, toSequence: 3 }]);
  await log.close();
});

it('follows a log that was opened again into a file of the same name', async () => {
  const tail = tailFrom(null);
  const first = await openLog();
  expect(await readAll(tail)).toEqual([]);
  await first.close();
  const second = await openLog();
  await second.append(records('a'));
  expect(await readAll(tail)).toEqual(['1:a']);
  await second.close();
});

it('reads again what was lost and written anew', async () => {
  const path = join(folder, segmentName(1));
  await writeFile(path, Buffer.concat([encodeHeader(1), encodeFrames(records('a', 'b', 'c'), 1)]));
  const tail = tailFrom(null);
  expect(await readAll(tail)).toHaveLength(3);
  await writeFile(path, Buffer.concat([encodeHeader(1), encodeFrames(records('a', 'B'), 1)]));
  tail.rewindTo(2);
  expect(await readAll(tail)).toEqual(['2:B']);
});

it('gives every event once and in order, however it was written and is read', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(fc.nat(300), { minLength: 1, maxLength: 5 }), { maxLength: 12 }),
      fc.integer({ min: 1, max: 600 }),
      fc.integer({ min: 200, max: 1000 }),
      async (batches, bytesMax, segmentBytes) => {
        const own = await mkdtemp(join(folder, 'run-'));
        const log = await openEventLog({ folder: own, timers: IDLE_TIMERS, segmentBytes });
        const tail = tailFrom(null, own);
        const written: string[] = [];
        const read: string[] = [];
        for (const [index, lengths] of batches.entries()) {
          const texts = lengths.map((length, n) => `${index}.${n}`.padEnd(length, '-'));
          await log.append(records(...texts));
          for (const text of texts) written.push(`${written.length + 1}:${text}`);
          if (index % 2 === 0) read.push(...(await readAll(tail, bytesMax)));
        }
        read.push(...(await readAll(tail, bytesMax)));
        await log.close();
        expect(read).toEqual(written);
      },
    ),
    { numRuns: 40 },
  );
});

it('never invents an event, and always comes to an end, whatever bytes are there', async () => {
  const whole = Buffer.concat([encodeHeader(1), encodeFrames(records('first', 'second', 'third'), 1)]);
  await fc.assert(
    fc.asyncProperty(
      fc.nat(whole.length - 1),
      fc.integer({ min: 1, max: 255 }),
      fc.nat(whole.length),
      async (at, flip, length) => {
        const bytes = Buffer.from(whole);
        bytes[at] = bytes[at]! ^ flip;
        const own = await mkdtemp(join(folder, 'run-'));
        await writeFile(join(own, segmentName(1)), bytes.subarray(0, length));
        const read = await readAll(tailFrom(null, own), 16).catch((error: Error) => [error.name]);
        const possible = ['1:first', '2:second', '3:third', 'UnknownSegmentFormatError'];
        expect(read.every((text) => possible.includes(text))).toBe(true);
      },
    ),
    { numRuns: 60 },
  );
});
