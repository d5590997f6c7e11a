/** What the stored state has to say about a write; its form alone is judged where it is read. */
import { BOOKING_ID } from '../../engine/campaign/accounts.ts';
import type { Campaign, LineItem } from '../../engine/campaign/campaign.ts';
import { isTimeZone } from '../../engine/campaign/local-day.ts';
import {
  type Booking,
  type BookingKind,
  type BookingWrite,
  CampaignStoreError,
} from '../../engine/ports/campaign-store.ts';

/** 4 thousand million units of a currency: the account table's bound. */
const BUDGET_NANOS_MAX = 4_000_000_000_000_000_000n;

/** Looks a booking up, as it will be. */
export type Lookup = <Kind extends BookingKind>(kind: Kind, id: string) => Booking<Kind> | undefined;

/** Throws a `CampaignStoreError`. `before`: what is stored. */
export function judgeVersion(write: BookingWrite, before: Booking | undefined, index: number): void {
  const { kind, value, expectedVersion } = write;
  const name = `${kind} ${value.id}`;
  if (!BOOKING_ID.test(value.id)) throw new CampaignStoreError('invalid', `${name}: no id must be like this`, index);
  if (expectedVersion === 'any') return;
  if (expectedVersion === null && before !== undefined) throw new CampaignStoreError('exists', `${name} exists`, index);
  if (expectedVersion === null) return;
  if (before === undefined) throw new CampaignStoreError('not-found', `there is no ${name}`, index);
  if (before.version !== expectedVersion) {
    throw new CampaignStoreError('conflict', `${name} is at version ${before.version}, not ${expectedVersion}`, index);
  }
}

/** Null when it may be written, else why not. */
export function whyInvalid(write: BookingWrite, before: Booking | undefined, lookup: Lookup): string | null {
  switch (write.kind) {
    case 'advertiser':
      return isTimeZone(write.value.timeZone) ? null : `there is no time zone ${write.value.timeZone}`;
    case 'creative':
      return missing(lookup, 'advertiser', write.value.advertiserId) ?? fixed(write.value, before, ['advertiserId']);
    case 'campaign':
      return (
        missing(lookup, 'advertiser', write.value.advertiserId) ??
        fixed(write.value, before, ['advertiserId']) ??
        whyCampaignInvalid(write.value, before)
      );
    case 'line-item':
      return whyLineItemInvalid(write.value, before, lookup);
    default:
      return write satisfies never;
  }
}

function whyCampaignInvalid(
  { status, startAt, endAt, budgetNanos, dailyBudgetNanos }: Campaign,
  before: Booking | undefined,
): string | null {
  const hasEnded = before?.kind === 'campaign' && before.value.status === 'ended';
  if (hasEnded && status !== 'ended') return 'it has ended, which is final';
  if (endAt !== null && endAt <= startAt) return 'it ends before it starts';
  if (budgetNanos > BUDGET_NANOS_MAX) return 'budget is above what the books can hold';
  return (dailyBudgetNanos ?? 0n) > BUDGET_NANOS_MAX ? 'dailyBudget is above what the books can hold' : null;
}

function whyLineItemInvalid(item: LineItem, before: Booking | undefined, lookup: Lookup): string | null {
  const campaign = lookup('campaign', item.campaignId);
  if (campaign === undefined) return `there is no campaign ${item.campaignId}`;
  for (const id of item.creativeIds) {
    const creative = lookup('creative', id);
    if (creative === undefined) return `there is no creative ${id}`;
    if (creative.value.advertiserId !== campaign.value.advertiserId) return `creative ${id} is another advertiser's`;
  }
  const wasGuaranteed = before?.kind === 'line-item' ? before.value.goalImpressions !== null : null;
  if (wasGuaranteed !== null && wasGuaranteed !== (item.goalImpressions !== null)) {
    return 'goalImpressions: a line item is guaranteed from its first day to its last, or never';
  }
  return fixed(item, before, ['campaignId', 'pricing']);
}

function missing(lookup: Lookup, kind: BookingKind, id: string): string | null {
  return lookup(kind, id) === undefined ? `there is no ${kind} ${id}` : null;
}

function fixed<Value extends object>(
  value: Value,
  before: Booking | undefined,
  names: readonly (keyof Value & string)[],
): string | null {
  if (before === undefined) return null;
  const changed = names.find((name) => (before.value as unknown as Value)[name] !== value[name]);
  return changed === undefined ? null : `${changed} is fixed`;
}
