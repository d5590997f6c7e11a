/** The bids of a decided auction as far as money goes: who bid how much for what, and above which floor. */
import type { AuctionInput, AuctionOutcome } from '../../auction/types.ts';

/** The best eligible bid of each DSP on one imp, dearest first. */
export interface ImpRanking {
  readonly dspIds: readonly string[];
  readonly ecpmMicros: readonly number[];
  /** Of the best bid; no bid in here is below it for long, since floors are per imp but for deals. */
  readonly floorMicros: number;
}

export interface AuctionRanking {
  readonly isFirstPrice: boolean;
  readonly imps: readonly ImpRanking[];
}

/** Reads the ranking out of a decided auction. Refused bids are no part of it. */
export function rankingOf(input: AuctionInput, outcome: AuctionOutcome): AuctionRanking {
  const imps: ImpRanking[] = [];
  for (const imp of input.imps) {
    const ranking = rankImp(imp.id, input, outcome);
    if (ranking !== null) imps.push(ranking);
  }
  return { isFirstPrice: input.mechanism === 'first_price', imps };
}

/** The ranking with all money converted; `rate`: units of the other currency per unit of the auction's. */
export function converted(ranking: AuctionRanking, rate: number): AuctionRanking {
  if (rate === 1) return ranking;
  return {
    isFirstPrice: ranking.isFirstPrice,
    imps: ranking.imps.map(({ dspIds, ecpmMicros, floorMicros }) => ({
      dspIds,
      ecpmMicros: ecpmMicros.map((micros) => micros * rate),
      floorMicros: floorMicros * rate,
    })),
  };
}

function rankImp(impId: string, input: AuctionInput, outcome: AuctionOutcome): ImpRanking | null {
  const dspIds: string[] = [];
  const ecpmMicros: number[] = [];
  let floorMicros = 0;
  for (let i = 0; i < outcome.bids.length; i++) {
    const verdict = outcome.bids[i]!;
    const bid = input.bids[i]!;
    if (verdict.status === 'refused' || bid.impId !== impId) continue;
    if (insertBid(dspIds, ecpmMicros, bid.dspId, verdict.ecpmMicros) === 0) floorMicros = verdict.reserveCpmMicros;
  }
  return dspIds.length === 0 ? null : { dspIds, ecpmMicros, floorMicros };
}

/** Insertion sort, one bid per DSP: there are few bids. Returns the bid's place; -1 when its DSP has a better one. */
function insertBid(dspIds: string[], ecpmMicros: number[], dspId: string, micros: number): number {
  const own = dspIds.indexOf(dspId);
  if (own >= 0) {
    if (ecpmMicros[own]! >= micros) return -1;
    dspIds.splice(own, 1);
    ecpmMicros.splice(own, 1);
  }
  let at = dspIds.length;
  while (at > 0 && ecpmMicros[at - 1]! < micros) at--;
  dspIds.splice(at, 0, dspId);
  ecpmMicros.splice(at, 0, micros);
  return at;
}
