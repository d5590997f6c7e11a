/** Entry of the process that runs the engine as it is in production: real sockets, real event log. */

import { writeFile } from 'node:fs/promises';
import { Session as InspectorSession, type Session } from 'node:inspector/promises';
import { type Gavel, startGavel } from '../../compose.ts';
import type { Config } from '../../config/types.ts';
import { endGarbageCount, startGarbageCount } from './garbage.ts';
import { serveParent } from './serve-parent.ts';
import { usage } from './usage.ts';

let gavel: Gavel | null = null;
let profiler: Session | null = null;

const handlers = {
  /** Gives the URL that takes ad requests. */
  start: async (config: Config): Promise<string> => {
    gavel = await startGavel(config);
    return `${gavel.url}/openrtb2/auction`;
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
