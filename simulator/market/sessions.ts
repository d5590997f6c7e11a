/**
 * When users come: sessions begin at random moments, more of them in busy hours, and each brings a few requests of one user.
 */
import type { SeededRandom } from '../random.ts';
import type { MarketUser, Users } from './users.ts';

export interface SessionOptions {
  /** Of all users, averaged over a week. */
  readonly requestsPerSec: number;
  /** Traffic by hour of the week, Monday 00h first, local; null = always the same. */
  readonly hourOfWeek: readonly number[] | null;
  /** Local wall clock at 0 ms, as if it were UTC. */
  readonly localStartMs: number;
  /** Mean number of requests of a session, at least 1. */
  readonly requestsMean: number;
  /** Mean time between two requests of a session. */
  readonly gapSec: number;
}

export interface Arrival {
  /** Since the start. */
  readonly atMs: number;
  readonly user: MarketUser;
}

interface Session {
  atMs: number;
  readonly user: MarketUser;
  requestsLeft: number;
}

/** Sessions that began this many mean lengths before the start are over by then, all but a few. */
const WARM_UP_SESSIONS = 4;

export class Sessions {
  readonly #options: SessionOptions;
  readonly #users: Users;
  readonly #random: SeededRandom;
  /** Binary heap by time. */
  readonly #open: Session[] = [];
  readonly #meanTraffic: number;
  readonly #greatestTraffic: number;
  #nextStartMs: number;

  constructor(options: SessionOptions, users: Users, random: SeededRandom) {
    this.#options = options;
    this.#users = users;
    this.#random = random;
    const hours = options.hourOfWeek ?? [1];
    this.#meanTraffic = hours.reduce((sum, traffic) => sum + traffic, 0) / hours.length;
    this.#greatestTraffic = Math.max(...hours);
    this.#nextStartMs = -WARM_UP_SESSIONS * options.requestsMean * options.gapSec * 1000;
    this.#scheduleStart();
  }

  /** The next request, in order of time. There is always one more. */
  next(): Arrival {
    for (;;) {
      const soonest = this.#open[0];
      if (soonest === undefined || this.#nextStartMs < soonest.atMs) {
        this.#begin();
        continue;
      }
      const { atMs, user } = soonest;
      this.#proceed(soonest);
      if (atMs >= 0) return { atMs, user };
    }
  }

  #begin(): void {
    const { requestsMean } = this.#options;
    const random = this.#random;
    const user = this.#users.pick(random);
    // Geometric, at least one.
    const more = requestsMean <= 1 ? 0 : Math.floor(Math.log(1 - random.next()) / Math.log(1 - 1 / requestsMean));
    this.#push({ atMs: this.#nextStartMs, user, requestsLeft: 1 + more });
    this.#scheduleStart();
  }

  /** Thinned Poisson process. */
  #scheduleStart(): void {
    const { requestsPerSec, requestsMean } = this.#options;
    const meanGapMs = (1000 * requestsMean * this.#meanTraffic) / (requestsPerSec * this.#greatestTraffic);
    do this.#nextStartMs += this.#random.exponential(meanGapMs);
    while (!this.#random.chance(this.#trafficAt(this.#nextStartMs) / this.#greatestTraffic));
  }

  #trafficAt(atMs: number): number {
    const { hourOfWeek, localStartMs } = this.#options;
    return hourOfWeek === null ? 1 : hourOfWeek[hourOfWeekAt(localStartMs + atMs)]!;
  }

  #proceed(session: Session): void {
    session.requestsLeft -= 1;
    session.atMs += this.#random.exponential(this.#options.gapSec * 1000);
    const last = session.requestsLeft === 0 ? this.#open.pop()! : session;
    if (this.#open.length > 0) this.#sink(last);
  }

  #push(session: Session): void {
    const open = this.#open;
    let at = open.length;
    open.push(session);
    while (at > 0) {
      const parentAt = (at - 1) >> 1;
      if (open[parentAt]!.atMs <= session.atMs) break;
      open[at] = open[parentAt]!;
      at = parentAt;
    }
    open[at] = session;
  }

  /** Puts a session in at the top and lets it sink to its place. */
  #sink(session: Session): void {
    const open = this.#open;
    let at = 0;
    for (;;) {
      let childAt = 2 * at + 1;
      if (childAt >= open.length) break;
      if (childAt + 1 < open.length && open[childAt + 1]!.atMs < open[childAt]!.atMs) childAt += 1;
      if (open[childAt]!.atMs >= session.atMs) break;
      open[at] = open[childAt]!;
      at = childAt;
    }
    open[at] = session;
  }
}

const HOUR_MS = 3_600_000;
/** 1 January 1970 was a Thursday. */
const MONDAY_FIRST_HOURS = 3 * 24;

/** Monday 00h = 0, of a local wall clock as if it were UTC. */
export function hourOfWeekAt(localMs: number): number {
  return (Math.floor(localMs / HOUR_MS) + MONDAY_FIRST_HOURS) % (7 * 24);
}
