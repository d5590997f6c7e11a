/** Reserves learned anew from a log, by the product's own rule, in the time of the log. */
import { reserveLearning } from '../../../config/engine-options.ts';
import type { Config } from '../../../config/types.ts';
import {
  beginRound,
  createLearnedReserve,
  type LearnedReserveState,
  observeValue,
  reserveFor,
  stepSlice,
} from '../../../engine/auction/reserve/learned-reserve.ts';
import type { AuctionInput, AuctionOutcome } from '../../../engine/auction/types.ts';
import type { ExchangeRules, LearnedReserves } from '../../../engine/exchange/auction-terms.ts';
import { inExchangeCurrency } from '../../../engine/exchange/reserve-lessons.ts';

/** What one log, or partition, teaches: each engine process learns by itself. */
interface Learner {
  readonly state: LearnedReserveState;
  nextStepMs: number;
}

const NONE: LearnedReserves = () => 0;

export class RelearnedReserves {
  readonly #config: Config;
  readonly #rules: ExchangeRules;
  readonly #learners = new Map<string, Learner>();

  constructor(config: Config, rules: ExchangeRules) {
    this.#config = config;
    this.#rules = rules;
  }

  /** Those that an auction of that log finds at that time. */
  at(source: string, atMs: number): LearnedReserves {
    const learner = this.#learnerOf(source, atMs);
    if (learner === null) return NONE;
    if (atMs >= learner.nextStepMs) {
      beginRound(learner.state);
      stepSlice(learner.state, Number.POSITIVE_INFINITY);
      learner.nextStepMs = atMs + this.#config.learnedReserve.stepIntervalMs;
    }
    return (reserveKey) => reserveFor(learner.state, reserveKey);
  }

  observe(source: string, atMs: number, input: AuctionInput, outcome: AuctionOutcome): void {
    const learner = this.#learnerOf(source, atMs);
    if (learner === null) return;
    for (const { reserveKey, ecpmMicros } of inExchangeCurrency({ input, outcome }, this.#rules)) {
      observeValue(learner.state, reserveKey, ecpmMicros);
    }
  }

  #learnerOf(source: string, atMs: number): Learner | null {
    const known = this.#learners.get(source);
    if (known !== undefined) return known;
    const learning = reserveLearning(this.#config);
    if (learning === null) return null;
    const learner = { state: createLearnedReserve(learning), nextStepMs: atMs };
    this.#learners.set(source, learner);
    return learner;
  }
}
