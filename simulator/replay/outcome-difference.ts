/** In what two outcomes of one auction differ. Pure. */
import type { AuctionInput, AuctionOutcome, BidVerdict, Win } from '../../engine/auction/types.ts';

/**
 * The first step of the decision in which the two differ; what follows from it differs as well. `failure`: clearing threw. `record`: only
 * what was recorded beside the outcome contradicts it.
 */
export const CAUSES = [
  'failure',
  'eligibility',
  'value',
  'reserve',
  'winner',
  'price',
  'reason',
  'minimum-to-win',
  'record',
] as const;
export type Cause = (typeof CAUSES)[number];

export interface FieldDifference {
  readonly cause: Cause;
  /** `wins`, `bids`, or the part of the event beside the outcome. */
  readonly part: 'outcome' | 'wins' | 'bids' | 'ending' | 'billingNotices' | 'reservations';
  /** Null: it is not about one imp, or one bid. */
  readonly impId: string | null;
  readonly bidIndex: number | null;
  readonly dspId: string | null;
  readonly bidId: string | null;
  /** Empty: it is all there, or not at all. */
  readonly field: string;
  /** Null: it was not there. */
  readonly recorded: unknown;
  readonly now: unknown;
}

const VERDICT_CAUSES = {
  bidIndex: 'record',
  status: 'reason',
  lossReason: 'reason',
  reason: 'reason',
  field: 'reason',
  ecpmMicros: 'value',
  reserveCpmMicros: 'reserve',
  minimumToWinMicros: 'minimum-to-win',
  media: 'eligibility',
} as const satisfies Record<keyof BidVerdict, Cause>;

const WIN_CAUSES = {
  bidIndex: 'winner',
  impId: 'winner',
  position: 'winner',
  media: 'eligibility',
  clearingCpmMicros: 'price',
  clearingUnitMicros: 'price',
  clearingPriceMicrosInBidCurrency: 'price',
  runnerUpEcpmMicros: 'price',
  reserveCpmMicros: 'reserve',
} as const satisfies Record<keyof Win, Cause>;

const VERDICT_FIELDS = Object.keys(VERDICT_CAUSES) as (keyof BidVerdict)[];
const WIN_FIELDS = Object.keys(WIN_CAUSES) as (keyof Win)[];

/** Empty: they are the same, to the last micro. In the order of the bids, then of the wins. */
export function outcomeDifferences(
  input: AuctionInput,
  recorded: AuctionOutcome,
  now: AuctionOutcome,
): readonly FieldDifference[] {
  if (isSameOutcome(recorded, now)) return NONE;
  const differences: FieldDifference[] = [];
  const bidCount = Math.max(recorded.bids.length, now.bids.length);
  for (let index = 0; index < bidCount; index++) {
    compareVerdicts(input, index, recorded.bids[index], now.bids[index], differences);
  }
  compareWins(input, recorded.wins, now.wins, differences);
  return differences;
}

const NONE: readonly FieldDifference[] = [];

/** The earliest step among differences, of which there is at least one. */
export function causeOf(differences: readonly FieldDifference[]): Cause {
  let first = CAUSES.length - 1;
  for (const { cause } of differences) first = Math.min(first, CAUSES.indexOf(cause));
  return CAUSES[first]!;
}

function isSameOutcome(recorded: AuctionOutcome, now: AuctionOutcome): boolean {
  if (recorded.bids.length !== now.bids.length || recorded.wins.length !== now.wins.length) return false;
  for (let index = 0; index < now.bids.length; index++) {
    if (!isSameRow(recorded.bids[index]!, now.bids[index]!, VERDICT_FIELDS)) return false;
  }
  for (let index = 0; index < now.wins.length; index++) {
    if (!isSameRow(recorded.wins[index]!, now.wins[index]!, WIN_FIELDS)) return false;
  }
  return true;
}

function isSameRow<Row extends object>(recorded: Row, now: Row, fields: readonly (keyof Row)[]): boolean {
  for (const field of fields) if (!isSameValue(recorded[field], now[field])) return false;
  return true;
}

/** As events have it: what is no number, or was not there yet, is null. */
function isSameValue(recorded: unknown, now: unknown): boolean {
  return asRecorded(recorded) === asRecorded(now);
}

function asRecorded(value: unknown): unknown {
  return value === undefined || (typeof value === 'number' && !Number.isFinite(value)) ? null : value;
}

function compareVerdicts(
  input: AuctionInput,
  index: number,
  recorded: BidVerdict | undefined,
  now: BidVerdict | undefined,
  differences: FieldDifference[],
): void {
  const about = { part: 'bids', ...bidAt(input, index) } as const;
  if (recorded === undefined || now === undefined) {
    differences.push({ ...about, cause: 'record', field: '', recorded: recorded ?? null, now: now ?? null });
    return;
  }
  // Whether it took part at all is decided before everything else.
  const isEntry = (recorded.status === 'refused') !== (now.status === 'refused');
  for (const field of VERDICT_FIELDS) {
    if (isSameValue(recorded[field], now[field])) continue;
    const cause = isEntry && VERDICT_CAUSES[field] === 'reason' ? 'eligibility' : VERDICT_CAUSES[field];
    differences.push({ ...about, cause, field, recorded: recorded[field], now: asRecorded(now[field]) });
  }
}

/** Position by position of each imp. */
function compareWins(
  input: AuctionInput,
  recorded: readonly Win[],
  now: readonly Win[],
  differences: FieldDifference[],
): void {
  const nowByPlace = new Map(now.map((win) => [placeOf(win), win]));
  for (const before of recorded) {
    const place = placeOf(before);
    const after = nowByPlace.get(place);
    nowByPlace.delete(place);
    const about = { part: 'wins', ...bidAt(input, before.bidIndex), impId: before.impId } as const;
    if (after === undefined) {
      differences.push({ ...about, cause: 'winner', field: '', recorded: before, now: null });
      continue;
    }
    for (const field of WIN_FIELDS) {
      if (isSameValue(before[field], after[field])) continue;
      const difference = { field, recorded: before[field], now: asRecorded(after[field]) };
      differences.push({ ...about, cause: WIN_CAUSES[field], ...difference });
    }
  }
  for (const after of nowByPlace.values()) {
    const about = { part: 'wins', ...bidAt(input, after.bidIndex), impId: after.impId } as const;
    differences.push({ ...about, cause: 'winner', field: '', recorded: null, now: after });
  }
}

function placeOf({ impId, position }: Win): string {
  return `${position} ${impId}`;
}

/** Who the bid at an index is, as far as there is one. */
export function bidAt(
  input: AuctionInput,
  bidIndex: number,
): Pick<FieldDifference, 'bidIndex' | 'impId' | 'dspId' | 'bidId'> {
  const bid = input.bids[bidIndex];
  return { bidIndex, impId: bid?.impId ?? null, dspId: bid?.dspId ?? null, bidId: bid?.bidId ?? null };
}
