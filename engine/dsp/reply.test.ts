import { describe, expect, test, vi } from 'vitest';
import { LossReason } from '../../openrtb/codes.ts';
import type { Diagnostic } from '../../openrtb/diagnostics.ts';
import type { ResponseReading } from '../../openrtb/read-response.ts';
import type { DspTransportResult } from '../ports/dsp-transport.ts';
import { REPLY_RESULTS, type ReplyContext, readReply, skippedReply } from './reply.ts';

const BODY = new TextEncoder().encode('{}');
const DIAGNOSTIC: Diagnostic = { path: 'id', code: 'response-id-differs', severity: 'reject', message: 'm' };
const DROPPED = [{ bidId: 'b', impId: '1', lossReason: LossReason.MissingPrice, diagnostic: DIAGNOSTIC, notice: null }];
const RESPONSE = { id: 'r', bidid: null, cur: 'USD', seatbids: [] };

function read(result: DspTransportResult, reading?: ResponseReading) {
  const readResponse = vi.fn<ReplyContext['readResponse']>(() => {
    if (reading === undefined) throw new Error('there is nothing to read');
    return reading;
  });
  const context: ReplyContext = { dspId: 'a', requestId: 'r', strictness: 'lenient', readResponse };
  return { reply: readReply(result, context), readResponse };
}

const answered = (status: number): DspTransportResult => ({ kind: 'answered', status, body: BODY, latencyMs: 7 });

describe('a call that was not answered', () => {
  test.each<[DspTransportResult, string, string]>([
    [{ kind: 'timeout', phase: 'headers', latencyMs: 7 }, 'timeout', 'headers'],
    [{ kind: 'unreadable', reason: 'too-large', latencyMs: 7 }, 'unreadable', 'too-large'],
    [{ kind: 'unreachable', code: 'ECONNREFUSED', latencyMs: 7 }, 'unreachable', 'ECONNREFUSED'],
    [{ kind: 'not-sent', reason: 'pool-full', latencyMs: 7 }, 'not-sent', 'pool-full'],
  ])('%j', (transportResult, result, detail) => {
    expect(read(transportResult).reply).toEqual({
      dspId: 'a',
      result,
      detail,
      latencyMs: 7,
      nbr: null,
      response: null,
      dropped: [],
      diagnostics: [],
    });
  });
});

describe('status', () => {
  test.each([
    [204, 'no-bid', ''],
    [201, 'http-error', '201'],
    [302, 'http-error', '302'],
    [400, 'http-error', '400'],
    [503, 'http-error', '503'],
  ])('%d is %s, whatever the body', (status, result, detail) => {
    const { reply, readResponse } = read(answered(status));
    expect(reply).toMatchObject({ result, detail, latencyMs: 7, response: null });
    expect(readResponse).not.toHaveBeenCalled();
  });

  test('200 is read, with the id the DSP was sent and its strictness', () => {
    const { readResponse } = read(answered(200), { kind: 'no-bid', nbr: null, dropped: [], diagnostics: [] });
    expect(readResponse).toHaveBeenCalledWith(BODY, { requestId: 'r', strictness: 'lenient' });
  });
});

test('bids', () => {
  const reading: ResponseReading = { kind: 'bids', response: RESPONSE, dropped: DROPPED, diagnostics: [DIAGNOSTIC] };
  expect(read(answered(200), reading).reply).toEqual({
    dspId: 'a',
    result: 'bid',
    detail: '',
    latencyMs: 7,
    nbr: null,
    response: RESPONSE,
    dropped: DROPPED,
    diagnostics: [DIAGNOSTIC],
  });
});

test('a no-bid keeps its reason and what was dropped', () => {
  const reading: ResponseReading = { kind: 'no-bid', nbr: 8, dropped: DROPPED, diagnostics: [DIAGNOSTIC] };
  expect(read(answered(200), reading).reply).toMatchObject({
    result: 'no-bid',
    nbr: 8,
    response: null,
    dropped: DROPPED,
    diagnostics: [DIAGNOSTIC],
  });
});

test('an invalid answer is no no-bid and names its fault', () => {
  const reading: ResponseReading = {
    kind: 'invalid',
    lossReason: LossReason.InvalidAuctionId,
    diagnostic: DIAGNOSTIC,
    diagnostics: [DIAGNOSTIC],
  };
  expect(read(answered(200), reading).reply).toMatchObject({
    result: 'invalid',
    detail: 'response-id-differs',
    response: null,
    diagnostics: [DIAGNOSTIC],
  });
});

test('a DSP that was not called', () => {
  expect(skippedReply('a', 'no-time')).toMatchObject({
    dspId: 'a',
    result: 'skipped',
    detail: 'no-time',
    latencyMs: 0,
  });
});

test('results are a closed list without repeats', () => {
  expect(new Set(REPLY_RESULTS).size).toBe(REPLY_RESULTS.length);
});
