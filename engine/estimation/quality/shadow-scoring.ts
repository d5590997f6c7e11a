/**
 * A candidate model beside the one that is served: it says of a sample of won ads what it would have estimated, after
 * their answers have gone out, and decides nothing. What it said is compared with what happened, like what was served.
 *
 * Overflow policy `refuse-newest`: the sample gets smaller.
 */
import type { EstimateSubject } from '../click-estimates.ts';
import { FactSheet } from '../features/facts.ts';
import { setAdFacts, setImpFacts, setRequestFacts } from '../features/from-openrtb.ts';
import { FEATURE_COUNT } from '../features/schema.ts';
import { VectorBuilder } from '../features/vector-builder.ts';
import type { LocalModel, ServedModel } from '../served-model.ts';
import type { Estimated } from './awaited-outcomes.ts';
import type { AwaitedWin } from './estimate-quality.ts';

interface WaitingWin extends AwaitedWin {
  readonly subject: EstimateSubject;
}

/** Requests held until they are scored: a turn of the event loop's worth. */
const WAITING_MAX = 256;
/** Scored in one go: about a millisecond, row and all. */
const SCORED_AT_ONCE_MAX = 32;

export class ShadowScoring {
  readonly #candidate: LocalModel;
  readonly #waiting: WaitingWin[] = [];
  readonly #sheet = new FactSheet();
  readonly #row = new Float64Array(FEATURE_COUNT);
  readonly #score = new Float64Array(1);
  #builder: VectorBuilder | null = null;
  #builtFor: ServedModel | null = null;

  constructor(candidate: LocalModel) {
    this.#candidate = candidate;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** To be scored later. False: too many wait. */
  offer(win: AwaitedWin, subject: EstimateSubject): boolean {
    if (this.#waiting.length >= WAITING_MAX) return false;
    this.#waiting.push({ ...win, subject });
    return true;
  }

  /** The oldest that wait. Without a candidate model they are let go. */
  scoreSome(): void {
    const model = this.#candidate.current();
    for (const { impression, bid, subject } of this.#waiting.splice(0, SCORED_AT_ONCE_MAX)) {
      impression.shadow = model === null ? null : this.#estimate(model, bid, subject);
    }
  }

  #estimate(
    model: ServedModel,
    bid: AwaitedWin['bid'],
    { request, features, atMs }: EstimateSubject,
  ): Estimated | null {
    const builder = this.#builderOf(model);
    const impIndex = request.imp.findIndex(({ id }) => id === bid.impId);
    setRequestFacts(this.#sheet, request, features, atMs);
    setImpFacts(this.#sheet, request.imp[impIndex]!, features.imps[impIndex]!);
    setAdFacts(this.#sheet, bid);
    builder.startImp(this.#sheet);
    builder.fill(this.#sheet, this.#row, 0);
    model.score(this.#row, 1, this.#score);
    const estimate = this.#score[0]!;
    return estimate > 0 && estimate < 1 ? { version: String(model.version), estimate } : null;
  }

  #builderOf(model: ServedModel): VectorBuilder {
    if (this.#builder === null || model !== this.#builtFor) {
      this.#builtFor = model;
      this.#builder = new VectorBuilder(model.rates);
    }
    return this.#builder;
  }
}
