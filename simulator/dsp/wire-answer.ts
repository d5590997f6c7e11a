import type { BidResponse } from '../../openrtb/types.ts';
import type { Decision } from './behaviour.ts';
import type { BidFault } from './faults.ts';

/** What goes over the wire for one decision. `silence` keeps the connection open, `reset` breaks it. */
export type WireAnswer =
  | { readonly kind: 'silence' }
  | { readonly kind: 'reset' }
  | { readonly kind: 'http'; readonly status: number; readonly contentType: string; readonly body: string };

/** Reserved for testing by ISO 4217: nobody has a rate for it. */
const UNCONVERTIBLE_CURRENCY = 'XTS';

const NO_BID: WireAnswer = { kind: 'http', status: 204, contentType: '', body: '' };
const INTERNAL_ERROR: WireAnswer = { kind: 'http', status: 500, contentType: 'text/plain', body: 'internal error' };
const ERROR_PAGE: WireAnswer = {
  kind: 'http',
  status: 200,
  contentType: 'text/html',
  body: '<!doctype html><html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>',
};

/** The answer with its fault, if any, applied. */
export function toWireAnswer({ fault, reply }: Decision): WireAnswer {
  switch (fault) {
    case 'no-answer':
      return { kind: 'silence' };
    case 'reset':
      return { kind: 'reset' };
    case 'http-500':
      return INTERNAL_ERROR;
    case 'html-200':
      return ERROR_PAGE;
    default:
      if (reply === null) return NO_BID;
      return json(fault === null || fault === 'late' ? JSON.stringify(reply) : spoil(reply, fault));
  }
}

function json(body: string): WireAnswer {
  return { kind: 'http', status: 200, contentType: 'application/json', body };
}

/** Every bid of the answer is spoiled, so that none of them may win (a price in a string may: it is mended). */
function spoil(reply: BidResponse, fault: BidFault): string {
  switch (fault) {
    case 'truncated-json': {
      const text = JSON.stringify(reply);
      return text.slice(0, Math.floor(text.length / 2));
    }
    case 'wrong-id':
      return JSON.stringify({ ...reply, id: `${reply.id}-other` });
    case 'wrong-currency':
      return JSON.stringify({ ...reply, cur: UNCONVERTIBLE_CURRENCY });
    case 'negative-price':
      return JSON.stringify(reply, (key, value) => (key === 'price' ? -value : value));
    case 'string-price':
      return JSON.stringify(reply, (key, value) => (key === 'price' ? String(value) : value));
    case 'unknown-imp':
      return JSON.stringify(reply, (key, value) => (key === 'impid' ? `${value}-unknown` : value));
  }
}
