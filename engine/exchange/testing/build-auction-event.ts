/** Auction events for tests: of an auction that nobody took part in, but for the parts given. */
import { AUCTION_EVENT_VERSION, type AuctionEvent } from '../auction-event.ts';

export function buildAuctionEvent(parts: Partial<AuctionEvent> = {}): AuctionEvent {
  return {
    type: 'auction',
    version: AUCTION_EVENT_VERSION,
    auctionId: 'auction-1',
    requestId: 'request-1',
    atMs: 1_700_000_000_000,
    isTest: false,
    ending: 'no-bid',
    closing: null,
    features: {
      channel: 'site',
      publisherId: 'pub-1',
      inventory: 'news.example.com',
      country: 'USA',
      deviceType: 2,
      os: 'ios',
      connectionType: 2,
      imps: [],
    },
    arms: {},
    input: null,
    outcome: null,
    dsps: [],
    billingNotices: [],
    timings: { readMs: 0.1, solicitedAtMs: 0.2, closedAtMs: 20, answeredAtMs: 21, deadlineAtMs: 95 },
    ...parts,
  };
}
