/**
 * The least expected value for which a DSP is called, the same for all DSPs. One price per call is what saves most calls
 * for a given loss: were a call of one DSP skipped that is worth more than a made call of another, exchanging the two would
 * save as much and lose less (equal Lagrange multipliers). How much each DSP is called follows from its own values.
 *
 * It rests on audits. On a small, random share of requests nobody is skipped; there all bids are known, so for every
 * threshold one knows exactly what would have been earned: the revenue of the bids of those DSPs that expected at least so
 * much. The threshold in force is the highest whose loss over the recent audits stays within the target. Whatever the
 * shapers get wrong, and whatever DSPs do to each other's value, shows in the audits: the target holds for the true loss.
 */
import type { AuctionRanking } from '../waiting/auction-ranking.ts';
import { revenueAbove } from './contribution.ts';

export interface ThresholdOptions {
  /** Revenue that may be lost by skipping, as a share of what calling everybody would earn. */
  readonly lossTarget: number;
  /** Share of requests on which everybody is called: to learn, and to audit. */
  readonly explorationShare: number;
  /** After this time an audit counts for 1/e, ms … */
  readonly memoryMs: number;
  /** … but not before this many others: with little traffic there would be too few to tell anything. */
  readonly memoryAudits: number;
}

export const THRESHOLD_DEFAULTS: ThresholdOptions = {
  lossTarget: 0.01,
  explorationShare: 0.05,
  memoryMs: 60_000,
  memoryAudits: 600,
};

/** Candidates: 0, then quarter octaves from 2^4 CPM micros on; the last is 2^28, 268 units of currency per mille. */
const LEVELS = 97;
const LEVEL_MICROS = Float64Array.from({ length: LEVELS }, (_, level) => (level === 0 ? 0 : 2 ** (3.75 + level / 4)));

/** Owned by one actor for all DSPs of the process; `thresholdMicros` is published to the requests. */
export interface CallThreshold {
  readonly options: ThresholdOptions;
  /** Revenue that each candidate would have lost in the audits, faded. */
  readonly lostMicros: Float64Array;
  /** Audits and their revenue, faded. */
  audits: number;
  revenueMicros: number;
  auditedAtMs: number;
  /** 0: everybody is called. */
  thresholdMicros: number;
}

export function createThreshold(options: ThresholdOptions = THRESHOLD_DEFAULTS): CallThreshold {
  return {
    options,
    lostMicros: new Float64Array(LEVELS),
    audits: 0,
    revenueMicros: 0,
    auditedAtMs: 0,
    thresholdMicros: 0,
  };
}

/**
 * Takes in a request on which everybody was called because it is an audit (`RequestShaping.isAudit`).
 * `expectedMicros`: what each DSP's shaper expected, by DSP id, at least for those that bid. While a bidder's shaper has no
 * opinion yet, nothing can be said about who would have been skipped, and the audit is left out.
 */
export function recordAudit(
  threshold: CallThreshold,
  ranking: AuctionRanking,
  expectedMicros: ReadonlyMap<string, number>,
  nowMs: number,
): void {
  if (!isInformed(ranking, expectedMicros)) return;
  fade(threshold, nowMs);
  const { lostMicros } = threshold;
  const revenue = revenueAbove(ranking, expectedMicros, 0);
  for (let level = 1; level < LEVELS; level++) {
    const kept = revenueAbove(ranking, expectedMicros, LEVEL_MICROS[level]!);
    lostMicros[level] = lostMicros[level]! + Math.max(0, revenue - kept);
  }
  threshold.audits += 1;
  threshold.revenueMicros += revenue;
  threshold.thresholdMicros = highestAffordable(threshold);
}

function isInformed({ imps }: AuctionRanking, expectedMicros: ReadonlyMap<string, number>): boolean {
  for (const { dspIds } of imps) {
    for (const dspId of dspIds) if (!Number.isFinite(expectedMicros.get(dspId))) return false;
  }
  return true;
}

function fade(threshold: CallThreshold, nowMs: number): void {
  const { lostMicros, options } = threshold;
  const age = Math.max(0, nowMs - threshold.auditedAtMs) / options.memoryMs;
  const kept = Math.exp(-Math.min(age, 1 / options.memoryAudits));
  for (let level = 0; level < LEVELS; level++) lostMicros[level] = lostMicros[level]! * kept;
  threshold.audits *= kept;
  threshold.revenueMicros *= kept;
  threshold.auditedAtMs = nowMs;
}

/**
 * Counts one audit more that lost everything: with fewer than 1 / target audits nothing is affordable, so where there is
 * little evidence nobody is skipped.
 */
function highestAffordable({ lostMicros, audits, revenueMicros, options }: CallThreshold): number {
  const oneAudit = revenueMicros / audits;
  const affordable = options.lossTarget * (revenueMicros + oneAudit) - oneAudit;
  let level = 0;
  while (level + 1 < LEVELS && lostMicros[level + 1]! < affordable) level++;
  return LEVEL_MICROS[level]!;
}
