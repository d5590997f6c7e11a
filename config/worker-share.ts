/** What one of several engine processes gets of the settings that are meant for all of them together. */
import type { Config, DspConfig, EventsConfig } from './types.ts';

/**
 * An agreed rate may be exceeded by a tenth in a burst, and by one call at least. Below this rate, calls per second, one
 * call is more than a tenth, and as many workers as there are could be over it by as many calls at once.
 */
const DIVIDED_RATE_MIN = 10;

/**
 * Rates agreed with a DSP, client connections and disk are divided; everything else (timeouts, admission, queues) is
 * each process's own. `place` is from 0 to the number of workers less one, each that of one worker. `config` with one
 * worker is returned as it is.
 */
export function workerShare(config: Config, place: number): Config {
  const { server, dspDefaults, dsps, events } = config;
  const { workers } = server;
  if (workers === 1) return config;
  return {
    ...config,
    server: { ...server, connectionsMax: Math.ceil(server.connectionsMax / workers) },
    dsps: dsps
      .filter((dsp, index) => (place + index) % workers < callerCount(dsp, workers))
      .map((dsp) => ({ ...dsp, ...dspShare(dsp, dspDefaults.callsPerSecond, callerCount(dsp, workers)) })),
    events: eventsShare(events, workers),
  };
}

/** How many workers call a DSP: all, unless its agreed rate is too small to be divided among them. */
function callerCount({ callsPerSecondMax }: DspConfig, workers: number): number {
  if (callsPerSecondMax === undefined) return workers;
  return Math.min(workers, Math.max(1, Math.floor(callsPerSecondMax / DIVIDED_RATE_MIN)));
}

function dspShare(dsp: DspConfig, callsPerSecondDefault: number, callers: number): Partial<DspConfig> {
  const { callsPerSecond, callsPerSecondMax } = dsp;
  return {
    callsPerSecond: (callsPerSecond ?? callsPerSecondDefault) / callers,
    ...(callsPerSecondMax === undefined ? {} : { callsPerSecondMax: callsPerSecondMax / callers }),
  };
}

/** One share more than there are workers: while one is replaced, its successor writes to a folder of its own. */
function eventsShare(events: EventsConfig, workers: number): EventsConfig {
  const totalBytesMax = Math.floor(events.totalBytesMax / (workers + 1));
  const segmentBytesMax = Math.min(events.segmentBytesMax, Math.floor(totalBytesMax / 2));
  return { ...events, totalBytesMax, segmentBytesMax };
}
