/** Entry of the process that runs the engine as it is in production: real sockets, real event log. */

import { writeFile } from 'node:fs/promises';
import { Session as InspectorSession, type Session } from 'node:inspector/promises';
import { type Gavel, startGavel } from '../../compose.ts';
import type { Config } from '../../config/types.ts';
import { seededRandom } from '../../simulator/random.ts';
import { bookedLineItem, bookingWrites } from '../payloads/campaign-population.ts';
import { endGarbageCount, startGarbageCount } from './garbage.ts';
import { serveParent } from './serve-parent.ts';
import { usage } from './usage.ts';

const BOOKED_AT_ONCE = 250;

let gavel: Gavel | null = null;
let profiler: Session | null = null;

const handlers = {
  /** Gives the URL that takes ad requests. */
  start: async (config: Config): Promise<string> => {
    gavel = await startGavel(config);
    return `${gavel.url}/openrtb2/auction`;
  },
  /** So many campaigns; resolves when they are in the books. The desk finds them at its next look. */
  book: async (count: number, seed: number): Promise<void> => {
    const random = seededRandom(seed).fork('campaigns');
    const { store } = gavel!.campaigns!.books;
    for (let first = 0; first < count; first += BOOKED_AT_ONCE) {
      const length = Math.min(BOOKED_AT_ONCE, count - first);
      const items = Array.from({ length }, (_, index) => bookedLineItem(first + index, random));
      await store.write(items.flatMap(bookingWrites), 'bench');
    }
  },
  usage,
  startGarbageCount,
  endGarbageCount,
  startProfile: async (): Promise<void> => {
    profiler = new InspectorSession();
    profiler.connect();
    await profiler.post('Profiler.enable');
    await profiler.post('Profiler.setSamplingInterval', { interval: 200 });
    await profiler.post('Profiler.start');
  },
  writeProfile: async (file: string): Promise<void> => {
    const { profile } = await profiler!.post('Profiler.stop');
    profiler!.disconnect();
    await writeFile(file, JSON.stringify(profile));
  },
  stop: async (): Promise<void> => gavel?.close(),
};

export type EngineHandlers = typeof handlers;

serveParent(handlers);
