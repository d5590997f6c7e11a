/** What a stored event adds to the counters, and to whose. Pure. */
import type { BillableForMs } from '../events/billing-batch.ts';
import type { OutcomeEvent, Sale } from '../events/outcome-events.ts';
import { readEvent } from '../events/read-event.ts';
import type { SourcedEvent } from '../ports/event-source.ts';

/** What is counted by, coarse before fine. */
export const DIMENSIONS = ['publisher', 'dsp', 'advertiser', 'campaign', 'line-item', 'placement', 'creative'] as const;
export type Dimension = (typeof DIMENSIONS)[number];

/** What is counted, in the order in which stores keep the numbers. */
export const COUNTED_TYPES = ['win', 'impression', 'viewable', 'click', 'conversion'] as const;
export type CountedType = (typeof COUNTED_TYPES)[number];

/** One of a dimension. */
export interface Thing {
  readonly dimension: Dimension;
  /** `OTHER_ID` where there is no room for more. */
  readonly id: string;
}

/** What things count under that come when a window is full, or have ids that are too long. No id of ours is empty. */
export const OTHER_ID = '';
/** Of an id, in UTF-16 units: longer ones would fill the store. */
export const THING_ID_LENGTH_MAX = 256;

export interface CountedEvent {
  readonly offset: number;
  /** Idempotency key. */
  readonly id: string;
  /** When it happened, epoch ms: names the window. */
  readonly atMs: number;
  readonly type: CountedType;
  readonly things: readonly Thing[];
  /** What its payer owes for it; null: nothing, or impressions that were sold before. */
  readonly spend: { readonly currency: string; readonly nanos: number } | null;
}

const COUNTED: ReadonlySet<string> = new Set(COUNTED_TYPES);

type CountedOutcome = Extract<OutcomeEvent, { readonly type: CountedType }>;

/** Null: it is not counted, as events of `test: 1` are not. Throws an EventFormatError of one that cannot be read. */
export function countedEvent(
  { type, offset, payload }: SourcedEvent,
  billableForMs: BillableForMs,
): CountedEvent | null {
  // Most of a log are auctions: those are never parsed.
  if (!COUNTED.has(type)) return null;
  const event = readEvent(payload) as CountedOutcome;
  if (event.isTest) return null;
  const { id, atMs, sale } = event;
  return { offset, id, atMs, type: event.type, things: thingsOf(sale), spend: spendOf(event, billableForMs) };
}

/**
 * Ids of our own are as they are booked. What a DSP names is `DSP/NAME`, and a placement is `PUBLISHER/PLACEMENT`: those names are
 * others' to choose, and two may choose the same.
 */
function thingsOf({
  payer,
  publisherId,
  placementId,
  advertiserId,
  campaignId,
  lineItemId,
  creativeId,
}: Sale): Thing[] {
  const things: Thing[] = [];
  const add = (dimension: Dimension, id: string): void => {
    things.push({ dimension, id: id.length > THING_ID_LENGTH_MAX ? OTHER_ID : id });
  };
  const named = (dimension: Dimension, name: string): void => {
    if (name !== '') add(dimension, payer.kind === 'dsp' ? `${payer.dspId}/${name}` : name);
  };
  if (publisherId !== '') add('publisher', publisherId);
  if (payer.kind === 'dsp') add('dsp', payer.dspId);
  named('advertiser', advertiserId);
  named('campaign', campaignId);
  named('line-item', lineItemId);
  if (placementId !== '') add('placement', placementThingId(publisherId, placementId));
  named('creative', creativeId);
  return things;
}

/** No slash of a publisher's id ends it. */
function placementThingId(publisherId: string, placementId: string): string {
  return `${publisherId.replaceAll('%', '%25').replaceAll('/', '%2F')}/${placementId}`;
}

function spendOf({ type, atMs, sale }: CountedOutcome, billableForMs: BillableForMs): CountedEvent['spend'] {
  const { payer, billedBy, amount, currency, media, soldAtMs } = sale;
  if (type !== billedBy || amount === 0 || atMs > soldAtMs + billableForMs(billedBy, media)) return null;
  return payer.kind === 'house' && payer.unit === 'impressions' ? null : { currency, nanos: amount };
}
