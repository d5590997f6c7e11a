/** From the candidates of a request to the rows of a batch: the user is read once, and each placement once for all bids on it. */

import type { DraftCandidate, EstimateSubject } from './click-estimates.ts';
import type { EstimateBatch } from './estimate-batch.ts';
import { setFallbackFacts } from './fallback/fallback-facts.ts';
import { FactSheet } from './features/facts.ts';
import { setAdFacts, setImpFacts, setRequestFacts } from './features/from-openrtb.ts';
import type { VectorBuilder } from './features/vector-builder.ts';

export class BatchFiller {
  readonly #sheet = new FactSheet();

  /**
   * Rows are of one imp after the other; `batch.indexes` says whose each is: its place in `candidates`. A bid for no imp
   * of the request gets none. `builder` null: no model wants rows, the facts for the fallback are enough.
   */
  fill(
    batch: EstimateBatch,
    { request, features, atMs }: EstimateSubject,
    candidates: readonly DraftCandidate[],
    builder: VectorBuilder | null,
  ): void {
    const sheet = this.#sheet;
    batch.begin(candidates.length, 0);
    let count = 0;
    setRequestFacts(sheet, request, features, atMs);
    for (let impIndex = 0; impIndex < request.imp.length; impIndex++) {
      const imp = request.imp[impIndex]!;
      const startedAt = count;
      for (let index = 0; index < candidates.length; index++) {
        const candidate = candidates[index]!;
        if (candidate.impId !== imp.id) continue;
        if (count === startedAt) {
          setImpFacts(sheet, imp, features.imps[impIndex]!);
          builder?.startImp(sheet);
        }
        setAdFacts(sheet, candidate);
        builder?.fill(sheet, batch.rows, count);
        setFallbackFacts(batch.facts[count]!, sheet);
        batch.priors[count] = candidate.ctr;
        batch.indexes[count++] = index;
      }
    }
    batch.cutTo(count);
  }
}
