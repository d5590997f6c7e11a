/**
 * One DSP's side of traffic shaping: judges requests by what its own answers have taught (docs/shaping.md). Owned by the
 * DSP's actor. Constant memory, and nothing is allocated per request.
 */
import type { TokenBucketOptions } from '../token-bucket.ts';
import { RatePrice } from './rate-price.ts';
import type { RequestShaping } from './request-shaping.ts';
import {
  type AnswerOutcome,
  createShaper,
  expectedValueMicros,
  learnAnswer,
  type Shaper,
  type ShaperOptions,
} from './shaper.ts';

/** Closed list: why shaping skips a call. `low-value-for-qps`: the DSP's agreed rate goes to dearer requests. */
export const SHAPING_SKIP_REASONS = ['low-value', 'low-value-for-qps'] as const;

export type ShapingSkipReason = (typeof SHAPING_SKIP_REASONS)[number];

/** What an answer teaches the DSP's shaping, once its auction is over. */
export interface ShapingLesson extends Omit<AnswerOutcome, 'isExploration'> {
  readonly shaping: RequestShaping;
}

export interface DspShapingSnapshot {
  /** Too few answers for an opinion: nothing is skipped. */
  readonly isLearning: boolean;
  readonly answerCount: number;
  /** Least expected value of a call that is made, of the latest request: CPM micros of the exchange currency. */
  readonly thresholdMicros: number;
  /** The same for the DSP's agreed rate; null without one. */
  readonly ratePriceMicros: number | null;
  /** Calls not worth making that were judged worth a look. */
  readonly exploredCount: number;
}

export class DspShaping {
  readonly #dspId: string;
  readonly #shaper: Shaper;
  readonly #ratePrice: RatePrice | null;
  #thresholdMicros = 0;
  #exploredCount = 0;

  /** `rate`: agreed; null: none. */
  constructor(dspId: string, options: ShaperOptions, rate: TokenBucketOptions | null, nowMs: number) {
    this.#dspId = dspId;
    this.#shaper = createShaper(options);
    this.#ratePrice = rate === null ? null : new RatePrice(rate, nowMs);
  }

  /** Null: the call is worth making. */
  judge(shaping: RequestShaping, nowMs: number): ShapingSkipReason | null {
    if (shaping.hasDeals) return null;
    const expectedMicros = expectedValueMicros(this.#shaper, shaping.keys);
    this.#thresholdMicros = shaping.thresholdMicros;
    shaping.expectedMicros?.set(this.#dspId, expectedMicros);
    if (expectedMicros === Number.POSITIVE_INFINITY) return null;
    const reason = this.#unworthy(expectedMicros, shaping.thresholdMicros, nowMs);
    if (reason === null || !shaping.isAudit) return reason;
    this.#exploredCount += 1;
    return null;
  }

  /** Only answers teach, never what failed or timed out. */
  learn({ shaping, hasBid, contributionMicros, revenueMicros }: ShapingLesson): void {
    const isExploration = shaping.isAudit && expectedValueMicros(this.#shaper, shaping.keys) < shaping.thresholdMicros;
    learnAnswer(this.#shaper, shaping.keys, { hasBid, contributionMicros, revenueMicros, isExploration });
  }

  /** For people. */
  snapshot(): DspShapingSnapshot {
    const { answers, options } = this.#shaper;
    return {
      isLearning: answers < options.warmUpAnswers,
      answerCount: answers,
      thresholdMicros: this.#thresholdMicros,
      ratePriceMicros: this.#ratePrice?.priceMicros ?? null,
      exploredCount: this.#exploredCount,
    };
  }

  #unworthy(expectedMicros: number, thresholdMicros: number, nowMs: number): ShapingSkipReason | null {
    if (expectedMicros < thresholdMicros) return 'low-value';
    if (this.#ratePrice !== null && !this.#ratePrice.isWorth(expectedMicros, nowMs)) return 'low-value-for-qps';
    return null;
  }
}
