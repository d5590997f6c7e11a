/** What a stored event adds to the counters, and to whose. Pure. */
import {
  COUNTED_TYPES,
  type CountedEvent,
  type CountedType,
  type Dimension,
  OTHER_ID,
  THING_ID_LENGTH_MAX,
  type Thing,
} from '../counters/dimensions.ts';
import type { SourcedEvent } from '../ports/event-source.ts';
import type { BillableForMs } from './billing-batch.ts';
import type { OutcomeEvent, Sale } from './outcome-events.ts';
import { readEvent } from './read-event.ts';

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
  const { payer, billedBy, amount, currency, soldAtMs } = sale;
  if (type !== billedBy || amount === 0 || atMs > soldAtMs + billableForMs(sale)) return null;
  return payer.kind === 'house' && payer.unit === 'impressions' ? null : { currency, nanos: amount };
}
