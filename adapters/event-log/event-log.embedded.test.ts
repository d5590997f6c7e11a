import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Timers } from '../../engine/ports/clock.ts';
import type { EventLog } from '../../engine/ports/event-log.ts';
import { eventLogContract, records } from './event-log.contract.ts';
import { type EmbeddedEventLogOptions, openEventLog } from './event-log.embedded.ts';
import { type LogFile, type LogFiles, nodeLogFiles } from './log-files.ts';
import { type LogProblem, readEvents } from './reader.ts';
import { FRAME_OVERHEAD_BYTES, HEADER_BYTES } from './segment-format.ts';

/** Fires only when told to. */
class ManualTimers implements Timers {
  readonly #pending = new Set<{ fire: () => void }>();
  readonly schedule = (_delayMs: number, fire: () => void) => {
    const handle = { fire };
    this.#pending.add(handle);
    return handle;
  };
  readonly cancel = (handle: unknown) => {
    this.#pending.delete(handle as { fire: () => void });
  };
  fireAll(): number {
    const due = [...this.#pending];
    this.#pending.clear();
    for (const { fire } of due) fire();
    return due.length;
  }
}

/** The real files with some operations replaced. */
function filesWith(wrap: (file: LogFile, path: string) => Partial<LogFile>): LogFiles {
  return {
    ...nodeLogFiles,
    create: async (path) => {
      const file = await nodeLogFiles.create(path);
      return { ...file, ...wrap(file, path) };
    },
  };
}

function systemError(code: string, syscall: string): Error {
  return Object.assign(new Error(`${code}: injected, ${syscall}`), { code, syscall });
}

let folder: string;
let timers: ManualTimers;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gavel-event-log-'));
  timers = new ManualTimers();
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const open = (options: Partial<EmbeddedEventLogOptions> = {}) => openEventLog({ folder, timers, ...options });

async function readAll(problems: LogProblem[] = [], fromSequence?: number): Promise<string[]> {
  const texts: string[] = [];
  const options = { onProblem: (problem: LogProblem) => problems.push(problem) };
  const events = readEvents(folder, fromSequence === undefined ? options : { ...options, fromSequence });
  for await (const { sequence, payload } of events) texts.push(`${sequence}:${Buffer.from(payload).toString()}`);
  return texts;
}

const segments = async () => (await readdir(folder)).filter((name) => name.endsWith('.seg')).sort();

async function flip(name: string, offset: number): Promise<void> {
  const path = join(folder, name);
  const bytes = await readFile(path);
  bytes[offset]! ^= 0xff;
  await writeFile(path, bytes);
}

async function write(...texts: string[]): Promise<void> {
  const log = await open();
  await log.append(records(...texts));
  await log.close();
}

eventLogContract('the embedded event log', async () => ({
  open: () => open(),
  readAll: async () => (await readAll()).map((text) => text.slice(text.indexOf(':') + 1)),
  dispose: async () => {},
}));

describe('F34 recovery', () => {
  it.each([1, FRAME_OVERHEAD_BYTES - 1, FRAME_OVERHEAD_BYTES, FRAME_OVERHEAD_BYTES + 2])(
    'cuts a torn tail of %i bytes, counts it, and continues the sequence',
    async (tornBytes) => {
      await write('one', 'two', 'six');
      const frame = FRAME_OVERHEAD_BYTES + 3;
      await truncate(join(folder, '0000000000000001.seg'), HEADER_BYTES + 2 * frame + tornBytes);
      const log = await open();
      expect(log.recovery).toEqual({ nextSequence: 3, cutBytes: tornBytes, cutRecords: 1, damagedBytes: 0 });
      await log.append(records('new'));
      await log.close();
      const problems: LogProblem[] = [];
      expect(await readAll(problems)).toEqual(['1:one', '2:two', '3:new']);
      // Cut for good: nothing is left that a reader would take for damage.
      expect(problems).toEqual([]);
      expect((await readFile(join(folder, '0000000000000001.seg'))).length).toBe(HEADER_BYTES + 2 * frame);
    },
  );

  it('keeps good frames behind a flipped byte in the last segment', async () => {
    await write('one', 'two', 'three');
    await flip('0000000000000001.seg', HEADER_BYTES + FRAME_OVERHEAD_BYTES + 3 + FRAME_OVERHEAD_BYTES + 1);
    const log = await open();
    await log.close();
    expect(log.recovery).toMatchObject({ nextSequence: 4, cutBytes: 0, damagedBytes: FRAME_OVERHEAD_BYTES + 3 });
    expect(await readAll()).toEqual(['1:one', '3:three']);
  });

  it('cuts zero bytes, which a power loss leaves behind', async () => {
    await write('one');
    const path = join(folder, '0000000000000001.seg');
    await writeFile(path, Buffer.alloc(4096), { flag: 'a' });
    const log = await open();
    await log.close();
    expect(log.recovery).toMatchObject({ nextSequence: 2, cutBytes: 4096 });
  });

  it('replaces a last segment that holds no frame, also a half-written header', async () => {
    await write('one');
    await writeFile(join(folder, '0000000000000002.seg'), 'GAVEL');
    await write('two');
    expect(await readAll()).toEqual(['1:one', '2:two']);
  });

  it('refuses a segment of a newer version and leaves it alone', async () => {
    const newer = Buffer.from(await headerOfVersion(2));
    await writeFile(join(folder, '0000000000000001.seg'), newer);
    await expect(open()).rejects.toMatchObject({ code: 'unknown-format' });
    expect(await readFile(join(folder, '0000000000000001.seg'))).toEqual(newer);
  });
});

async function headerOfVersion(version: number): Promise<Buffer> {
  const { crc32 } = await import('node:zlib');
  const { encodeHeader } = await import('./segment-format.ts');
  const header = encodeHeader(1);
  header.writeUInt32LE(version, 8);
  header.writeUInt32LE(crc32(header.subarray(0, 20)), 20);
  return header;
}

describe('rotation and the size bound', () => {
  const small = { segmentBytes: 100, totalBytesMax: 250 } as const;
  const text = 'x'.repeat(30);

  it('starts a new segment before a batch would take it over the limit', async () => {
    const log = await open({ segmentBytes: 100 });
    for (let i = 0; i < 3; i += 1) await log.append(records(text));
    await log.close();
    expect(await segments()).toEqual(['0000000000000001.seg', '0000000000000002.seg', '0000000000000003.seg']);
  });

  it('removes the oldest segments first, counts them, and stays under the bound', async () => {
    const log = await open(small);
    for (let i = 0; i < 10; i += 1) {
      await log.append(records(text));
      expect(log.stats().totalBytes).toBeLessThanOrEqual(small.totalBytesMax);
    }
    expect(log.stats().removedSegments).toBeGreaterThan(0);
    await log.close();
    const problems: LogProblem[] = [];
    const events = await readAll(problems, 1);
    expect(events.at(-1)).toBe(`10:${text}`);
    expect(problems).toEqual([{ kind: 'gap', fromSequence: 1, toSequence: 10 - events.length }]);
  });

  it('rejects with full when it may not remove, and goes on once somebody made room', async () => {
    const log = await open({ ...small, retention: 'refuse' });
    const appendUntilFull = async () => {
      for (;;) await log.append(records(text));
    };
    await expect(appendUntilFull()).rejects.toMatchObject({ code: 'full' });
    const kept = await readAll();
    await rm(join(folder, (await segments())[0]!));
    await log.append(records('later'));
    await log.close();
    expect((await readAll()).at(-1)).toBe(`${kept.length + 1}:later`);
  });

  it('keeps what is still wanted elsewhere, refuses instead, and opens nevertheless', async () => {
    let wantedFrom = 1;
    const options = { ...small, keptFrom: () => wantedFrom };
    const log = await open(options);
    const appendUntilFull = async (to: EventLog) => {
      for (;;) await to.append(records(text));
    };
    await expect(appendUntilFull(log)).rejects.toMatchObject({ code: 'full' });
    const kept = await readAll();
    await log.close();
    const again = await open(options);
    await expect(appendUntilFull(again)).rejects.toMatchObject({ code: 'full' });
    // Not a byte before its whole segment has been handed on.
    wantedFrom = 2;
    await again.append(records('later'));
    expect((await readAll([], 2))[0]).toBe(`2:${text}`);
    wantedFrom = kept.length + 3;
    await again.append(records(text));
    expect(again.stats().totalBytes).toBeLessThanOrEqual(small.totalBytesMax);
    await again.close();
  });

  it('counts what an earlier run left', async () => {
    await write(text, text);
    const log = await open({ segmentBytes: 100 });
    expect(log.stats().totalBytes).toBe(HEADER_BYTES + 2 * (FRAME_OVERHEAD_BYTES + text.length) + HEADER_BYTES);
    await log.close();
  });

  it('refuses sizes that cannot work', async () => {
    await expect(open({ segmentBytes: 100, totalBytesMax: 199 })).rejects.toThrow(RangeError);
  });
});

describe('one writer per folder', () => {
  it('refuses a second writer by naming the first', async () => {
    const log = await open();
    await expect(open()).rejects.toThrow(`in use by process ${process.pid}`);
    await log.close();
    await (await open()).close();
  });

  it('takes over the lock of a dead process', async () => {
    // Above the largest id Linux gives out.
    await writeFile(join(folder, 'lock'), '4194305 boot 1');
    await (await open()).close();
    expect(await readdir(folder)).toEqual(['0000000000000001.seg']);
  });

  it.runIf(process.platform === 'linux')(
    'takes over the lock of a killed process that nobody has asked after',
    async () => {
      // A shell that becomes another program does not ask after its children.
      const parent = spawn('sh', ['-c', 'sleep 60 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'inherit'] });
      try {
        const [line] = (await once(parent.stdout, 'data')) as [Buffer];
        const child = Number(line.toString());
        const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
        const stat = async () => (await readFile(`/proc/${child}/stat`, 'utf8')).split(') ')[1]!.split(' ');
        await writeFile(join(folder, 'lock'), `${child} ${boot} ${(await stat())[19]}`);
        await expect(open()).rejects.toThrow('in use by process');
        process.kill(child, 'SIGKILL');
        await vi.waitFor(async () => expect((await stat())[0]).toBe('Z'));
        await (await open()).close();
      } finally {
        parent.kill('SIGKILL');
      }
    },
  );

  it('takes over its own lock that an earlier log of this process could not remove', async () => {
    const log = await open();
    const lock = await readFile(join(folder, 'lock'));
    await log.close();
    await writeFile(join(folder, 'lock'), lock);
    await (await open()).close();
    expect(await readdir(folder)).not.toContain('lock');
  });

  it.runIf(process.platform === 'linux')('takes over when the id lives on in another process', async () => {
    await writeFile(join(folder, 'lock'), `${process.pid} another-boot 1`);
    await (await open()).close();
  });
});

describe('F34 I/O errors', () => {
  it('a full disk fails the append and every later one; the torn write is cut when reopened', async () => {
    let isFull = false;
    const files = filesWith((file) => ({
      write: async (bytes, position) => {
        if (!isFull) return file.write(bytes, position);
        if (bytes.length > 10) return file.write(bytes.subarray(0, 10), position);
        throw systemError('ENOSPC', 'write');
      },
    }));
    const log = await open({ files });
    await log.append(records('good'));
    isFull = true;
    const lost = 'x'.repeat(9);
    await expect(log.append(records(lost))).rejects.toMatchObject({ code: 'io', cause: { code: 'ENOSPC' } });
    isFull = false;
    await expect(log.append(records('more'))).rejects.toMatchObject({ code: 'io' });
    await log.close();
    const reopened = await open();
    expect(reopened.recovery).toMatchObject({ nextSequence: 2, cutRecords: 1 });
    await reopened.close();
    expect(await readAll()).toEqual(['1:good']);
  });

  it('a short write is continued', async () => {
    const files = filesWith((file) => ({ write: (bytes, position) => file.write(bytes.subarray(0, 7), position) }));
    const log = await open({ files });
    await log.append(records('a longer record', 'another'));
    await log.close();
    expect(await readAll()).toEqual(['1:a longer record', '2:another']);
  });

  it('a failed flush is fatal and never tried again on the same file', async () => {
    let flushes = 0;
    const files = filesWith(() => ({
      datasync: async () => {
        flushes += 1;
        throw systemError('EIO', 'fdatasync');
      },
    }));
    const log = await open({ files });
    await log.append(records('a'));
    expect(timers.fireAll()).toBe(1);
    // The flush fails in the microtasks of this turn.
    await new Promise(setImmediate);
    await expect(log.append(records('b'))).rejects.toMatchObject({ code: 'io', cause: { code: 'EIO' } });
    await log.close();
    expect(flushes).toBe(1);
  });

  it('with interval 0 a failed flush is not acknowledged', async () => {
    const files = filesWith(() => ({
      datasync: async () => {
        throw systemError('EIO', 'fdatasync');
      },
    }));
    const log = await open({ files, syncIntervalMs: 0 });
    await expect(log.append(records('a'))).rejects.toMatchObject({ code: 'io' });
    await log.close();
  });

  it('flushes once per interval, only when something was written, and at close', async () => {
    let flushes = 0;
    const files = filesWith((file) => ({
      datasync: () => {
        flushes += 1;
        return file.datasync();
      },
    }));
    const log = await open({ files });
    expect(timers.fireAll()).toBe(0);
    await log.append(records('a'));
    await log.append(records('b'));
    expect(timers.fireAll()).toBe(1);
    expect(flushes).toBe(1);
    await log.close();
    expect(flushes).toBe(2);
  });

  it('a failed open closes the file it had begun', async () => {
    let closes = 0;
    const files = filesWith((file) => ({
      write: () => Promise.reject(systemError('EIO', 'write')),
      close: () => {
        closes += 1;
        return file.close();
      },
    }));
    await expect(open({ files })).rejects.toMatchObject({ code: 'io', cause: { code: 'EIO' } });
    expect(closes).toBe(1);
  });

  it('a failed open gives the lock back', async () => {
    const files: LogFiles = { ...nodeLogFiles, create: () => Promise.reject(systemError('EROFS', 'open')) };
    await expect(open({ files })).rejects.toMatchObject({ code: 'io', cause: { code: 'EROFS' } });
    await (await open()).close();
  });
});
