/**
 * Days and slots of the week as an advertiser counts them: in its time zone, daylight saving included, so that a day has
 * 23, 24 or 25 hours and a slot of the week may come twice or not at all.
 */
export const SLOT_MS = 900_000;
export const SLOTS_PER_DAY = 96;
export const SLOTS_PER_WEEK = 7 * SLOTS_PER_DAY;

const DAY_MS = 86_400_000;
/** 1970-01-01 was a Thursday; our week starts on Monday. */
const FIRST_WEEKDAY = 3;
/** Offsets kept, one per quarter of an hour looked at; forgotten together when there are so many. */
const OFFSETS_MAX = 4096;

/** One per time zone, shared by all who live in it. */
export class LocalTime {
  readonly timeZone: string;
  readonly #format: Intl.DateTimeFormat;
  readonly #offsets = new Map<number, number>();

  /** `timeZone` is an IANA name; throws a RangeError when it is unknown. */
  constructor(timeZone: string) {
    this.timeZone = timeZone;
    this.#format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      calendar: 'iso8601',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  }

  /** Local wall time minus UTC, ms. Time zones change at quarters of an hour only. */
  offsetMs(atMs: number): number {
    const quarter = Math.floor(atMs / SLOT_MS);
    const known = this.#offsets.get(quarter);
    if (known !== undefined) return known;
    if (this.#offsets.size >= OFFSETS_MAX) this.#offsets.clear();
    const offsetMs = this.#readOffset(quarter * SLOT_MS);
    this.#offsets.set(quarter, offsetMs);
    return offsetMs;
  }

  /** 0 is Monday 00:00 to 00:15, 671 the last of Sunday. */
  slotOfWeek(atMs: number): number {
    const localMs = atMs + this.offsetMs(atMs);
    const day = Math.floor(localMs / DAY_MS);
    const slotOfDay = Math.floor((localMs - day * DAY_MS) / SLOT_MS);
    return ((((day + FIRST_WEEKDAY) % 7) + 7) % 7) * SLOTS_PER_DAY + slotOfDay;
  }

  /** The first instant of the local day that `atMs` is in, epoch ms. */
  dayStart(atMs: number): number {
    return this.#startOf(this.#dayNumber(atMs), atMs);
  }

  nextDayStart(atMs: number): number {
    return this.#startOf(this.#dayNumber(atMs) + 1, atMs);
  }

  #dayNumber(atMs: number): number {
    return Math.floor((atMs + this.offsetMs(atMs)) / DAY_MS);
  }

  /** Midnight by today's offset, then moved to where the date really changes: midnight itself may be skipped. */
  #startOf(day: number, nearMs: number): number {
    let startMs = day * DAY_MS - this.offsetMs(nearMs);
    while (this.#dayNumber(startMs - 1) >= day) startMs -= SLOT_MS;
    while (this.#dayNumber(startMs) < day) startMs += SLOT_MS;
    return startMs;
  }

  #readOffset(atMs: number): number {
    const parts: Record<string, number> = {};
    for (const { type, value } of this.#format.formatToParts(atMs)) parts[type] = Number(value);
    const { year, month, day, hour, minute, second } = parts as Record<string, number>;
    return Date.UTC(year!, month! - 1, day, hour, minute, second) - Math.floor(atMs / 1000) * 1000;
  }
}
