/** How far each partition of a log has been archived: a file each, so that those who share the partitions do not meet. */
import { createHash } from 'node:crypto';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { putFile } from './durable-file.ts';
import { placesFolder } from './layout.ts';

interface Place {
  /** The log, for people. */
  readonly source: string;
  readonly partition: number;
  readonly nextOffset: number;
}

export interface Places {
  /** Null: none is known, or nobody can read it; events that come again for that are told by their ids. */
  readonly of: (partition: number) => Promise<number | null>;
  readonly store: (partition: number, nextOffset: number) => Promise<void>;
  /** Of all partitions. */
  readonly forget: () => Promise<void>;
}

/** `source` names the log: another one has other offsets. */
export function openPlaces(archive: string, source: string): Places {
  const log = createHash('sha256').update(source).digest('hex').slice(0, 16);
  const pathOf = (partition: number): string => join(placesFolder(archive), `${log}-${partition}.json`);
  return {
    of: async (partition) => {
      const nextOffset = (await readPlace(pathOf(partition)))?.nextOffset;
      return Number.isSafeInteger(nextOffset) ? nextOffset! : null;
    },
    store: (partition, nextOffset) => {
      const place: Place = { source, partition, nextOffset };
      return putFile(pathOf(partition), (draft) => writeFile(draft, `${JSON.stringify(place)}\n`));
    },
    forget: async () => {
      const folder = placesFolder(archive);
      const names = await readdir(folder).catch(() => []);
      for (const name of names.filter((name) => name.startsWith(`${log}-`))) await rm(join(folder, name));
    },
  };
}

async function readPlace(path: string): Promise<Partial<Place> | null> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Partial<Place> | null;
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
