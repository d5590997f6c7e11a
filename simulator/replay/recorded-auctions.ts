/** The auctions among what was recorded, each once, with a count of all that is none or cannot be read. */
import { EventFormatError, type GavelEvent, readStoredEvent } from '../../engine/events/read-event.ts';
import { SeenEvents } from '../../engine/events/seen-events.ts';
import type { AuctionEvent } from '../../engine/exchange/auction-event.ts';
import type {
  EventReading,
  LostRecords,
  RecordedEvents,
  RecordedLog,
  RecordedPayload,
} from '../../engine/ports/recorded-events.ts';

/** From `fromMs` until before `untilMs`, epoch ms, by when auctions arrived. */
export type ReplayWindow = Pick<EventReading, 'fromMs' | 'untilMs'>;

export interface RecordedAuction {
  readonly event: AuctionEvent;
  /** `event` is in the shape of today's. */
  readonly storedVersion: number;
  readonly source: string;
  readonly position: number;
}

/** What was read; plain JSON. */
export interface ReadingTally {
  /** Auctions of the window, each once. */
  auctions: number;
  /** Auctions by the version that they were stored in. */
  versions: Record<string, number>;
  /** Events of other types. */
  otherEvents: number;
  outsideWindow: number;
  /** Told before: what is delivered at least once may come again. */
  repeated: number;
  /** Records that are damaged or missing. */
  lost: number;
  /** Events that cannot be read, by code (docs/replay.md). */
  unreadable: Record<string, number>;
  /** The first of what was lost or cannot be read, for people. */
  problems: string[];
}

/** A topic may tell the same again behind millions of others; then it counts twice. */
const REMEMBERED_IDS = 400_000;
const PROBLEMS_MAX = 20;

export class RecordedAuctions {
  readonly tally: ReadingTally = {
    auctions: 0,
    versions: {},
    otherEvents: 0,
    outsideWindow: 0,
    repeated: 0,
    lost: 0,
    unreadable: {},
    problems: [],
  };
  readonly #events: RecordedEvents;
  readonly #window: ReplayWindow;
  readonly #seen = new SeenEvents(REMEMBERED_IDS);

  constructor(events: RecordedEvents, window: ReplayWindow) {
    this.#events = events;
    this.#window = window;
  }

  /** Of all logs, one after the other. */
  async *read(): AsyncGenerator<RecordedAuction, void, undefined> {
    for (const log of this.#events.logs) yield* this.readLog(log);
  }

  async *readLog(log: RecordedLog): AsyncGenerator<RecordedAuction, void, undefined> {
    for await (const recorded of log.read({ ...this.#window, onLost: (lost) => this.#onLost(lost) })) {
      const stored = this.#eventIn(recorded);
      if (stored === null) continue;
      const { event, storedVersion } = stored;
      if (event.type !== 'auction') this.tally.otherEvents += 1;
      else if (this.#isWanted(event)) {
        this.tally.auctions += 1;
        this.tally.versions[storedVersion] = (this.tally.versions[storedVersion] ?? 0) + 1;
        yield { event, storedVersion, source: recorded.source, position: recorded.position };
      }
    }
  }

  #isWanted({ auctionId, atMs }: AuctionEvent): boolean {
    if (atMs < this.#window.fromMs || atMs >= this.#window.untilMs) {
      this.tally.outsideWindow += 1;
      return false;
    }
    if (this.#seen.has(auctionId)) {
      this.tally.repeated += 1;
      return false;
    }
    this.#seen.add(auctionId);
    return true;
  }

  #eventIn({ source, position, payload }: RecordedPayload): { event: GavelEvent; storedVersion: number } | null {
    try {
      return readStoredEvent(payload);
    } catch (error) {
      // Whatever stands where a list should: the event has its type and its version, and not its shape.
      const code = error instanceof EventFormatError ? error.code : 'invalid';
      this.tally.unreadable[code] = (this.tally.unreadable[code] ?? 0) + 1;
      this.#tell(`${source}, ${position}: ${code}: ${(error as Error).message}`);
      return null;
    }
  }

  #onLost({ source, count, reason }: LostRecords): void {
    this.tally.lost += count;
    this.#tell(`${source}: ${reason}`);
  }

  #tell(problem: string): void {
    if (this.tally.problems.length < PROBLEMS_MAX) this.tally.problems.push(problem);
  }
}
