/**
 * One engine process under open-loop load in virtual time: a node event loop (timers, then everything that became readable,
 * then what was deferred to the next turn) whose work costs CPU, auctions that wait for DSPs in between, and the admission
 * control under test. Arrivals wait in the kernel while the loop is busy, where the process cannot see them.
 */
import {
  type Accepted,
  type Admission,
  type AdmissionSnapshot,
  admit,
  createAdmission,
  finished,
  observePressure,
  snapshot,
} from '../admission.ts';
import { ADMISSION_DEFAULTS } from '../defaults.ts';
import { LoopDelayWindow } from '../loop-delay-window.ts';
import { hintsBeforeParsing, type ValueHints } from '../request-value.ts';

export interface LoadPhase {
  readonly untilMs: number;
  /** New requests per second, Poisson. */
  readonly ratePerSec: number;
}

export interface SimulationOptions {
  readonly seed: number;
  readonly phases: readonly LoadPhase[];
  /** CPU of refusing one request, ms. */
  readonly shedCpuMs: number;
  /** How often a client repeats a request that was refused or answered late; 0 = never. */
  readonly retriesMax: number;
  /** false: everything is taken, in full service. */
  readonly admission: boolean;
  /** Degrade levels make auctions cheaper; false: admitted auctions cost the same at every level. */
  readonly degradingSaves: boolean;
}

/** What happened to the requests that arrived in one second. */
export interface SecondReport {
  arrivals: number;
  /** Answered within the deadline. */
  good: number;
  late: number;
  shed: number;
  valuedShed: number;
  degraded: number;
  latenciesMs: number[];
}

export interface SimulationReport {
  readonly seconds: readonly SecondReport[];
  readonly snapshot: AdmissionSnapshot;
}

/** CPU per auction in full service: 2.5 ms, of which 1.7 go to the 50 DSPs. */
const CPU_READ_MS = 0.4;
const CPU_FAN_OUT_MS = 0.9;
const CPU_REPLIES_MS = 0.8;
const CPU_ANSWER_MS = 0.4;
export const CAPACITY_PER_SEC = 1000 / (CPU_READ_MS + CPU_FAN_OUT_MS + CPU_REPLIES_MS + CPU_ANSWER_MS);
/** Degrading asks half, then a quarter of the DSPs. */
const DSP_SHARE = [1, 0.5, 0.25] as const;
/** Replies come in bursts: this many wake-ups per auction. */
const REPLY_BURSTS = 4;
const DSP_WAIT_MS = { min: 10, max: 30 };
export const DEADLINE_MS = 100;
const TICK_MS = 10;
const RETRY_AFTER_MS = { min: 50, max: 150 };
const PLACEMENTS = 200;

interface Auction {
  readonly hints: ValueHints;
  readonly meanValue: number;
  readonly arrivedMs: number;
  readonly retriesLeft: number;
  takenMs: number;
  askedMs: number;
  collectedMs: number;
  repliesOut: number;
  accepted: Accepted;
}

interface TimedEvent {
  readonly atMs: number;
  readonly run: () => void;
}

export function simulate(options: SimulationOptions): SimulationReport {
  return new Simulation(options).run();
}

class Simulation {
  readonly #options: SimulationOptions;
  readonly #random: () => number;
  readonly #admission: Admission = createAdmission(ADMISSION_DEFAULTS, 0);
  readonly #loopDelay = new LoopDelayWindow({ windowMs: 100, toleranceMs: 1, blockedMsMin: 10 });
  readonly #seconds: SecondReport[];
  readonly #sources: { readonly hints: ValueHints; readonly meanValue: number }[] = [];
  readonly #events = new EventHeap();
  #deferred: Auction[] = [];
  #answering: Auction[] = [];
  #nowMs = 0;
  #nextArrivalMs = 0;
  #tickDueMs = TICK_MS;

  constructor(options: SimulationOptions) {
    this.#options = options;
    this.#random = seededRandom(options.seed);
    const seconds = Math.ceil(options.phases.at(-1)!.untilMs / 1000);
    this.#seconds = Array.from({ length: seconds }, emptySecond);
    for (let index = 0; index < PLACEMENTS; index++) {
      const hints = hintsBeforeParsing(`/account/${index}`, null);
      this.#sources.push({ hints, meanValue: Math.exp(this.#random() * 6) * 1e4 });
    }
    this.#loopDelay.ticked(0, this.#tickDueMs);
  }

  run(): SimulationReport {
    const endMs = this.#options.phases.at(-1)!.untilMs;
    this.#arrive();
    while (this.#nowMs < endMs) this.#turn();
    return { seconds: this.#seconds, snapshot: snapshot(this.#admission) };
  }

  /** One turn of the loop: timers, poll, check. */
  #turn(): void {
    if (this.#deferred.length === 0 && this.#answering.length === 0) this.#idleUntilWork();
    if (this.#nowMs >= this.#tickDueMs) this.#tick();
    this.#arrive();
    const readable = this.#events.takeUntil(this.#nowMs);
    for (const event of readable) event.run();
    const [deferred, answering] = [this.#deferred, this.#answering];
    this.#deferred = [];
    this.#answering = [];
    for (const auction of deferred) this.#fanOut(auction);
    for (const auction of answering) this.#answer(auction);
  }

  #idleUntilWork(): void {
    this.#nowMs = Math.max(this.#nowMs, Math.min(this.#events.nextMs, this.#tickDueMs));
  }

  #tick(): void {
    this.#tickDueMs = this.#nowMs + TICK_MS;
    this.#loopDelay.ticked(this.#nowMs, this.#tickDueMs);
    this.#observe();
  }

  #observe(): void {
    const oldest = this.#deferred[0];
    const signals = {
      loopDelayMs: this.#loopDelay.delayMs(this.#nowMs),
      queueAgeMs: oldest === undefined ? 0 : this.#nowMs - oldest.takenMs,
      heapShare: 0.3,
    };
    observePressure(this.#admission, signals, this.#nowMs);
  }

  /** All arrivals up to now are in the heap, and one beyond. */
  #arrive(): void {
    while (this.#nextArrivalMs <= this.#nowMs) {
      const phase = this.#options.phases.find(({ untilMs }) => this.#nextArrivalMs < untilMs);
      if (phase === undefined) return;
      this.#nextArrivalMs += (-Math.log(1 - this.#random()) * 1000) / phase.ratePerSec;
      const atMs = this.#nextArrivalMs;
      const source = this.#sources[Math.floor(this.#random() * PLACEMENTS)]!;
      this.#events.push({ atMs, run: () => this.#take(source, atMs, this.#options.retriesMax) });
    }
  }

  #take(source: { hints: ValueHints; meanValue: number }, arrivedMs: number, retriesLeft: number): void {
    const second = this.#second(arrivedMs);
    second.arrivals++;
    this.#observe();
    const takenMs = this.#nowMs;
    const decision: ReturnType<typeof admit> = this.#options.admission
      ? admit(this.#admission, source.hints, this.#nowMs, this.#random())
      : { kind: 'accept', degrade: 0 };
    if (decision.kind === 'shed') {
      this.#nowMs += this.#options.shedCpuMs;
      second.shed++;
      if (decision.class === 'valued') second.valuedShed++;
      this.#retry(source, retriesLeft);
      return;
    }
    if (decision.degrade > 0) second.degraded++;
    this.#nowMs += CPU_READ_MS;
    const unset = { askedMs: 0, collectedMs: 0, repliesOut: REPLY_BURSTS };
    this.#deferred.push({ ...source, arrivedMs, retriesLeft, takenMs, accepted: decision, ...unset });
  }

  #fanOut(auction: Auction): void {
    this.#nowMs += CPU_FAN_OUT_MS * this.#dspShare(auction);
    auction.askedMs = this.#nowMs;
    const waitMs = DSP_WAIT_MS.min + this.#random() * (DSP_WAIT_MS.max - DSP_WAIT_MS.min);
    for (let burst = 1; burst <= REPLY_BURSTS; burst++) {
      this.#events.push({ atMs: this.#nowMs + (waitMs * burst) / REPLY_BURSTS, run: () => this.#collect(auction) });
    }
  }

  #collect(auction: Auction): void {
    if (--auction.repliesOut === 0) auction.collectedMs = this.#nowMs;
    this.#nowMs += (CPU_REPLIES_MS / REPLY_BURSTS) * this.#dspShare(auction);
    if (auction.repliesOut === 0) this.#answering.push(auction);
  }

  #answer(auction: Auction): void {
    this.#nowMs += CPU_ANSWER_MS;
    const latencyMs = this.#nowMs - auction.arrivedMs;
    const second = this.#second(auction.arrivedMs);
    second.latenciesMs.push(latencyMs);
    if (latencyMs <= DEADLINE_MS) second.good++;
    else {
      second.late++;
      this.#retry(auction, auction.retriesLeft);
    }
    if (!this.#options.admission) return;
    const outcome = {
      degrade: auction.accepted.degrade,
      hints: auction.hints,
      ownLatencyMs: auction.askedMs - auction.takenMs + this.#nowMs - auction.collectedMs,
      valueMicros: this.#random() < 0.5 ? 2 * auction.meanValue * this.#random() : 0,
    };
    finished(this.#admission, outcome, this.#nowMs);
  }

  #retry(source: { hints: ValueHints; meanValue: number }, retriesLeft: number): void {
    if (retriesLeft === 0) return;
    const atMs = this.#nowMs + RETRY_AFTER_MS.min + this.#random() * (RETRY_AFTER_MS.max - RETRY_AFTER_MS.min);
    this.#events.push({ atMs, run: () => this.#take(source, atMs, retriesLeft - 1) });
  }

  #dspShare(auction: Auction): number {
    return this.#options.degradingSaves ? DSP_SHARE[auction.accepted.degrade] : 1;
  }

  #second(atMs: number): SecondReport {
    return this.#seconds[Math.min(this.#seconds.length - 1, Math.floor(atMs / 1000))]!;
  }
}

function emptySecond(): SecondReport {
  return { arrivals: 0, good: 0, late: 0, shed: 0, valuedShed: 0, degraded: 0, latenciesMs: [] };
}

/** Binary heap by time. */
class EventHeap {
  readonly #items: TimedEvent[] = [];

  get nextMs(): number {
    return this.#items[0]?.atMs ?? Number.POSITIVE_INFINITY;
  }

  push(event: TimedEvent): void {
    const items = this.#items;
    let at = items.push(event) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (items[parent]!.atMs <= event.atMs) break;
      items[at] = items[parent]!;
      at = parent;
    }
    items[at] = event;
  }

  /** All that is due, earliest first. */
  takeUntil(nowMs: number): TimedEvent[] {
    const taken: TimedEvent[] = [];
    while (this.nextMs <= nowMs) taken.push(this.#pop());
    return taken;
  }

  #pop(): TimedEvent {
    const items = this.#items;
    const top = items[0]!;
    const moved = items.pop()!;
    if (items.length > 0) this.#sink(moved);
    return top;
  }

  #sink(event: TimedEvent): void {
    const items = this.#items;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && items[child + 1]!.atMs < items[child]!.atMs) child++;
      if (items[child]!.atMs >= event.atMs) break;
      items[at] = items[child]!;
      at = child;
    }
    items[at] = event;
  }
}

/** mulberry32. */
export function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
