import type { Decision } from './behaviour.ts';
import { isAnswerFault, isDeliveryFault } from './faults.ts';
import { answerFaultOnWire } from './faulty-answer.ts';
import { deliverWrongly } from './faulty-delivery.ts';
import type { RawAnswer } from './http-server.ts';
import { spoiledBody } from './spoiled-body.ts';

/** What goes over the wire for one decision. */
export type WireAnswer =
  /** The connection stays open. */
  | { readonly kind: 'silence' }
  | { readonly kind: 'reset' }
  /** Whole and well-framed, whatever it says. `headers` are lines, each ended by CRLF. */
  | { readonly kind: 'http'; readonly status: number; readonly headers: string; readonly body: string | Buffer }
  /** Bytes as they are. */
  | ({ readonly kind: 'raw' } & RawAnswer);

const NO_BID: WireAnswer = { kind: 'http', status: 204, headers: '', body: '' };

/** The answer with its fault, if any, applied. `origin` is where the DSP listens. */
export function toWireAnswer({ fault, reply }: Decision, origin: string): WireAnswer {
  if (isAnswerFault(fault)) return answerFaultOnWire(fault, origin);
  if (reply === null) return NO_BID;
  if (isDeliveryFault(fault)) return deliverWrongly(JSON.stringify(reply), fault);
  return json(fault === null || fault === 'late' ? JSON.stringify(reply) : spoiledBody(reply, fault));
}

function json(body: string): WireAnswer {
  return { kind: 'http', status: 200, headers: 'Content-Type: application/json\r\n', body };
}
