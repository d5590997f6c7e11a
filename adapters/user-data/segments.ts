/** The event log of one data folder, as a deletion sees it. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ErasedUsers, UserDataStore } from '../../engine/ports/user-data-store.ts';
import { countInFile } from '../event-log/count-in-file.ts';
import { redactSegments, removeDrafts, segmentsWith } from '../event-log/redact-segments.ts';
import { firstSequenceOf } from '../event-log/segment-format.ts';

export interface SegmentWriter {
  /** See `EmbeddedEventLog.rotate`. */
  readonly rotate: () => Promise<number>;
  /** Sequence up to which events have been handed on; `Infinity`: nobody hands them on. */
  readonly handedOnUntil: () => number;
}

/** `writer` null: nobody writes there, and the caller holds the folder's lock. */
export function segmentUserData(folder: string, writer: SegmentWriter | null): UserDataStore {
  /** What was read before and not acknowledged may still be sent with a key. */
  let handOnFrom = 0;
  return {
    name: 'segments',
    erase: async (users) => {
      await removeDrafts(folder);
      const keys = bytesOf(users);
      const names = await segmentsWith(folder, keys);
      if (names.length === 0) return 0;
      const openFrom = (await writer?.rotate()) ?? Number.POSITIVE_INFINITY;
      if (writer !== null) handOnFrom = openFrom;
      const closed = names.filter((name) => firstSequenceOf(name)! < openFrom);
      return redactSegments(folder, closed, keys);
    },
    /** Every byte of every file. */
    search: async (users) => {
      if (writer !== null && writer.handedOnUntil() < handOnFrom) throw new Error('waits until Kafka has its events');
      const keys = bytesOf(users);
      let count = 0;
      for (const name of await readdir(folder)) count += await countInFile(join(folder, name), keys);
      return count;
    },
  };
}

function bytesOf({ eventKeys }: ErasedUsers): Buffer[] {
  return eventKeys.map((key) => Buffer.from(key, 'latin1'));
}
