import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type EventLog, EventLogError } from '../../engine/ports/event-log.ts';
import { ManualTimers } from '../notices/testing/manual-timers.ts';
import { eventLogContract, records } from './event-log.contract.ts';
import { type EmbeddedEventLog, openEventLog } from './event-log.embedded.ts';
import { type LogFiles, nodeLogFiles } from './log-files.ts';
import { readEvents } from './reader.ts';
import { openReopeningEventLog, type ReopeningEventLog } from './reopening-event-log.ts';

let folder: string;
let timers: ManualTimers;
/** What the disk does now. */
let disk: { isBroken: boolean; mayCreate: boolean };
let reports: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gavel-reopening-'));
  timers = new ManualTimers();
  disk = { isBroken: false, mayCreate: true };
  reports = [];
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const FILES: LogFiles = {
  ...nodeLogFiles,
  create: async (path) => {
    if (!disk.mayCreate) throw Object.assign(new Error('injected'), { code: 'EROFS', syscall: 'open' });
    const file = await nodeLogFiles.create(path);
    return {
      ...file,
      write: (bytes, position) =>
        disk.isBroken
          ? Promise.reject(Object.assign(new Error('injected'), { code: 'EIO', syscall: 'write' }))
          : file.write(bytes, position),
    };
  },
};

/** Opens the embedded log; `opened` resolves at each later opening or failure to. */
async function open(openLog: () => Promise<EmbeddedEventLog> = () => openEventLog({ folder, timers, files: FILES })) {
  let onReport = () => {};
  const log = await openReopeningEventLog({
    open: openLog,
    timers,
    observer: {
      onReopened: () => {
        reports.push('reopened');
        onReport();
      },
      onReopenFailed: (_error, retryInMs) => {
        reports.push(`failed, again in ${retryInMs}`);
        onReport();
      },
    },
  });
  const afterMs = async (ms: number) => {
    const reported = new Promise<void>((resolve) => {
      onReport = resolve;
    });
    timers.advance(ms);
    await reported;
  };
  return { log, afterMs };
}

async function readAll(): Promise<string[]> {
  const texts: string[] = [];
  for await (const { payload } of readEvents(folder, { onProblem: () => {} })) {
    texts.push(Buffer.from(payload).toString());
  }
  return texts;
}

async function breakDisk(log: ReopeningEventLog<EmbeddedEventLog>): Promise<void> {
  disk.isBroken = true;
  await expect(log.append(records('lost'))).rejects.toMatchObject({ code: 'io', cause: { code: 'EIO' } });
}

eventLogContract('the reopening event log', async () => ({
  open: async () => (await open()).log,
  readAll,
  dispose: async () => {},
}));

describe('after an I/O error', () => {
  test('appends reject at once until the log is open again, then go to a new file', async () => {
    const { log, afterMs } = await open();
    await log.append(records('before'));
    expect(log.isHealthy()).toBe(true);
    await breakDisk(log);
    expect(log.isHealthy()).toBe(false);
    expect(log.current()).toBeNull();
    await expect(log.append(records('meanwhile'))).rejects.toMatchObject({ code: 'io', cause: { code: 'io' } });
    disk.isBroken = false;
    await afterMs(1000);
    expect(reports).toEqual(['reopened']);
    expect(log.isHealthy()).toBe(false);
    await log.append(records('after'));
    expect(log.isHealthy()).toBe(true);
    await log.close();
    expect(await readAll()).toEqual(['before', 'after']);
  });

  test('tries back off up to the longest delay, and start anew once an append succeeded', async () => {
    const { log, afterMs } = await open();
    await breakDisk(log);
    for (const delayMs of [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]) await afterMs(delayMs);
    expect(reports.map((report) => report.split(' ').at(-1))).toEqual([
      '2000',
      '4000',
      '8000',
      '16000',
      '30000',
      '30000',
      '30000',
    ]);
    disk.isBroken = false;
    await afterMs(30_000);
    await log.append(records('after'));
    await breakDisk(log);
    disk.isBroken = false;
    await afterMs(1000);
    expect(reports.slice(-2)).toEqual(['reopened', 'reopened']);
    await log.close();
  });

  test('a log that opens but takes nothing is tried less and less often', async () => {
    const broken: EventLog = {
      append: () => Promise.reject(new EventLogError('io', 'injected')),
      close: async () => {},
    };
    const { log, afterMs } = await open(async () => broken as EmbeddedEventLog);
    await expect(log.append(records('a'))).rejects.toMatchObject({ code: 'io' });
    await afterMs(1000);
    await expect(log.append(records('b'))).rejects.toMatchObject({ code: 'io' });
    timers.advance(1999);
    expect(log.current()).toBeNull();
    await afterMs(1);
    expect(log.current()).toBe(broken);
  });

  test('closing ends the tries and leaves the folder free', async () => {
    const { log } = await open();
    await breakDisk(log);
    await log.close();
    timers.advance(60_000);
    disk.isBroken = false;
    await (await openEventLog({ folder, timers })).close();
    expect(reports).toEqual([]);
    await expect(log.append(records('late'))).rejects.toMatchObject({ code: 'closed' });
  });

  test('closing while it is being opened closes what was opened', async () => {
    const { log } = await open();
    await breakDisk(log);
    disk.isBroken = false;
    timers.advance(1000);
    await log.close();
    await (await openEventLog({ folder, timers })).close();
  });
});

test('an error that reopening does not cure leaves the log open', async () => {
  let appends = 0;
  const full = {
    append: () => {
      appends += 1;
      return Promise.reject(new EventLogError('full', 'injected'));
    },
    close: async () => {},
  } as unknown as EmbeddedEventLog;
  const { log } = await open(async () => full);
  await expect(log.append(records('a'))).rejects.toMatchObject({ code: 'full' });
  await expect(log.append(records('b'))).rejects.toMatchObject({ code: 'full' });
  expect(appends).toBe(2);
  expect(log.isHealthy()).toBe(true);
});

test("the first open is the caller's to lose", async () => {
  disk.mayCreate = false;
  await expect(open()).rejects.toMatchObject({ code: 'io', cause: { code: 'EROFS' } });
});
