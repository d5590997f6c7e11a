/** What a DSP's answer amounts to, from the transport's result and the response reader. Pure. */
import type { Diagnostic, Strictness } from '../../openrtb/diagnostics.ts';
import type { DroppedBid, ReadResponse, ResponseReader } from '../../openrtb/read-response.ts';
import type { DspTransportResult } from '../ports/dsp-transport.ts';
import type { DspSkipReason } from './dsp-health.ts';

/** Closed list, also the `result` label of `rtb_dsp_requests_total`. */
export const REPLY_RESULTS = [
  'bid',
  'no-bid',
  'timeout',
  'invalid',
  'http-error',
  'unreachable',
  'unreadable',
  'not-sent',
  'skipped',
] as const;

export type ReplyResult = (typeof REPLY_RESULTS)[number];

export interface DspReply {
  readonly dspId: string;
  readonly result: ReplyResult;
  /** Finer reason: HTTP status, error code, skip reason, diagnostic code; empty when there is nothing to add. */
  readonly detail: string;
  readonly latencyMs: number;
  /** No-bid reason the DSP gave. */
  readonly nbr: number | null;
  /** Set exactly when `result` is `bid`. */
  readonly response: ReadResponse | null;
  readonly dropped: readonly DroppedBid[];
  readonly diagnostics: readonly Diagnostic[];
}

const NONE: readonly never[] = [];

export function skippedReply(dspId: string, reason: DspSkipReason): DspReply {
  return plainReply(dspId, 'skipped', reason, 0);
}

/** Our own code failed on the answer: it takes no part, and says nothing about the DSP. */
export function faultedReply(dspId: string, latencyMs: number): DspReply {
  return plainReply(dspId, 'invalid', 'fault', latencyMs);
}

export interface ReplyContext {
  readonly dspId: string;
  readonly requestId: string;
  readonly strictness: Strictness;
  readonly readResponse: ResponseReader;
}

/** Never throws for anything a DSP sends; whatever the reader makes of it is a value. */
export function readReply(result: DspTransportResult, context: ReplyContext): DspReply {
  const { dspId } = context;
  switch (result.kind) {
    case 'answered':
      return answeredReply(result.status, result.body, result.latencyMs, context);
    case 'timeout':
      return plainReply(dspId, 'timeout', result.phase, result.latencyMs);
    case 'unreadable':
      return plainReply(dspId, 'unreadable', result.reason, result.latencyMs);
    case 'unreachable':
      return plainReply(dspId, 'unreachable', result.code, result.latencyMs);
    case 'not-sent':
      return plainReply(dspId, 'not-sent', result.reason, result.latencyMs);
  }
}

/** 200 with content and 204 are answers; any other status is an error, not a no-bid (OpenRTB 2.6 section 2.2). */
function answeredReply(status: number, body: Uint8Array, latencyMs: number, context: ReplyContext): DspReply {
  const { dspId } = context;
  if (status === 204) return plainReply(dspId, 'no-bid', '', latencyMs);
  if (status !== 200) return plainReply(dspId, 'http-error', String(status), latencyMs);
  const reading = context.readResponse(body, { requestId: context.requestId, strictness: context.strictness });
  switch (reading.kind) {
    case 'bids':
      return {
        dspId,
        result: 'bid',
        detail: '',
        latencyMs,
        nbr: null,
        response: reading.response,
        dropped: reading.dropped,
        diagnostics: reading.diagnostics,
      };
    case 'no-bid':
      return {
        ...plainReply(dspId, 'no-bid', '', latencyMs),
        nbr: reading.nbr,
        dropped: reading.dropped,
        diagnostics: reading.diagnostics,
      };
    case 'invalid':
      return {
        ...plainReply(dspId, 'invalid', reading.diagnostic.code, latencyMs),
        diagnostics: reading.diagnostics,
      };
  }
}

function plainReply(dspId: string, result: ReplyResult, detail: string, latencyMs: number): DspReply {
  return { dspId, result, detail, latencyMs, nbr: null, response: null, dropped: NONE, diagnostics: NONE };
}
