/** When a campaign may serve, and how much of its traffic falls where. */
import { type LocalTime, SLOT_MS } from './local-time.ts';
import type { TrafficCurve } from './traffic-curve.ts';

export interface Flight {
  /** Epoch ms; serves in [startAt, endAt). */
  readonly startAt: number;
  readonly endAt: number | null;
  readonly delivery: 'even' | 'asap';
  readonly localTime: LocalTime;
  /** By hour of the local week, 0 = Monday 00:00: 1 where any of its line items may serve. */
  readonly openHours: Uint8Array;
}

const SLOTS_PER_HOUR = 4;

export function isOpen({ startAt, endAt, openHours, localTime }: Flight, atMs: number): boolean {
  const isLive = atMs >= startAt && (endAt === null || atMs < endAt);
  return isLive && openHours[Math.floor(localTime.slotOfWeek(atMs) / SLOTS_PER_HOUR)] === 1;
}

/** Traffic expected in [fromMs, toMs) while the flight is open: in events once the curve is learned, in ms before. */
export function expectedTraffic(flight: Flight, curve: TrafficCurve, fromMs: number, toMs: number): number {
  const { openHours, localTime } = flight;
  let atMs = Math.max(fromMs, flight.startAt);
  const untilMs = Math.min(toMs, flight.endAt ?? Infinity);
  let traffic = 0;
  while (atMs < untilMs) {
    const slotEndMs = Math.min(untilMs, (Math.floor(atMs / SLOT_MS) + 1) * SLOT_MS);
    const slot = localTime.slotOfWeek(atMs);
    if (openHours[Math.floor(slot / SLOTS_PER_HOUR)] === 1) traffic += curve.rate(slot) * (slotEndMs - atMs);
    atMs = slotEndMs;
  }
  return traffic;
}
