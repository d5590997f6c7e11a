/**
 * Decides every recorded auction again, with this build's own `clearAuction`, and compares with what was recorded: winners, prices, and the
 * reason of every loser.
 */
import { clearAuction } from '../../engine/auction/clear.ts';
import type { AuctionInput, AuctionOutcome } from '../../engine/auction/types.ts';
import { AUCTION_EVENT_VERSION, type AuctionEvent } from '../../engine/exchange/auction-event.ts';
import type { RecordedEvents } from '../../engine/ports/recorded-events.ts';
import { recordDifferences } from './decision-record.ts';
import { type Cause, causeOf, type FieldDifference, outcomeDifferences } from './outcome-difference.ts';
import { type ReadingTally, type RecordedAuction, RecordedAuctions, type ReplayWindow } from './recorded-auctions.ts';

/** An auction that comes out otherwise now; plain JSON. */
export interface AuctionDifference {
  readonly auctionId: string;
  /** Wall clock at arrival, epoch ms. */
  readonly atMs: number;
  readonly source: string;
  readonly position: number;
  readonly storedVersion: number;
  /** Where in the decision it begins. */
  readonly cause: Cause;
  readonly fields: readonly FieldDifference[];
}

/** Plain JSON. */
export interface VerificationReport {
  readonly read: ReadingTally;
  /** Auctions that reached their decision: those that are compared. */
  readonly decided: number;
  /** Auctions that ended before it, by how. */
  readonly undecided: Readonly<Record<string, number>>;
  readonly identical: number;
  readonly different: number;
  readonly causes: Readonly<Partial<Record<Cause, number>>>;
  /** Of those that differ: stored in an older version than this build writes. */
  readonly differentOfOlderVersion: number;
  /** What was compared. */
  readonly bids: number;
  readonly wins: number;
}

export interface VerificationOptions {
  readonly events: RecordedEvents;
  readonly window: ReplayWindow;
  /** Each as it is found. */
  readonly onDifference: (difference: AuctionDifference) => Promise<void>;
  /** After each auction: how many have been read. */
  readonly onAuction?: (auctions: number) => void;
}

/** Streams: holds one auction at a time. Rejects when the events cannot be read at all. */
export async function verifyEvents(options: VerificationOptions): Promise<VerificationReport> {
  const { events, window, onDifference, onAuction = () => {} } = options;
  const auctions = new RecordedAuctions(events, window);
  const undecided: Record<string, number> = {};
  const causes: Partial<Record<Cause, number>> = {};
  let [decided, different, differentOfOlderVersion, bids, wins] = [0, 0, 0, 0, 0];
  for await (const recorded of auctions.read()) {
    const { ending, input, outcome } = recorded.event;
    onAuction(auctions.tally.auctions);
    if (input === null || outcome === null) {
      undecided[ending] = (undecided[ending] ?? 0) + 1;
      continue;
    }
    decided += 1;
    bids += outcome.bids.length;
    wins += outcome.wins?.length ?? 0;
    const fields = verifyAuction(recorded.event, input, outcome);
    if (fields.length === 0) continue;
    const cause = causeOf(fields);
    different += 1;
    causes[cause] = (causes[cause] ?? 0) + 1;
    if (recorded.storedVersion < AUCTION_EVENT_VERSION) differentOfOlderVersion += 1;
    await onDifference(auctionDifference(recorded, cause, fields));
  }
  const compared = { decided, undecided, identical: decided - different, different };
  return { read: auctions.tally, ...compared, causes, differentOfOlderVersion, bids, wins };
}

/** Nothing that has the shape of its types makes it throw: then the record is damaged, or the build is. */
function verifyAuction(event: AuctionEvent, input: AuctionInput, outcome: AuctionOutcome): readonly FieldDifference[] {
  try {
    const now = clearAuction(input);
    return [...outcomeDifferences(input, outcome, now), ...recordDifferences(event, input, now)];
  } catch (error) {
    const now = error instanceof Error ? error.message : String(error);
    const nobody = { impId: null, bidIndex: null, dspId: null, bidId: null };
    return [{ cause: 'failure', part: 'outcome', ...nobody, field: '', recorded: 'decided', now }];
  }
}

function auctionDifference(
  { event, source, position, storedVersion }: RecordedAuction,
  cause: Cause,
  fields: readonly FieldDifference[],
): AuctionDifference {
  return { auctionId: event.auctionId, atMs: event.atMs, source, position, storedVersion, cause, fields };
}
