/**
 * Takes what tracking URLs tell: reads the claim, stores its event, and only then says that it is stored. A claim that is
 * forged, expired or told before never becomes an event.
 */
import type { TrackedEvent } from '../events/outcome-events.ts';
import { SeenEvents } from '../events/seen-events.ts';
import type { TrackedCode } from '../markup/tracked-codes.ts';
import type { TokenReader, TokenRefusal } from '../ports/token-signer.ts';
import { type Claim, readClaim, trackedEvent } from './claim.ts';

/**
 * `stored`: the event is durable; `duplicate`: it was before; `prefetched`: a browser loads ahead, nobody has seen anything yet;
 * `overloaded`, `not-stored`: to be told again.
 */
export type TrackingResult = 'stored' | 'duplicate' | 'prefetched' | 'overloaded' | 'not-stored' | TokenRefusal;

export interface Tracked {
  readonly result: TrackingResult;
  /** Where the click leads, though it may not count; null: nowhere. */
  readonly target: string | null;
}

/** What came beside the token. */
export interface Telling {
  readonly isPrefetch: boolean;
  /** Of a player; null: none. */
  readonly errorCode: number | null;
}

export interface TrackingDeskOptions {
  readonly reader: TokenReader;
  /** Resolves to whether the event is durable. Does not reject. */
  readonly store: (event: TrackedEvent) => Promise<boolean>;
  /** Of an event that is durable and was not told before, as far as this process knows. */
  readonly onStored: (event: TrackedEvent) => void;
  /** Once for each token. `code` is null when it could not be read. */
  readonly onResult: (code: TrackedCode | null, result: TrackingResult) => void;
  /** Wall clock, epoch ms. */
  readonly wallMs: () => number;
  /** Events that may be on their way to the log. */
  readonly underWayMax: number;
  /** Ids that are remembered. */
  readonly seenMax: number;
}

export class TrackingDesk {
  readonly #options: TrackingDeskOptions;
  readonly #seen: SeenEvents;
  /** By id: who tells the same meanwhile gets the same answer. */
  readonly #underWay = new Map<string, Promise<boolean>>();

  constructor(options: TrackingDeskOptions) {
    this.#options = options;
    this.#seen = new SeenEvents(options.seenMax);
  }

  async tell(token: string, telling: Telling): Promise<Tracked> {
    const { reader, wallMs, onResult } = this.#options;
    const nowMs = wallMs();
    const reading = reader.read(token, nowMs);
    const claim = reading.content === null ? null : readClaim(reading.content);
    const result =
      reading.kind === 'refused' ? this.#refused(reading.reason, claim) : await this.#take(claim, telling, nowMs);
    onResult(claim?.code ?? null, result);
    return { result, target: claim?.target ?? null };
  }

  /** Who tells again what was stored in time, and has not heard so, is to stop. */
  #refused(reason: TokenRefusal, claim: Claim | null): TrackingResult {
    const isStored = reason === 'expired' && claim !== null && this.#seen.has(trackedEvent(claim, 0, null).id);
    return isStored ? 'duplicate' : reason;
  }

  async #take(claim: Claim | null, { isPrefetch, errorCode }: Telling, nowMs: number): Promise<TrackingResult> {
    // Signed by an engine that knows more kinds of claims than this one.
    if (claim === null) return 'malformed';
    if (isPrefetch) return 'prefetched';
    const event = trackedEvent(claim, nowMs, errorCode);
    if (this.#seen.has(event.id)) return 'duplicate';
    const underWay = this.#underWay.get(event.id);
    if (underWay !== undefined) return (await underWay) ? 'duplicate' : 'not-stored';
    if (this.#underWay.size >= this.#options.underWayMax) return 'overloaded';
    return this.#store(event);
  }

  async #store(event: TrackedEvent): Promise<TrackingResult> {
    const storing = this.#options.store(event);
    this.#underWay.set(event.id, storing);
    const isStored = await storing;
    this.#underWay.delete(event.id);
    if (!isStored) return 'not-stored';
    this.#seen.add(event.id);
    this.#options.onStored(event);
    return 'stored';
  }
}
