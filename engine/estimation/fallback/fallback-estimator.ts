/**
 * What an estimate is when there is no model's: the prior's odds, changed by the effects of what is known of ad, placement
 * and device, which are learned from the model's own output while there is some. So an outage moves neither fill nor
 * revenue by more than the model differs among what the fallback cannot tell apart.
 *
 *     log-odds = log-odds(prior) + effect(all) + sum of effect(key), one for each key of the facts
 *
 * An effect is the mean of what was left to explain when its key was seen, drawn to 0 by `strength` observations. So a
 * combination that is rarely seen backs off by itself to what its parts suggest, and what was never seen to the prior.
 *
 * Above that sits one factor on the odds, which closes what gap is left between heuristic and model over a rolling
 * window of the model's output. The window is counted in outputs and not in seconds: it must stand still in an outage.
 */
import type { Expectation } from '../../ports/remote-model.ts';
import type { FallbackFacts } from './fallback-facts.ts';

export interface FallbackOptions {
  /** Effects held; a power of two. 10 bytes each. Keys that fall on the same share one. */
  readonly slotCount: number;
  /** Observations without an effect that those of a key have to outweigh. */
  readonly strength: number;
  /** Observations that an effect remembers. */
  readonly memory: number;
  /** Model outputs that the calibration looks back on. */
  readonly calibrationWindow: number;
}

export const FALLBACK_DEFAULTS: FallbackOptions = {
  // 2.6 MB. Most keys of an exchange are seen so rarely that their effects are next to nothing.
  slotCount: 2 ** 18,
  strength: 20,
  memory: 5000,
  calibrationWindow: 20_000,
};

/** Slot of what all have in common. */
const ALL = 0;
/** No estimate is outside of this and 1 minus this: nobody clicks always or never. */
const RATE_MIN = 1e-9;
/** What one output may change, in units of log-odds: one far off is no reason to forget all others. */
const RESIDUAL_MAX = 3;
/** A heuristic further off than this is not made better by a factor. */
const FACTOR_MAX = 4;
/** Model outputs after which the factor is half trusted. */
const FACTOR_INERTIA = 200;
/** Model outputs after which what was learned can be held against a model: effects outweigh their `strength` by far. */
const EXPECTATION_COUNT_MIN = 1000;

export class FallbackEstimator {
  readonly #strength: number;
  readonly #memory: number;
  readonly #window: number;
  readonly #mask: number;
  /** By slot, in log-odds. */
  readonly #effects: Float64Array;
  /** Observations behind each, at most `#memory`. */
  readonly #counts: Uint16Array;
  /** Of the window: how many outputs, and the mean rates of model and heuristic. */
  #count = 0;
  #modelMean = 0;
  #heuristicMean = 0;
  /** What the odds of the heuristic are multiplied with. */
  #factor = 1;

  constructor({ slotCount, strength, memory, calibrationWindow }: FallbackOptions = FALLBACK_DEFAULTS) {
    if (slotCount < 2 || (slotCount & (slotCount - 1)) !== 0) throw new RangeError(`${slotCount} is no power of two`);
    this.#strength = strength;
    this.#memory = memory;
    this.#window = calibrationWindow;
    this.#mask = slotCount - 1;
    this.#effects = new Float64Array(slotCount);
    this.#counts = new Uint16Array(slotCount);
  }

  /** Within (0, 1), whatever the prior. `prior` is the rate of what nothing is known of. */
  estimate(facts: FallbackFacts, prior: number): number {
    return rateOf(oddsOf(this.#heuristic(facts, prior)) * this.#factor);
  }

  /** What a model's estimate can be compared with; null while too little was learned. */
  expectation(facts: FallbackFacts, prior: number): Expectation | null {
    if (this.#count < Math.min(EXPECTATION_COUNT_MIN, this.#window)) return null;
    return { learned: this.estimate(facts, prior), prior: clampRate(prior) };
  }

  /** The model has given `rate`. What is not within (0, 1) is no output of a model and is left out. */
  learn(facts: FallbackFacts, rate: number, prior: number): void {
    if (!(rate > 0 && rate < 1)) return;
    // Judged before it learns from this output, as it would have been used.
    const heuristic = this.#heuristic(facts, prior);
    this.#calibrate(rate, heuristic);
    // Of rates and not of their logarithms, so that what is learned is the mean rate.
    const residual = (rate - heuristic) / (heuristic * (1 - heuristic));
    const bounded = Math.min(RESIDUAL_MAX, Math.max(-RESIDUAL_MAX, residual));
    this.#adjust(ALL, bounded);
    for (let index = 0; index < facts.length; index++) {
      const key = facts[index]!;
      if (key !== 0) this.#adjust(this.#slotOf(key), bounded);
    }
  }

  #heuristic(facts: FallbackFacts, prior: number): number {
    let logOdds = Math.log(oddsOf(clampRate(prior))) + this.#effects[ALL]!;
    for (let index = 0; index < facts.length; index++) {
      const key = facts[index]!;
      if (key !== 0) logOdds += this.#effects[this.#slotOf(key)]!;
    }
    return rateOf(Math.exp(logOdds));
  }

  #slotOf(key: number): number {
    return key & this.#mask || 1;
  }

  #adjust(slot: number, residual: number): void {
    const count = Math.min(this.#memory, this.#counts[slot]! + 1);
    this.#counts[slot] = count;
    this.#effects[slot] = this.#effects[slot]! + residual / (count + this.#strength);
  }

  #calibrate(modelRate: number, heuristicRate: number): void {
    this.#count = Math.min(this.#window, this.#count + 1);
    this.#modelMean += (modelRate - this.#modelMean) / this.#count;
    this.#heuristicMean += (heuristicRate - this.#heuristicMean) / this.#count;
    const ratio = oddsOf(this.#modelMean) / oddsOf(this.#heuristicMean);
    const trusted = ratio ** (this.#count / (this.#count + FACTOR_INERTIA));
    this.#factor = Math.min(FACTOR_MAX, Math.max(1 / FACTOR_MAX, trusted));
  }
}

function oddsOf(rate: number): number {
  return rate / (1 - rate);
}

function rateOf(odds: number): number {
  return odds === Number.POSITIVE_INFINITY ? 1 - RATE_MIN : clampRate(odds / (1 + odds));
}

function clampRate(rate: number): number {
  // Written so that NaN gives the minimum.
  return rate > RATE_MIN ? Math.min(1 - RATE_MIN, rate) : RATE_MIN;
}
