/**
 * What past auctions asked of a remote model, for the caches of a process that begins: one question for each coarse key,
 * with how often it occurred. Rows are built by the code that builds them for requests; what the event does not know of
 * a user is missing in them, so that their predictions stand in for those of everybody alike.
 */
import { likelyMedia } from '../auction/likely-media.ts';
import type { AuctionInput, BidCandidate } from '../auction/types.ts';
import type { RequestFeatures } from '../traffic/request-features.ts';
import { BatchFiller } from './batch-filler.ts';
import { tagOfId } from './cache/invalidations.ts';
import type { CachedEstimates } from './cached-estimates.ts';
import type { DraftCandidate } from './click-estimates.ts';
import { EstimateBatch } from './estimate-batch.ts';
import { type EstimateContext, subjectAgain } from './estimate-context.ts';
import type { EstimateQuestion } from './estimate-question.ts';
import type { RateTables } from './features/rate-tables.ts';
import { FEATURE_COUNT } from './features/schema.ts';
import { VectorBuilder } from './features/vector-builder.ts';
import type { Priors } from './priors.ts';

export interface WarmUpSampleOptions {
  readonly cached: CachedEstimates;
  /** Of the past, as the model was trained with. */
  readonly rates: RateTables;
  readonly priors: Priors;
  /** Keys that are counted; those that first occur when there are so many are passed over. */
  readonly shapesMax: number;
}

/** Of an `AuctionEvent`. */
export interface PastAuction {
  readonly features: RequestFeatures;
  readonly input: AuctionInput | null;
  readonly estimateContext?: EstimateContext;
}

interface Shape {
  readonly question: EstimateQuestion;
  count: number;
}

export class WarmUpSample {
  readonly #options: WarmUpSampleOptions;
  readonly #filler = new BatchFiller();
  readonly #builder: VectorBuilder;
  readonly #batch = new EstimateBatch(FEATURE_COUNT);
  /** By coarse key. */
  readonly #shapes = new Map<number, Shape>();

  constructor(options: WarmUpSampleOptions) {
    this.#options = options;
    this.#builder = new VectorBuilder(options.rates);
  }

  /** One without estimates of a remote model is passed over. `wallMs`: epoch ms, `nowMs`: monotonic. */
  add({ features, input, estimateContext }: PastAuction, wallMs: number, nowMs: number): void {
    if (input === null || estimateContext === undefined) return;
    const estimated = input.bids.filter(({ ctrSource }) => ctrSource !== 'prior');
    const batch = this.#batch;
    const subject = subjectAgain(features, estimateContext, input.imps, wallMs);
    this.#filler.fill(batch, subject, estimated.map(this.#draft), this.#builder);
    for (let row = 0; row < batch.count; row++) {
      const { index } = estimated[batch.indexes[row]!]!;
      batch.campaignTags[row] = tagOfId('campaign', estimateContext.campaignIds[index]!);
      this.#count(row, nowMs);
    }
  }

  /** The most frequent first. */
  questions(countMax: number): EstimateQuestion[] {
    const shapes = [...this.#shapes.values()].sort((a, b) => b.count - a.count);
    return shapes.slice(0, countMax).map(({ question }) => question);
  }

  readonly #draft = (bid: BidCandidate): DraftCandidate => ({
    ...bid,
    ctr: this.#options.priors.clicks[likelyMedia(bid.declaredMedia, bid.sniffedMedia)],
  });

  #count(row: number, nowMs: number): void {
    const { cached, shapesMax } = this.#options;
    const key = cached.coarseKeyAt(this.#batch, row);
    const shape = this.#shapes.get(key);
    if (shape !== undefined) shape.count += 1;
    else if (this.#shapes.size < shapesMax) {
      this.#shapes.set(key, { question: cached.questionAt(this.#batch, row, nowMs), count: 1 });
    }
  }
}
