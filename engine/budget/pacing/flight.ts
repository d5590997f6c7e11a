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

const HOURS_PER_WEEK = 168;
const SLOTS_PER_HOUR = 4;

/** Of what its line items include and exclude; an hour is open when it is to one of them. */
export function openHours(
  lineItems: readonly { readonly include: readonly number[]; readonly exclude: readonly number[] }[],
): Uint8Array {
  const open = new Uint8Array(HOURS_PER_WEEK);
  for (const { include, exclude } of lineItems) {
    if (include.length === 0 && exclude.length === 0) return open.fill(1);
    for (let hour = 0; hour < HOURS_PER_WEEK; hour++) {
      if ((include.length === 0 || include.includes(hour)) && !exclude.includes(hour)) open[hour] = 1;
    }
  }
  return open;
}

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
