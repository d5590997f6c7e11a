/**
 * How much eligible traffic comes in each quarter of an hour of the week: what a campaign could have had, whether it took
 * part or not. Learned from what is seen, uniform before.
 *
 * Each slot is a Gamma-Poisson estimate whose prior is the same time of other days, whose prior in turn is the mean of
 * all: one day of traffic already gives a day's shape, a week gives the weekend. Old weeks are forgotten geometrically.
 */
import type { TrafficMemory } from '../../ports/traffic-memories.ts';
import { SLOT_MS, SLOTS_PER_DAY, SLOTS_PER_WEEK } from './local-time.ts';

export interface TrafficCurveOptions {
  /** What a slot's past counts for when it comes again. 0.7: about three weeks are remembered. */
  readonly memoryOfWeek: number;
  /** The same for a time of day, which comes daily. 0.85: about a week. */
  readonly memoryOfDay: number;
  /** Events that a prior is worth: below so many seen ones the estimate leans on the prior. */
  readonly priorEvents: number;
}

export const TRAFFIC_CURVE_DEFAULTS: TrafficCurveOptions = { memoryOfWeek: 0.7, memoryOfDay: 0.85, priorEvents: 10 };

export function emptyTrafficMemory(): TrafficMemory {
  return {
    weekEvents: new Float32Array(SLOTS_PER_WEEK),
    weekMs: new Float32Array(SLOTS_PER_WEEK),
    dayEvents: new Float32Array(SLOTS_PER_DAY),
    dayMs: new Float32Array(SLOTS_PER_DAY),
  };
}

export class TrafficCurve {
  readonly memory: TrafficMemory;
  readonly #options: TrafficCurveOptions;
  #meanRate: number;
  #observations = 0;

  constructor(memory = emptyTrafficMemory(), options = TRAFFIC_CURVE_DEFAULTS) {
    this.memory = memory;
    this.#options = options;
    this.#meanRate = meanRate(memory);
  }

  /** Rises with each that it learns from. */
  get observations(): number {
    return this.#observations;
  }

  get isLearned(): boolean {
    return this.#meanRate > 0;
  }

  /** `events` were eligible in `elapsedMs` of this slot of the week. Nonsense is not learned. */
  observe(slotOfWeek: number, events: number, elapsedMs: number): void {
    if (!(events >= 0 && events < Infinity && elapsedMs > 0 && elapsedMs < Infinity)) return;
    const { memory } = this;
    const { memoryOfWeek, memoryOfDay } = this.#options;
    const slotOfDay = slotOfWeek % SLOTS_PER_DAY;
    this.#observations++;
    memory.weekEvents[slotOfWeek] = memory.weekEvents[slotOfWeek]! * memoryOfWeek + events;
    memory.weekMs[slotOfWeek] = memory.weekMs[slotOfWeek]! * memoryOfWeek + elapsedMs;
    memory.dayEvents[slotOfDay] = memory.dayEvents[slotOfDay]! * memoryOfDay + events;
    memory.dayMs[slotOfDay] = memory.dayMs[slotOfDay]! * memoryOfDay + elapsedMs;
    this.#meanRate = meanRate(memory);
  }

  /** Eligible events a ms expected in this slot of the week; 1 in all of them until anything was learned. */
  rate(slotOfWeek: number): number {
    if (this.#meanRate <= 0) return 1;
    const { weekEvents, weekMs, dayEvents, dayMs } = this.memory;
    const { priorEvents } = this.#options;
    const slotOfDay = slotOfWeek % SLOTS_PER_DAY;
    const meanMs = priorEvents / this.#meanRate;
    const ofDay = (dayEvents[slotOfDay]! + priorEvents) / (dayMs[slotOfDay]! + meanMs);
    // One week is worth as much as all other days together, or more where there is little traffic.
    const ofDayMs = SLOT_MS + priorEvents / ofDay;
    return (weekEvents[slotOfWeek]! + ofDay * ofDayMs) / (weekMs[slotOfWeek]! + ofDayMs);
  }
}

function meanRate({ dayEvents, dayMs }: TrafficMemory): number {
  let events = 0;
  let elapsedMs = 0;
  for (let slot = 0; slot < SLOTS_PER_DAY; slot++) {
    events += dayEvents[slot]!;
    elapsedMs += dayMs[slot]!;
  }
  return elapsedMs > 0 ? events / elapsedMs : 0;
}
