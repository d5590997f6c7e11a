import { expect, test } from 'vitest';
import { LossReason } from '../../openrtb/codes.ts';
import type { Diagnostic } from '../../openrtb/diagnostics.ts';
import { type AuctionEvent, decodeEvent, dspRecord, encodeEvent } from './auction-event.ts';
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
  const event = { type: 'auction', auctionId: 'ä', input: null, outcome: null, dsps } as unknown as AuctionEvent;
  const stored = encodeEvent(event);
  expect(Buffer.from(stored).toString('utf8')).toContain('"auctionId":"ä"');
  expect(decodeEvent(stored)).toEqual(event);
});
