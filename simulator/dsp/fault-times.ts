/** When the faults of a DSP strike; outside of these times it is healthy. Seconds since the DSPs listen. */
export interface FaultTimes {
  readonly fromSec: number;
  /** Healed from here on; absent: never. */
  readonly untilSec?: number;
  /** Flapping: sick for `sickSec`, then healthy for `healthySec`, over and over; absent: sick all the time. */
  readonly flapping?: { readonly sickSec: number; readonly healthySec: number };
}

/** Whether the faults strike a request that arrives at this time. */
export function areFaultsDue({ fromSec, untilSec, flapping }: FaultTimes, sinceStartMs: number): boolean {
  const sinceFirstMs = sinceStartMs - fromSec * 1000;
  if (sinceFirstMs < 0 || (untilSec !== undefined && sinceStartMs >= untilSec * 1000)) return false;
  if (flapping === undefined) return true;
  const { sickSec, healthySec } = flapping;
  return sinceFirstMs % ((sickSec + healthySec) * 1000) < sickSec * 1000;
}
