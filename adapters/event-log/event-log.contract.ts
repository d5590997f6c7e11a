/** What every `EventLog` must do. An implementation's test calls this with a way to open it and to read it back. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EventLog } from '../../engine/ports/event-log.ts';

export interface EventLogHarness {
  readonly open: () => Promise<EventLog>;
  /** Payloads in order, as text. */
  readonly readAll: () => Promise<string[]>;
  readonly dispose: () => Promise<void>;
}

export function eventLogContract(name: string, createHarness: () => Promise<EventLogHarness>): void {
  describe(`${name} keeps the EventLog contract`, () => {
    let harness: EventLogHarness;
    beforeEach(async () => {
      harness = await createHarness();
    });
    afterEach(() => harness.dispose());

    it('keeps batches and the records in them in order', async () => {
      const log = await harness.open();
      await log.append(records('a', 'b'));
      await log.append(records('c'));
      await log.close();
      expect(await harness.readAll()).toEqual(['a', 'b', 'c']);
    });

    it('shows an acknowledged record to a reader before the log is closed', async () => {
      const log = await harness.open();
      await log.append(records('a'));
      expect(await harness.readAll()).toEqual(['a']);
      await log.close();
    });

    it('continues behind what an earlier run wrote', async () => {
      const first = await harness.open();
      await first.append(records('a'));
      await first.close();
      const second = await harness.open();
      await second.append(records('b'));
      await second.close();
      expect(await harness.readAll()).toEqual(['a', 'b']);
    });

    it('accepts an empty batch and an empty record', async () => {
      const log = await harness.open();
      await log.append([]);
      await log.append(records(''));
      await log.close();
      expect(await harness.readAll()).toEqual(['']);
    });

    it('rejects appends after close with the code closed', async () => {
      const log = await harness.open();
      await log.close();
      await expect(log.append(records('late'))).rejects.toMatchObject({ name: 'EventLogError', code: 'closed' });
      expect(await harness.readAll()).toEqual([]);
    });

    it('may be closed twice', async () => {
      const log = await harness.open();
      await log.close();
      await expect(log.close()).resolves.toBeUndefined();
    });

    it('lets an append that is under way finish before it closes', async () => {
      const log = await harness.open();
      const appended = log.append(records('a'));
      await log.close();
      await appended;
      expect(await harness.readAll()).toEqual(['a']);
    });
  });
}

export function records(...texts: string[]): Uint8Array[] {
  return texts.map((text) => Buffer.from(text));
}
