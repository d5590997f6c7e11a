/** What one of several engine processes gets of the settings that are meant for all of them together. */
import type { Config, DspConfig, EventsConfig } from './types.ts';

/**
 * Rates agreed with a DSP, client connections and disk are divided; everything else (timeouts, admission, queues) is
 * each process's own. `config` with one worker is returned as it is.
 */
export function workerShare(config: Config): Config {
  const { server, dspDefaults, dsps, events } = config;
  const { workers } = server;
  if (workers === 1) return config;
  return {
    ...config,
    server: { ...server, connectionsMax: Math.ceil(server.connectionsMax / workers) },
    dspDefaults: { ...dspDefaults, callsPerSecond: dspDefaults.callsPerSecond / workers },
    dsps: dsps.map((dsp) => ({ ...dsp, ...dspShare(dsp, workers) })),
    events: eventsShare(events, workers),
  };
}

function dspShare({ callsPerSecond, callsPerSecondMax }: DspConfig, workers: number): Partial<DspConfig> {
  return {
    ...(callsPerSecond === undefined ? {} : { callsPerSecond: callsPerSecond / workers }),
    ...(callsPerSecondMax === undefined ? {} : { callsPerSecondMax: callsPerSecondMax / workers }),
  };
}

/** One share more than there are workers: while one is replaced, its successor writes to a folder of its own. */
function eventsShare(events: EventsConfig, workers: number): EventsConfig {
  const totalBytesMax = Math.floor(events.totalBytesMax / (workers + 1));
  const segmentBytesMax = Math.min(events.segmentBytesMax, Math.floor(totalBytesMax / 2));
  return { ...events, totalBytesMax, segmentBytesMax };
}
