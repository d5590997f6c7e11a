import { expect, it } from 'vitest';
import type { LoggedAuction } from './auction-log.ts';
import { CampaignReplay, EpisodeReplay } from './bid-replay.ts';
import type { BidOpportunity } from './bidding-policy.ts';

const auction = (price: number, isClicked = false): LoggedAuction => ({ price, isClicked, ctr: 0.5 });

/** Bids 50, and keeps what it was told. */
function witness(): {
  seen: BidOpportunity[];
  outcomes: unknown[];
  bid(at: BidOpportunity): number;
  learn(o: unknown): void;
} {
  const [seen, outcomes]: [BidOpportunity[], unknown[]] = [[], []];
  return {
    seen,
    outcomes,
    bid: (at) => {
      seen.push(at);
      return 50;
    },
    learn: (outcome) => outcomes.push(outcome),
  };
}

it('bids by episode: ties win, bids end at the purse, and every episode has a fresh one', () => {
  const policy = witness();
  const replay = new EpisodeReplay(policy, { auctions: 3, budget: 60, bidMax: 40 });
  for (const price of [41, 40, 21, 20, 20]) replay.auction(auction(price, true));
  // 41 is above the highest bid, 40 is one; 20 of the purse are left, 21 is above; then a new episode.
  expect(replay.tally).toEqual({ bids: 5, imps: 3, clicks: 3, cost: 80 });
  expect(policy.seen.map(({ budgetLeft, auctionsLeft }) => [budgetLeft, auctionsLeft])).toEqual([
    [60, 3],
    [60, 2],
    [20, 1],
    [60, 3],
    [40, 2],
  ]);
  expect(policy.outcomes.slice(0, 2)).toEqual([
    { isWon: false, price: 0, isClicked: false },
    { isWon: true, price: 40, isClicked: true },
  ]);
});

it('begins an episode where the log says so, once', () => {
  const policy = witness();
  const replay = new EpisodeReplay(policy, { auctions: 2, budget: 60, bidMax: 300 });
  replay.beginEpisode();
  replay.auction(auction(50));
  replay.beginEpisode();
  replay.auction(auction(50));
  replay.auction(auction(10));
  replay.beginEpisode();
  replay.auction(auction(10));
  expect(policy.seen.map(({ budgetLeft, auctionsLeft }) => [budgetLeft, auctionsLeft])).toEqual([
    [60, 2],
    [60, 2],
    [10, 1],
    [60, 2],
  ]);
});

it('with one budget, ties lose, and the bidder stops when it has spent more than it has', () => {
  const replay = new CampaignReplay(witness(), { budget: 98, auctionsMax: Number.POSITIVE_INFINITY });
  for (const price of [50, 49, 49, 0, 0]) replay.auction(auction(price));
  // 98 is not more than 98: it goes on to the free one, which costs nothing, and to the next.
  expect(replay.tally).toEqual({ bids: 5, imps: 4, clicks: 0, cost: 98 });
  for (const price of [1, 1]) replay.auction(auction(price, true));
  expect(replay.tally).toEqual({ bids: 6, imps: 5, clicks: 1, cost: 99 });
});

it('stops behind the auctions it is for', () => {
  const replay = new CampaignReplay(witness(), { budget: Number.POSITIVE_INFINITY, auctionsMax: 2 });
  for (const price of [1, 1, 1]) replay.auction(auction(price));
  expect(replay.tally.bids).toBe(2);
});
