/**
 * Connections to keep to a DSP: P = Q x L (Little's law; DESIGN section 6): calls per second times seconds per call. With N
 * engine processes Q is the share of one, so that P = Q x L / N of the whole.
 */
export interface PoolDemand {
  /** Calls per second to this DSP from this process, at peak. */
  readonly callsPerSecond: number;
  /** Latency of the DSP in milliseconds that the pool must carry (its timeout is the safe choice). */
  readonly latencyMs: number;
}

/** One connection more than none even for a rare DSP, and a bound so that one typo does not exhaust the descriptors. */
const CONNECTIONS_MIN = 2;
const CONNECTIONS_MAX = 512;

export function poolSize(demand: PoolDemand): number {
  const connections = Math.ceil(demand.callsPerSecond * (demand.latencyMs / 1000));
  return Math.min(CONNECTIONS_MAX, Math.max(CONNECTIONS_MIN, connections));
}
