import { describe, expect, it } from 'vitest';
import { seededRandom } from '../random.ts';
import { BidShading } from './bid-shading.ts';

/** The highest bid of the others, as a share of the value. */
type Competition = () => number;

function bidAgainst(competition: Competition, auctions: number, tellsPrice = true, shading = new BidShading()) {
  for (let auction = 0; auction < auctions; auction++) {
    const best = competition();
    const bid = shading.share;
    shading.learn({ value: 1, bid, won: bid >= best, minimumToWin: tellsPrice ? best : null });
  }
  return shading;
}

describe('bid shading', () => {
  it('comes to the share that gains most: half the value against evenly spread competition', () => {
    const random = seededRandom(1);
    const { share } = bidAgainst(() => random.next(), 5_000);
    expect(share).toBeGreaterThan(0.4);
    expect(share).toBeLessThan(0.6);
  });

  it('bids just above competition that is always the same', () => {
    expect(bidAgainst(() => 0.3, 1_000).share).toBeCloseTo(0.3, 1);
  });

  it('raises when it begins to lose, and falls again when the others leave', () => {
    const shading = bidAgainst(() => 0.3, 1_000);
    expect(bidAgainst(() => 0.7, 2_000, true, shading).share).toBeGreaterThan(0.65);
    expect(bidAgainst(() => 0.3, 3_000, true, shading).share).toBeLessThan(0.35);
  });

  it('finds its way without prices in the notices', () => {
    const { share } = bidAgainst(() => 0.4, 5_000, false);
    expect(share).toBeGreaterThan(0.35);
    expect(share).toBeLessThan(0.55);
  });

  it('learns nothing of what is worth nothing', () => {
    const shading = new BidShading();
    const before = shading.share;
    for (let index = 0; index < 100; index++) shading.learn({ value: 0, bid: 0, won: false, minimumToWin: 1 });
    expect(shading.share).toBe(before);
  });
});
