/**
 * Admission at the door of one process: feeds `engine/traffic/admission` with what the process feels and with what became
 * of the requests it took. Every `Visit` ends exactly once, so that nothing stays in flight for ever.
 */
import type { AuctionEvent } from '../engine/exchange/auction-event.ts';
import type { Clock, TimerHandle, Timers } from '../engine/ports/clock.ts';
import type { Random } from '../engine/ports/random.ts';
import {
  type Admission,
  type AdmissionOptions,
  type AdmissionSnapshot,
  admit,
  createAdmission,
  finished,
  observePressure,
  released,
  type Shed,
  snapshot,
} from '../engine/traffic/admission/admission.ts';
import { ReducedFanOut } from '../engine/traffic/admission/reduced-fan-out.ts';
import { hintsBeforeParsing, type ValueHints } from '../engine/traffic/admission/request-value.ts';
import type { DegradeLevel } from '../engine/traffic/admission/zones.ts';

export interface AdmissionGateOptions {
  readonly admission: AdmissionOptions;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly dspIds: readonly string[];
  /** Units of the exchange's currency per unit of another; 0 when unknown. */
  readonly rateToExchange: (currency: string) => number;
  /** What an arrival waits for the event loop, ms. */
  readonly loopDelayMs: () => number;
  /** Used part of the largest heap the process may have, 0..1. */
  readonly heapShare: () => number;
  readonly onShed: (shed: Shed) => void;
}

/** One request that was let in, until `leave` or the end of its auction. */
export interface Visit {
  readonly hints: ValueHints;
  /** How little service its auction gets. */
  readonly degrade: DegradeLevel;
  /** Monotonic ms. */
  readonly admittedAtMs: number;
}

/** Pressure must be seen to end without requests, too. */
const OBSERVE_MS = 20;

export class AdmissionGate {
  readonly #options: AdmissionGateOptions;
  readonly #admission: Admission;
  readonly #fanOut: ReducedFanOut;
  readonly #dspIndices: ReadonlyMap<string, number>;
  /** Those whose auction has not begun, in the order of arrival: the first is the oldest. */
  readonly #waiting = new Set<Visit>();
  readonly #auctions = new Map<string, { readonly visit: Visit; readonly arrivedAtMs: number }>();
  #handle: TimerHandle;

  /** Observes the process until stopped. */
  constructor(options: AdmissionGateOptions) {
    this.#options = options;
    this.#admission = createAdmission(options.admission, options.clock.monotonicMs());
    this.#fanOut = new ReducedFanOut(options.dspIds.length);
    this.#dspIndices = new Map(options.dspIds.map((id, index) => [id, index]));
    this.#tick();
  }

  /** Null: refused, and told to `onShed`. Otherwise `leave` or `joinAuction` follows. `body` is null when compressed. */
  enter(account: string, body: Uint8Array | null): Visit | null {
    const nowMs = this.#options.clock.monotonicMs();
    this.#observe(nowMs);
    const hints = hintsBeforeParsing(account, body);
    const decision = admit(this.#admission, hints, nowMs, this.#options.random());
    if (decision.kind === 'shed') {
      this.#options.onShed(decision);
      return null;
    }
    const visit: Visit = { hints, degrade: decision.degrade, admittedAtMs: nowMs };
    this.#waiting.add(visit);
    return visit;
  }

  /** No auction comes of it. Does nothing for a visit that has left, or whose auction has begun. */
  leave(visit: Visit): void {
    if (this.#waiting.delete(visit)) released(this.#admission, this.#options.clock.monotonicMs());
  }

  /** From here on the auction's end is the end of the visit. */
  joinAuction(visit: Visit, auctionId: string, arrivedAtMs: number): void {
    this.#auctions.set(auctionId, { visit, arrivedAtMs });
  }

  /** It has taken its first step. */
  auctionBegan(auctionId: string): void {
    const auction = this.#auctions.get(auctionId);
    if (auction !== undefined) this.#waiting.delete(auction.visit);
  }

  /** Nothing is learned from auctions that did not run to their end, or were tests. */
  auctionEnded(event: AuctionEvent): void {
    const auction = this.#auctions.get(event.auctionId);
    if (auction === undefined) return;
    const { visit, arrivedAtMs } = auction;
    this.#auctions.delete(event.auctionId);
    this.#waiting.delete(visit);
    const nowMs = this.#options.clock.monotonicMs();
    if (event.isTest || event.input === null) {
      released(this.#admission, nowMs);
      return;
    }
    finished(
      this.#admission,
      {
        degrade: visit.degrade,
        hints: visit.hints,
        ownLatencyMs: ownLatencyMs(event, arrivedAtMs, visit.admittedAtMs),
        valueMicros: this.#learnSales(event, visit.degrade),
      },
      nowMs,
    );
  }

  /** Indices of the DSPs that are asked at this level, best first: the same array as long as they are the same. */
  dspsAsked(level: DegradeLevel): Uint32Array {
    return this.#fanOut.asked(level);
  }

  /** How little service the process gives now. */
  readonly degradeLevel = (): DegradeLevel => this.#admission.zones.level;

  readonly snapshot = (): AdmissionSnapshot => snapshot(this.#admission);

  stop(): void {
    this.#options.timers.cancel(this.#handle);
  }

  /** Returns the sum of the clearing prices, CPM micros of the exchange's currency. */
  #learnSales({ input, outcome }: AuctionEvent, degrade: DegradeLevel): number {
    if (input === null || outcome === null || outcome.wins.length === 0) return 0;
    const rate = this.#options.rateToExchange(input.currency);
    let sum = 0;
    for (const { bidIndex, clearingCpmMicros } of outcome.wins) {
      const micros = clearingCpmMicros * rate;
      const dspIndex = this.#dspIndices.get(input.bids[bidIndex]!.dspId);
      if (degrade === 0 && dspIndex !== undefined) this.#fanOut.learn(dspIndex, micros);
      sum += micros;
    }
    return sum;
  }

  readonly #tick = (): void => {
    this.#observe(this.#options.clock.monotonicMs());
    this.#handle = this.#options.timers.schedule(OBSERVE_MS, this.#tick);
  };

  #observe(nowMs: number): void {
    const { loopDelayMs, heapShare } = this.#options;
    const queueAgeMs = this.#queueAgeMs(nowMs);
    observePressure(this.#admission, { loopDelayMs: loopDelayMs(), queueAgeMs, heapShare: heapShare() }, nowMs);
  }

  #queueAgeMs(nowMs: number): number {
    for (const oldest of this.#waiting) return nowMs - oldest.admittedAtMs;
    return 0;
  }
}

/** From the admission, not from the arrival: how long a client takes to send its body is no load of ours. */
function ownLatencyMs({ timings }: AuctionEvent, arrivedAtMs: number, admittedAtMs: number): number {
  const beforeAskingMs = arrivedAtMs + timings.solicitedAtMs - admittedAtMs;
  return Math.max(0, beforeAskingMs) + Math.max(0, timings.answeredAtMs - timings.closedAtMs);
}
