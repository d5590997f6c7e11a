/** What an auction event tells of its decision beside the outcome, held to the outcome that clearing gives now. Pure. */
import type { AuctionInput, AuctionOutcome, Win } from '../../engine/auction/types.ts';
import type { AuctionEvent } from '../../engine/exchange/auction-event.ts';
import { purchaseTerms } from '../../engine/exchange/purchases.ts';
import { bidAt, type FieldDifference } from './outcome-difference.ts';

/** How it ended, which bids are told of a bill, and what wins of our own have taken from their accounts. */
export function recordDifferences(
  event: AuctionEvent,
  input: AuctionInput,
  now: AuctionOutcome,
): readonly FieldDifference[] {
  const winByBid = new Map(now.wins.map((win) => [win.bidIndex, win]));
  return [
    ...endingDifferences(event, now),
    ...noticeDifferences(event, input, winByBid),
    ...reservationDifferences(event, input, winByBid),
  ];
}

/** A client that went away, and a fault, are nothing that clearing decides. */
function endingDifferences({ ending }: AuctionEvent, { wins }: AuctionOutcome): readonly FieldDifference[] {
  const now = wins.length > 0 ? 'won' : 'no-bid';
  if (ending === now || (ending !== 'won' && ending !== 'no-bid')) return [];
  const nobody = { impId: null, bidIndex: null, dspId: null, bidId: null };
  return [{ cause: 'record', part: 'ending', ...nobody, field: '', recorded: ending, now }];
}

/** Only who wins is told of a bill. */
function noticeDifferences(
  { billingNotices }: AuctionEvent,
  input: AuctionInput,
  winByBid: ReadonlyMap<number, Win>,
): readonly FieldDifference[] {
  const differences: FieldDifference[] = [];
  for (const { bidIndex, dspId } of billingNotices) {
    const about = { cause: 'record', part: 'billingNotices', ...bidAt(input, bidIndex) } as const;
    if (!winByBid.has(bidIndex)) differences.push({ ...about, field: '', recorded: 'a burl', now: 'no win' });
    else if (dspId !== about.dspId) differences.push({ ...about, field: 'dspId', recorded: dspId, now: about.dspId });
  }
  return differences;
}

function reservationDifferences(
  { reservations = [] }: AuctionEvent,
  input: AuctionInput,
  winByBid: ReadonlyMap<number, Win>,
): readonly FieldDifference[] {
  const differences: FieldDifference[] = [];
  for (const reservation of reservations) {
    const about = { cause: 'record', part: 'reservations', ...bidAt(input, reservation.bidIndex) } as const;
    const win = winByBid.get(reservation.bidIndex);
    if (win === undefined) {
      differences.push({ ...about, field: '', recorded: reservation.key, now: 'no win' });
      continue;
    }
    const now = purchaseTerms(input, win);
    for (const field of ['key', 'amount'] as const) {
      if (reservation[field] === now[field]) continue;
      differences.push({ ...about, field, recorded: reservation[field], now: now[field] });
    }
  }
  return differences;
}
