/** Estimates by a model elsewhere: what is known of its answers here at once, and questions for what is not. */
import { BatchFiller } from './batch-filler.ts';
import { tagOfId } from './cache/invalidations.ts';
import type { ClickEstimates, DraftCandidate, EstimateSubject } from './click-estimates.ts';
import { EstimateBatch } from './estimate-batch.ts';
import type { EstimateQuestion } from './estimate-question.ts';
import type { RateTables } from './features/rate-tables.ts';
import { FEATURE_COUNT } from './features/schema.ts';
import { VectorBuilder } from './features/vector-builder.ts';

export interface RemoteEstimatesOptions {
  /** Of the past, as the model was trained with. */
  readonly rates: RateTables;
  /** Fills in the batch and gives what is worth asking; see the estimator actor. */
  readonly estimateNow: (batch: EstimateBatch) => readonly EstimateQuestion[];
  /** Of the model that estimates which it gave are found by, as `estimateNow` left it. */
  readonly version: () => string;
}

const NO_QUESTIONS: readonly EstimateQuestion[] = [];

export class RemoteEstimates implements ClickEstimates {
  readonly mayAsk = true;
  readonly #options: RemoteEstimatesOptions;
  readonly #filler = new BatchFiller();
  readonly #builder: VectorBuilder;
  readonly #batch = new EstimateBatch(FEATURE_COUNT);

  constructor(options: RemoteEstimatesOptions) {
    this.#options = options;
    this.#builder = new VectorBuilder(options.rates);
  }

  readonly estimate = (
    subject: EstimateSubject,
    candidates: readonly DraftCandidate[],
    campaignIds: readonly string[],
  ): readonly EstimateQuestion[] => {
    if (candidates.length === 0) return NO_QUESTIONS;
    const batch = this.#batch;
    this.#filler.fill(batch, subject, candidates, this.#builder);
    const { user, device } = subject.request;
    batch.userTag = tagOfId('user', user?.id ?? '');
    batch.deviceTag = tagOfId('user', device?.ifa ?? '');
    for (let row = 0; row < batch.count; row++) {
      batch.campaignTags[row] = tagOfId('campaign', campaignIds[batch.indexes[row]!]!);
    }
    const questions = this.#options.estimateNow(batch);
    const version = this.#options.version();
    for (let row = 0; row < batch.count; row++) {
      const candidate = candidates[batch.indexes[row]!]!;
      const source = batch.sources[row]!;
      candidate.ctr = batch.values[row]!;
      candidate.ctrSource = source;
      candidate.ctrModel = source === 'fallback' ? null : version;
    }
    return questions;
  };
}
