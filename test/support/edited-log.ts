/** Event logs that somebody has edited, with checksums that verify. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventLogFolder, eventLogFolders } from '../../adapters/event-log/log-folders.ts';
import { readEvents } from '../../adapters/event-log/reader.ts';
import { encodeFrames, encodeHeader, segmentName } from '../../adapters/event-log/segment-format.ts';

/** As stored: the JSON of an event. */
export type StoredJson = Record<string, unknown>;

/** All events of a data folder, edited, as the log of another one. `edit` gives null for one that is to be left out. */
export async function copyEdited(
  fromData: string,
  toData: string,
  edit: (stored: StoredJson, index: number) => StoredJson | string | null,
): Promise<void> {
  const records: Uint8Array[] = [];
  let index = 0;
  for (const folder of await eventLogFolders(fromData)) {
    for await (const { payload } of readEvents(folder)) {
      const edited = edit(JSON.parse(Buffer.from(payload).toString()) as StoredJson, index++);
      if (edited !== null) records.push(Buffer.from(typeof edited === 'string' ? edited : JSON.stringify(edited)));
    }
  }
  const folder = eventLogFolder(toData);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, segmentName(1)), Buffer.concat([encodeHeader(1), encodeFrames(records, 1)]));
}
