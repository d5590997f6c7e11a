import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type LogProblem, readEvents, readNewestEvents } from './reader.ts';
import { encodeFrames, encodeHeader, FRAME_OVERHEAD_BYTES, HEADER_BYTES, segmentName } from './segment-format.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gavel-reader-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function segment(firstSequence: number, texts: readonly string[]): Buffer {
  return Buffer.concat([
    encodeHeader(firstSequence),
    encodeFrames(
      texts.map((text) => Buffer.from(text)),
      firstSequence,
    ),
  ]);
}

const store = (firstSequence: number, bytes: Buffer) => writeFile(join(folder, segmentName(firstSequence)), bytes);

async function read(fromSequence?: number): Promise<{ sequences: number[]; problems: LogProblem[] }> {
  const sequences: number[] = [];
  const problems: LogProblem[] = [];
  const onProblem = (problem: LogProblem) => problems.push(problem);
  const events = readEvents(folder, fromSequence === undefined ? { onProblem } : { fromSequence, onProblem });
  for await (const { sequence } of events) sequences.push(sequence);
  return { sequences, problems };
}

const FRAME = FRAME_OVERHEAD_BYTES + 4;

describe('readEvents', () => {
  it('starts at a sequence inside a segment', async () => {
    await store(1, segment(1, ['aaaa', 'bbbb']));
    await store(3, segment(3, ['cccc', 'dddd']));
    expect(await read(4)).toEqual({ sequences: [4], problems: [] });
    expect(await read(2)).toEqual({ sequences: [2, 3, 4], problems: [] });
    expect(await read(9)).toEqual({ sequences: [], problems: [] });
    // Sequences start at 1: asking from 0 misses nothing.
    expect(await read(0)).toEqual({ sequences: [1, 2, 3, 4], problems: [] });
  });

  it('reads nothing from an empty folder', async () => {
    expect(await read()).toEqual({ sequences: [], problems: [] });
  });

  it.each([
    ['length', 0],
    ['checksum', 4],
    ['sequence', 8],
    ['payload', FRAME_OVERHEAD_BYTES],
  ])('reports a flipped byte in the %s of an older segment and goes on behind it', async (_field, at) => {
    const bytes = segment(1, ['aaaa', 'bbbb', 'cccc']);
    bytes[HEADER_BYTES + FRAME + at]! ^= 0x01;
    await store(1, bytes);
    await store(4, segment(4, ['dddd']));
    const damage = { kind: 'damage', segment: segmentName(1), offset: HEADER_BYTES + FRAME, bytes: FRAME, records: 1 };
    expect(await read()).toEqual({ sequences: [1, 3, 4], problems: [damage] });
  });

  it('reports a damaged header and reads the frames', async () => {
    const bytes = segment(1, ['aaaa']);
    bytes[3]! ^= 0x01;
    await store(1, bytes);
    expect(await read()).toEqual({ sequences: [1], problems: [{ kind: 'damaged-header', segment: segmentName(1) }] });
  });

  it('reports the lost end of an older segment with the gap it leaves', async () => {
    await store(1, segment(1, ['aaaa', 'bbbb']).subarray(0, -1));
    await store(3, segment(3, ['cccc']));
    const { sequences, problems } = await read();
    expect(sequences).toEqual([1, 3]);
    expect(problems).toEqual([
      { kind: 'damage', segment: segmentName(1), offset: HEADER_BYTES + FRAME, bytes: FRAME - 1, records: 0 },
      { kind: 'gap', fromSequence: 2, toSequence: 2 },
    ]);
  });

  it('takes an unfinished end of the last segment for a write under way', async () => {
    await store(1, segment(1, ['aaaa', 'bbbb']).subarray(0, -1));
    expect(await read()).toEqual({ sequences: [1], problems: [] });
  });

  it('finishes a segment that was still growing when the writer rotated', async () => {
    const whole = segment(1, ['aaaa', 'bbbb']);
    await store(1, whole.subarray(0, -1));
    const sequences: number[] = [];
    for await (const { sequence } of readEvents(folder)) {
      sequences.push(sequence);
      if (sequence === 1) {
        await store(1, whole);
        await store(3, segment(3, ['cccc']));
      }
    }
    expect(sequences).toEqual([1, 2, 3]);
  });

  it('F34 survives any single flipped bit: every event not hit is there, in order, unchanged', async () => {
    const texts = ['first', '', 'a third, longer one', 'x'.repeat(200), 'last'];
    const clean = segment(1, texts);
    const property = fc.asyncProperty(fc.nat(clean.length - HEADER_BYTES - 1), fc.nat(7), async (at, bit) => {
      const bytes = Buffer.from(clean);
      bytes[HEADER_BYTES + at]! ^= 1 << bit;
      const found: string[] = [];
      let problems = 0;
      const files = {
        list: async () => [segmentName(1), segmentName(6)],
        read: async (path: string) => (path.endsWith(segmentName(1)) ? bytes : segment(6, ['next'])),
      };
      for await (const event of readEvents(folder, { files, onProblem: () => (problems += 1) })) {
        const text = Buffer.from(event.payload).toString();
        expect(text).toBe([...texts, 'next'][event.sequence - 1]);
        found.push(text);
      }
      expect(found.length).toBe(texts.length);
      expect(problems).toBeGreaterThan(0);
    });
    await fc.assert(property, { numRuns: 300 });
  });

  it('does not hide a file that cannot be read', async () => {
    await store(1, await readFile(new URL(import.meta.url)));
    const files = { list: async () => [segmentName(1)], read: () => Promise.reject(new Error('EIO')) };
    await expect(readEvents(folder, { files }).next()).rejects.toThrow('EIO');
  });
});

describe('readNewestEvents', () => {
  const newest = async (): Promise<number[]> => {
    const sequences: number[] = [];
    for await (const { sequence } of readNewestEvents(folder)) sequences.push(sequence);
    return sequences;
  };

  it('begins at the end, and passes over what is damaged, torn or not there', async () => {
    const damaged = segment(1, ['aaaa', 'bbbb', 'cccc']);
    damaged[HEADER_BYTES + FRAME + FRAME_OVERHEAD_BYTES]! ^= 0x01;
    await store(1, damaged);
    await store(7, Buffer.concat([segment(7, ['dddd', 'eeee']), Buffer.from('torn')]));
    await store(9, Buffer.alloc(0));
    expect(await newest()).toEqual([8, 7, 3, 1]);
  });

  it('reads nothing from an empty folder', async () => {
    expect(await newest()).toEqual([]);
  });

  it('looks no further than it is asked to', async () => {
    await store(1, Buffer.from('GAVELEVT\xff\xff\xff\xff'));
    await store(2, segment(2, ['aaaa', 'bbbb']));
    const events = readNewestEvents(folder);
    expect((await events.next()).value).toMatchObject({ sequence: 3 });
    await events.return();
  });
});
