import { describe, expect, it } from 'vitest';
import { clearAuction } from './clear.ts';
import { buildBid, buildInput } from './testing/build-input.ts';
import type { BidCandidate } from './types.ts';

describe('tie-break', () => {
  const bids = [{}, {}, {}, {}];

  it('gives every tied bidder its share of auctions', () => {
    const wins = [0, 0, 0, 0];
    for (let i = 0; i < 4000; i++) {
      wins[clearAuction(buildInput({ auctionId: `auction-${i}`, bids })).wins[0]!.bidIndex]!++;
    }
    // 1000 expected each, standard deviation 27.
    for (const count of wins) expect(Math.abs(count - 1000)).toBeLessThan(110);
  });

  it('is the same for the same auction', () => {
    const winner = () => clearAuction(buildInput({ auctionId: 'x', bids })).wins[0]!.bidIndex;
    expect(winner()).toBe(winner());
  });

  it('charges the tied winner its bid', () => {
    expect(clearAuction(buildInput({ bids })).wins[0]!.clearingCpmMicros).toBe(1_000_000);
  });
});

describe('bids with the same ids and eCPM', () => {
  const winnerOf = (bids: readonly BidCandidate[]) => {
    const outcome = clearAuction(buildInput({ bids }));
    return bids.find((bid) => bid.index === outcome.wins[0]!.bidIndex)!;
  };

  it('the same content wins whichever arrives first', () => {
    const twin = { dspId: 'x', seat: 's', bidId: '1', advertiserDomains: [] };
    const arrived = (first: string, second: string) => [
      buildBid({ ...twin, creativeId: first }, 0),
      buildBid({ ...twin, creativeId: second }, 1),
    ];
    expect(winnerOf(arrived('left', 'right')).creativeId).toBe(winnerOf(arrived('right', 'left')).creativeId);
  });

  it('so does it when the keys of the objects are in another order, as after a replay', () => {
    const twin = { dspId: 'x', seat: 's', bidId: '1', advertiserDomains: [] };
    const left = buildBid({ ...twin, creativeId: 'left' }, 0);
    const right = buildBid({ ...twin, creativeId: 'right' }, 1);
    const reordered = (bid: BidCandidate) =>
      Object.fromEntries(Object.entries(bid).reverse()) as unknown as BidCandidate;
    // Not through buildInput, which would put the keys in order.
    const winnerAsIs = (bids: readonly BidCandidate[]) => clearAuction({ ...buildInput({}), bids }).wins[0]!.bidIndex;
    const winner = winnerAsIs([left, right]);
    expect(winnerAsIs([reordered(left), right])).toBe(winner);
    expect(winnerAsIs([left, reordered(right)])).toBe(winner);
  });

  it('of twins the same one wins whichever is listed first', () => {
    const twin = { dspId: 'x', seat: 's', bidId: '1', creativeId: 'c', advertiserDomains: [] };
    const [a, b] = [buildBid(twin, 0), buildBid(twin, 1)];
    expect(winnerOf([a, b]).index).toBe(winnerOf([b, a]).index);
  });
});

describe('one competing bid per seat', () => {
  it('stays quick when one DSP answers with ten thousand bids for one imp', () => {
    const flood = Array.from({ length: 10_000 }, (_, i) => ({ dspId: 'x', seat: `s${i % 3}`, bidId: `${i}` }));
    const outcome = clearAuction(buildInput({ bids: flood }));
    expect(outcome.wins).toHaveLength(1);
    expect(outcome.bids.filter((verdict) => verdict.reason === 'outbid')).toHaveLength(2);
  });
});
