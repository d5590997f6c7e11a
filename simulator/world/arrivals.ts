/** When requests come: an open loop, whatever becomes of them. */
import { weeklyTraffic } from '../pacing-day/weekly-traffic.ts';
import type { SeededRandom } from '../random.ts';

const HOUR_MS = 3_600_000;
const HOURS_OF_WEEK = 168;
/** Midnight of a Monday, epoch ms. */
const MONDAY_MS = Date.UTC(2026, 0, 5);

export interface ArrivalOptions {
  readonly requestsPerSec: number;
  readonly shape: 'flat' | 'week';
  /** At the beginning, epoch ms. */
  readonly startMs: number;
  readonly random: SeededRandom;
}

/** A Poisson process whose rate follows the hours of the week, in UTC, or does not. */
export class Arrivals {
  readonly #options: ArrivalOptions;
  readonly #peak: number;

  constructor(options: ArrivalOptions) {
    this.#options = options;
    this.#peak = options.shape === 'flat' ? 1 : WEEK.peak;
  }

  /** Ms since the beginning of the next arrival behind that moment; infinite: there is none. */
  nextAfter(atMs: number): number {
    const { requestsPerSec, random } = this.#options;
    if (requestsPerSec === 0) return Number.POSITIVE_INFINITY;
    const gapMs = 1000 / (requestsPerSec * this.#peak);
    // Thinning: arrivals at the highest rate there is, of which those stay that the rate of their moment allows.
    for (let nextMs = atMs; ; ) {
      nextMs += random.exponential(gapMs);
      if (random.chance(this.#relativeRate(nextMs) / this.#peak)) return nextMs;
    }
  }

  #relativeRate(atMs: number): number {
    const { shape, startMs } = this.#options;
    return shape === 'flat' ? 1 : weeklyTraffic(hourOfWeek(startMs + atMs)) / WEEK.mean;
  }
}

/** Since midnight of the Monday before. */
function hourOfWeek(epochMs: number): number {
  const hours = (epochMs - MONDAY_MS) / HOUR_MS;
  return ((hours % HOURS_OF_WEEK) + HOURS_OF_WEEK) % HOURS_OF_WEEK;
}

const WEEK = summaryOfWeek();

/** Relative traffic is interpolated between the middles of hours, so that is where its extremes are. */
function summaryOfWeek(): { readonly mean: number; readonly peak: number } {
  let sum = 0;
  let highest = 0;
  for (let hour = 0; hour < HOURS_OF_WEEK; hour++) {
    const rate = weeklyTraffic(hour + 0.5);
    sum += rate;
    highest = Math.max(highest, rate);
  }
  const mean = sum / HOURS_OF_WEEK;
  return { mean, peak: highest / mean };
}
