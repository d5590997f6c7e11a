import { describe, expect, it } from 'vitest';
import { THING_ID_LENGTH_MAX } from '../counters/dimensions.ts';
import { countedEvent } from './counted-event.ts';
import type { OutcomeEvent, Sale } from './outcome-events.ts';
import { encodeEvent } from './read-event.ts';
import { buildOutcome, DSP_SALE, HOUSE_SALE } from './testing/build-events.ts';

const DAY_MS = 86_400_000;

function counted(event: OutcomeEvent) {
  return countedEvent({ offset: 7, id: '0:7', key: null, type: event.type, payload: encodeEvent(event) }, () => DAY_MS);
}

const impressionOf = (sale: Partial<Sale>, from: Sale = HOUSE_SALE) =>
  counted(buildOutcome('impression', { sale: { ...from, ...sale } }))!;
const thingsOf = (sale: Partial<Sale>, from: Sale = HOUSE_SALE) =>
  Object.fromEntries(impressionOf(sale, from).things.map(({ dimension, id }) => [dimension, id]));

describe('what an event adds', () => {
  it('names what is ours as it is booked, and what a DSP names by the DSP', () => {
    expect(thingsOf({})).toEqual({
      publisher: 'pub-1',
      advertiser: 'acme',
      campaign: 'spring',
      'line-item': 'line-1',
      placement: 'pub-1/top',
      creative: 'creative-1',
    });
    expect(thingsOf({}, DSP_SALE)).toEqual({
      publisher: 'pub-1',
      dsp: 'dsp-1',
      advertiser: 'dsp-1/shoes.example',
      campaign: 'dsp-1/c-9',
      placement: 'pub-1/top',
      creative: 'dsp-1/crid-7',
    });
  });

  it('keeps apart placements whose publishers have slashes in their names', () => {
    const one = thingsOf({ publisherId: 'a/b', placementId: 'c' });
    const other = thingsOf({ publisherId: 'a', placementId: 'b/c' });
    const third = thingsOf({ publisherId: 'a%2Fb', placementId: 'c' });
    expect(new Set([one.placement, other.placement, third.placement]).size).toBe(3);
  });

  it('leaves out what has no name, and puts what has too long a one to the others', () => {
    const long = 'x'.repeat(THING_ID_LENGTH_MAX + 1);
    expect(thingsOf({ publisherId: '', placementId: '', campaignId: '', creativeId: long })).toEqual({
      advertiser: 'acme',
      'line-item': 'line-1',
      creative: '',
    });
  });

  it('is spend with the event that pays, in time, in money', () => {
    expect(impressionOf({}).spend).toEqual({ currency: 'USD', nanos: 1_500_000 });
    expect(impressionOf({ billedBy: 'click' }).spend).toBeNull();
    expect(impressionOf({ soldAtMs: 1_700_000_001_000 - DAY_MS - 1 }).spend).toBeNull();
    const guaranteed: Sale['payer'] = { kind: 'house', accountId: 'a', unit: 'impressions', epoch: 1, sequence: 1 };
    expect(impressionOf({ payer: guaranteed, amount: 1 }).spend).toBeNull();
    expect(counted(buildOutcome('win', { sale: HOUSE_SALE }))!.spend).toBeNull();
  });

  it('is nothing for tests and for types that are not counted', () => {
    expect(counted(buildOutcome('impression', { isTest: true }))).toBeNull();
    for (const type of ['loss', 'notice', 'playback', 'refund', 'win_expired'] as const) {
      expect(counted(buildOutcome(type))).toBeNull();
    }
    for (const type of ['win', 'impression', 'viewable', 'click', 'conversion'] as const) {
      expect(counted(buildOutcome(type))).toMatchObject({ type, offset: 7 });
    }
  });
});
