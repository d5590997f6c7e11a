/** One DSP behind its health, in simulated time: for tests. */
import type { Random } from '../../ports/random.ts';
import {
  createDspHealth,
  DSP_HEALTH_DEFAULTS,
  type DspHealth,
  type DspHealthOptions,
  decide,
  record,
} from '../dsp-health.ts';
import type { ReplyResult } from '../reply.ts';

export const OPTIONS: DspHealthOptions = {
  ...DSP_HEALTH_DEFAULTS,
  timeoutMs: 30,
  timeoutMsMin: 5,
  inFlightMax: 1000,
  callsPerSecondMax: null,
};

/** Mulberry32. */
export function seededRandom(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What the DSP does with a call. A latency at or above the wait is a timeout. */
export interface Answer {
  readonly result: ReplyResult;
  readonly latencyMs: number;
}

export type Behaviour = (nowMs: number, random: Random) => Answer;

export const HANGS: Behaviour = () => ({ result: 'bid', latencyMs: Number.POSITIVE_INFINITY });
export const FAILS: Behaviour = () => ({ result: 'http-error', latencyMs: 1 });
export const ANSWERS: Behaviour = logNormal(8, 0.3);

export function logNormal(medianMs: number, sigma: number): Behaviour {
  return (_nowMs, random) => ({ result: 'no-bid', latencyMs: medianMs * Math.exp(sigma * standardNormal(random)) });
}

export function standardNormal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** `sick` for `periodMs`, then `well` for as long, and so on. */
export function flaps(periodMs: number, sick: Behaviour, well: Behaviour): Behaviour {
  return (nowMs, random) => (Math.floor(nowMs / periodMs) % 2 === 0 ? sick : well)(nowMs, random);
}

/** Fails the share `ratio` of calls. */
export function failsOften(ratio: number, sick: Behaviour, well: Behaviour): Behaviour {
  return (nowMs, random) => (random() < ratio ? sick : well)(nowMs, random);
}

interface Pending {
  readonly endsAtMs: number;
  readonly result: ReplyResult;
  readonly latencyMs: number;
  readonly timeoutMs: number;
  readonly isProbe: boolean;
}

export class SimulatedDsp {
  readonly health: DspHealth;
  readonly random: Random;
  nowMs = 0;
  /** Offered and called since the last `resetCounts`. */
  offered = 0;
  called = 0;
  failed = 0;
  /** Times at which the breaker or the rotation changed. */
  readonly changesAtMs: number[] = [];
  longestSilenceMs = 0;
  #calledAtMs = 0;
  #state = 'closed';
  #pending: Pending[] = [];

  constructor(seed: number, options: DspHealthOptions = OPTIONS) {
    this.health = createDspHealth(options, 0);
    this.random = seededRandom(seed);
  }

  resetCounts(): void {
    this.offered = 0;
    this.called = 0;
    this.failed = 0;
  }

  get share(): number {
    return this.called / this.offered;
  }

  /** Offers requests at random times (Poisson), each with `remainingMs` left. */
  run(durationMs: number, perSecond: number, behaviour: Behaviour, remainingMs = 100): void {
    const untilMs = this.nowMs + durationMs;
    for (;;) {
      const nextMs = this.nowMs - (Math.log(1 - this.random()) * 1000) / perSecond;
      if (nextMs >= untilMs) break;
      this.nowMs = nextMs;
      this.#settle();
      this.#offer(behaviour, remainingMs);
      this.#watch();
    }
    this.nowMs = untilMs;
  }

  #offer(behaviour: Behaviour, remainingMs: number): void {
    this.offered += 1;
    const decision = decide(this.health, this.nowMs, remainingMs, this.random);
    if (decision.kind === 'skip') return;
    this.called += 1;
    this.longestSilenceMs = Math.max(this.longestSilenceMs, this.nowMs - this.#calledAtMs);
    this.#calledAtMs = this.nowMs;
    const { timeoutMs, isProbe } = decision;
    const answer = behaviour(this.nowMs, this.random);
    const isLate = answer.latencyMs >= timeoutMs;
    const latencyMs = isLate ? timeoutMs : answer.latencyMs;
    const result = isLate ? 'timeout' : answer.result;
    if (result !== 'bid' && result !== 'no-bid') this.failed += 1;
    this.#pending.push({ endsAtMs: this.nowMs + latencyMs, result, latencyMs, timeoutMs, isProbe });
  }

  /** As in the actor, results wait for the next request. */
  #settle(): void {
    const due = this.#pending.filter((call) => call.endsAtMs <= this.nowMs).sort((a, b) => a.endsAtMs - b.endsAtMs);
    if (due.length === 0) return;
    this.#pending = this.#pending.filter((call) => call.endsAtMs > this.nowMs);
    for (const call of due)
      record(this.health, { ...call, isLocalFault: false, blockedMs: 0 }, this.nowMs, this.random);
  }

  #watch(): void {
    const { breaker, rotation } = this.health;
    const state = `${breaker.state}${rotation.isOut ? ' out' : ''}`;
    if (state !== this.#state) this.changesAtMs.push(this.nowMs);
    this.#state = state;
  }

  /** Most state changes within any minute. */
  changesPerMinuteMax(): number {
    let most = 0;
    for (const [first, startMs] of this.changesAtMs.entries()) {
      let last = first;
      while (last < this.changesAtMs.length && this.changesAtMs[last]! < startMs + 60_000) last += 1;
      most = Math.max(most, last - first);
    }
    return most;
  }
}
