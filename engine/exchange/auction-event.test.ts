import { expect, test } from 'vitest';
import { LossReason } from '../../openrtb/codes.ts';
import type { Diagnostic } from '../../openrtb/diagnostics.ts';
import { clearAuction } from '../auction/clear.ts';
import { buildInput } from '../auction/testing/build-input.ts';
import {
  AUCTION_EVENT_VERSION,
  type AuctionEvent,
  decodeAuctionEvent,
  dspRecord,
  encodeAuctionEvent,
} from './auction-event.ts';
import { toColumns } from './columns.ts';
import { bidReply, noBidReply } from './testing/build-exchange.ts';

test('a record says what a DSP answered, without its bids and diagnostics', () => {
  const diagnostic: Diagnostic = { path: 'seatbid', code: 'c', severity: 'drop', message: 'm' };
  const dropped = [{ bidId: 'b', impId: null, lossReason: LossReason.MissingPrice, diagnostic, notice: null }];
  const reply = noBidReply('a', { latencyMs: 1.23456, nbr: 7, detail: 'd', dropped, diagnostics: [diagnostic] });
  expect(dspRecord(reply)).toEqual({
    dspId: 'a',
    result: 'no-bid',
    detail: 'd',
    latencyMs: 1.235,
    nbr: 7,
    dropped: [{ bidId: 'b', impId: null, lossReason: 9 }],
  });
  expect(dspRecord(bidReply('a', [{}]))).not.toHaveProperty('response');
});

test('events are UTF-8 JSON and come back as they were', () => {
  const dsps = [dspRecord(noBidReply('a')), dspRecord(noBidReply('b', { nbr: 7 }))];
  const parts = { type: 'auction', version: AUCTION_EVENT_VERSION, auctionId: 'ä', input: null, outcome: null, dsps };
  const event = parts as unknown as AuctionEvent;
  const stored = encodeAuctionEvent(event);
  expect(Buffer.from(stored).toString('utf8')).toContain('"auctionId":"ä"');
  expect(decodeAuctionEvent(JSON.parse(Buffer.from(stored).toString('utf8')))).toEqual(event);
});

test('an event of version 1 is cleared again to the outcome it recorded', () => {
  const input = buildInput({
    policy: { incrementClickMicros: 10 },
    imps: [{ id: '1' }, { id: '2' }],
    bids: [
      { pricing: 'cpc', priceMicros: 500_000, ctr: 0.01 },
      { priceMicros: 4_000_000 },
      { priceMicros: 3_000_000, impId: '2' },
    ],
  });
  const { incrementConversionMicros: _, ...policy } = input.policy;
  const bids = input.bids.map(({ cvr: _, cvrSource: __, cvrModel: ___, ...bid }) => bid);
  const outcome = clearAuction(input);
  // What a click costs, and null for the bid per mille.
  const clickPrices = [400_010, null];
  const wins = outcome.wins.map(({ clearingUnitMicros: _, ...win }, index) => ({
    ...win,
    clearingClickMicros: clickPrices[index],
  }));
  const stored = {
    type: 'auction',
    version: 1,
    input: { ...input, policy, bids: toColumns(bids) },
    outcome: { wins, bids: toColumns(outcome.bids) },
    dsps: toColumns([]),
  };
  const event = decodeAuctionEvent(JSON.parse(JSON.stringify(stored)));
  expect(event.version).toBe(AUCTION_EVENT_VERSION);
  expect(event.outcome).toEqual(outcome);
  expect(clearAuction(event.input!)).toEqual(event.outcome);
});
