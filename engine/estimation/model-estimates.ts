/**
 * Estimates of clicks or of conversions by a model of this process: all candidates of a request in one batch, into arrays that grow to the largest
 * request and stay. Where the model gives no probability, or there is none, the fallback does.
 */

import type { ClickEstimates, ConversionEstimates, DraftCandidate, EstimateSubject } from './click-estimates.ts';
import type { EstimateTarget } from './estimate-target.ts';
import type { FallbackEstimator, FallbackFacts } from './fallback/fallback-estimator.ts';
import { CATEGORY, FactSheet } from './features/facts.ts';
import { setAdFacts, setImpFacts, setRequestFacts } from './features/from-openrtb.ts';
import { hashPair, MISSING } from './features/hash.ts';
import { FEATURE_COUNT } from './features/schema.ts';
import { VectorBuilder } from './features/vector-builder.ts';
import type { LocalModel, ServedModel } from './served-model.ts';

/** Why an estimate is not the model's. `unusable`: it gave NaN, or what is not within (0, 1). */
export const FALLBACK_CAUSES = ['no-model', 'unusable'] as const;
export type FallbackCause = (typeof FALLBACK_CAUSES)[number];

export interface EstimateObserver {
  readonly onModel: () => void;
  readonly onFallback: (cause: FallbackCause) => void;
}

export interface ModelEstimatesOptions {
  readonly target: EstimateTarget;
  readonly model: LocalModel;
  /** Of its own: what it learns is of this target. */
  readonly fallback: FallbackEstimator;
  readonly observer: EstimateObserver;
}

export class ModelEstimates implements ClickEstimates, ConversionEstimates {
  readonly #options: ModelEstimatesOptions;
  readonly #sheet = new FactSheet();
  /** Builds the rows of `#builtFor`, whose rates they hold. */
  #builder: VectorBuilder | null = null;
  #builtFor: ServedModel | null = null;
  /** Row after row of features. */
  #rows = new Float64Array(0);
  #values = new Float64Array(0);
  /** Of each row: the index of its candidate, and what the fallback knows it by. */
  #order = new Int32Array(0);
  readonly #facts: { -readonly [Fact in keyof FallbackFacts]: FallbackFacts[Fact] }[] = [];

  constructor(options: ModelEstimatesOptions) {
    this.#options = options;
  }

  readonly estimate = (subject: EstimateSubject, candidates: readonly DraftCandidate[]): void => {
    if (candidates.length === 0) return;
    const model = this.#options.model.current();
    this.#grow(candidates.length);
    const count = this.#fill(subject, candidates, this.#builderOf(model));
    // Every value is written by the model; what is not within (0, 1) afterwards was not.
    if (model !== null) model.score(this.#rows, count, this.#values);
    for (let row = 0; row < count; row++) this.#settle(candidates[this.#order[row]!]!, row, model);
  };

  /** Of one imp after the other, since its features are made once. A bid for no imp of the request is left alone. */
  #fill(
    { request, features, atMs }: EstimateSubject,
    candidates: readonly DraftCandidate[],
    builder: VectorBuilder | null,
  ): number {
    const sheet = this.#sheet;
    let count = 0;
    setRequestFacts(sheet, request, features, atMs);
    for (let impIndex = 0; impIndex < request.imp.length; impIndex++) {
      const imp = request.imp[impIndex]!;
      const startedAt = count;
      for (let index = 0; index < candidates.length; index++) {
        if (candidates[index]!.impId !== imp.id) continue;
        if (count === startedAt) {
          setImpFacts(sheet, imp, features.imps[impIndex]!);
          builder?.startImp(sheet);
        }
        setAdFacts(sheet, candidates[index]!);
        builder?.fill(sheet, this.#rows, count);
        setFallbackFacts(this.#facts[count]!, sheet);
        this.#order[count++] = index;
      }
    }
    return count;
  }

  #settle(candidate: DraftCandidate, row: number, model: ServedModel | null): void {
    const { target, fallback, observer } = this.#options;
    const facts = this.#facts[row]!;
    const prior = target.rateOf(candidate);
    const value = model === null ? Number.NaN : this.#values[row]!;
    if (value > 0 && value < 1) {
      target.set(candidate, value, model!.version);
      fallback.learn(facts, value, prior);
      observer.onModel();
    } else {
      target.set(candidate, fallback.estimate(facts, prior), null);
      observer.onFallback(model === null ? 'no-model' : 'unusable');
    }
  }

  #builderOf(model: ServedModel | null): VectorBuilder | null {
    if (model !== this.#builtFor) {
      this.#builtFor = model;
      this.#builder = model === null ? null : new VectorBuilder(model.rates);
    }
    return this.#builder;
  }

  #grow(count: number): void {
    if (count <= this.#values.length) return;
    const capacity = Math.max(count, this.#values.length * 2);
    this.#rows = new Float64Array(capacity * FEATURE_COUNT);
    this.#values = new Float64Array(capacity);
    this.#order = new Int32Array(capacity);
    while (this.#facts.length < capacity) this.#facts.push({ ad: MISSING, placement: MISSING, device: MISSING });
  }
}

/** A creative without an id is known by its advertiser, a placement without one by the site or app that it is on. */
function setFallbackFacts(facts: { ad: number; placement: number; device: number }, { categories }: FactSheet): void {
  facts.ad = categories[CATEGORY.creative]! || categories[CATEGORY.advertiser]!;
  const placement = hashPair(categories[CATEGORY.publisher]!, categories[CATEGORY.placement]!);
  facts.placement = placement || categories[CATEGORY.inventory]!;
  facts.device = categories[CATEGORY.deviceType]!;
}
