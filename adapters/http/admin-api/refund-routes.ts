/** `POST /admin/refunds`: bills that are undone, by who may set budgets. */
import type { FastifyInstance } from 'fastify';
import { isStorableKeyPart, KEY_PART_LENGTH_MAX } from '../../../engine/campaign/storable.ts';
import { ledgerOperationOf } from '../../../engine/events/billing-decision.ts';
import { eventId } from '../../../engine/events/event-keys.ts';
import { OUTCOME_EVENT_VERSION, type RefundEvent } from '../../../engine/events/outcome-events.ts';
import { EventFormatError, encodeEvent, readEvent } from '../../../engine/events/read-event.ts';
import type { Receivable } from '../../../engine/ports/event-books.ts';
import type { Refunds, RefundWanted } from '../../../engine/ports/refunds.ts';
import { needs } from './access.ts';
import { Refusal } from './refusal.ts';

export const REFUNDS_MAX = 500;
export const REASON_LENGTH_MAX = 500;

export interface RefundApiOptions {
  /** Null: nothing is billed here. */
  readonly refunds: Refunds | null;
  /** Something was changed through this listener: for the log. */
  readonly onChange: (what: object) => void;
}

/** All of them or none: an ad that the books do not know is a conflict, and the answer says which. */
export function refundApi(app: FastifyInstance, { refunds, onChange }: RefundApiOptions): void {
  app.post('/admin/refunds', { onRequest: needs('money') }, async ({ body, caller }, reply) => {
    const wanted = readRefunds(body);
    if (refunds === null) throw new Refusal(409, '', 'nothing is billed here: there is nothing to refund');
    const made = await refunds.refund(wanted, caller.name);
    const answer = made.map((refund, at) => ({ auction: wanted[at]!.auctionId, imp: wanted[at]!.impId, ...refund }));
    if (made.some(({ result }) => result === 'unknown')) {
      return reply.code(409).send({ error: 'none was booked: the books do not know all of them', refunds: answer });
    }
    onChange({ refunded: made.filter(({ result }) => result !== 'repeated').length, by: caller.name });
    return { refunds: answer };
  });
}

function readRefunds(body: unknown): RefundWanted[] {
  if (!Array.isArray(body) || body.length === 0 || body.length > REFUNDS_MAX) {
    throw new Refusal(400, '', `the body must be an array of 1 to ${REFUNDS_MAX} refunds`);
  }
  return body.map(readRefund);
}

function readRefund(record: unknown, index: number): RefundWanted {
  const path = `[${index}]`;
  if (typeof record !== 'object' || record === null || Array.isArray(record)) {
    throw new Refusal(400, path, 'must be an object');
  }
  for (const name of Object.keys(record)) {
    if (!['auction', 'imp', 'reason', 'sale'].includes(name)) throw new Refusal(400, `${path}.${name}`, 'is not known');
  }
  const { auction, imp, reason, sale } = record as Record<string, unknown>;
  const wanted = {
    auctionId: readText(auction, `${path}.auction`, KEY_PART_LENGTH_MAX),
    impId: readText(imp, `${path}.imp`, KEY_PART_LENGTH_MAX),
    reason: readText(reason, `${path}.reason`, REASON_LENGTH_MAX),
  };
  return sale === undefined ? wanted : { ...wanted, unbilled: readUnbilled(wanted, sale, `${path}.sale`) };
}

/** As an event of it would say it. */
function readUnbilled({ auctionId, impId, reason }: RefundWanted, sale: unknown, path: string): Receivable {
  const known = { version: OUTCOME_EVENT_VERSION, auctionId, impId, userKey: null, atMs: 0, isTest: false, reason };
  const event = { ...known, type: 'refund', id: eventId(auctionId, impId, 'refund'), sale } as RefundEvent;
  try {
    const operation = ledgerOperationOf(readEvent(encodeEvent(event)));
    if (operation?.kind === 'refund-receivable') return operation.receivable;
  } catch (error) {
    if (error instanceof EventFormatError) throw new Refusal(400, path, error.message);
    throw error;
  }
  throw new Refusal(400, path, 'must be that of an ad of a DSP: of our own the books know it');
}

function readText(value: unknown, path: string, lengthMax: number): string {
  if (typeof value === 'string' && value.trim() !== '' && value.length <= lengthMax && isStorableKeyPart(value)) {
    return value;
  }
  throw new Refusal(400, path, `must be a string of 1 to ${lengthMax} characters without NUL`);
}
