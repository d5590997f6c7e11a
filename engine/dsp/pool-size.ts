/**
 * Connections to keep to a DSP: P = Q x L / N (Little's law; DESIGN section 6): calls per second times seconds per call,
 * shared by the engine processes.
 */
export interface PoolDemand {
  /** Calls per second to this DSP over all processes, at peak. */
  readonly callsPerSecond: number;
  /** Latency of the DSP in milliseconds that the pool must carry (its timeout is the safe choice). */
  readonly latencyMs: number;
  readonly processes: number;
}

/** One connection more than none even for a rare DSP, and a bound so that one typo does not exhaust the descriptors. */
const CONNECTIONS_MIN = 2;
const CONNECTIONS_MAX = 512;

export function poolSize(demand: PoolDemand): number {
  const connections = Math.ceil((demand.callsPerSecond * (demand.latencyMs / 1000)) / demand.processes);
  return Math.min(CONNECTIONS_MAX, Math.max(CONNECTIONS_MIN, connections));
}
