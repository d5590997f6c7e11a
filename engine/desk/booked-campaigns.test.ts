import { expect, it } from 'vitest';
import { advertiser, campaign, creative, lineItem } from '../campaign/testing/build-booking.ts';
import type { Booking, BookingKind } from '../ports/campaign-store.ts';
import { BookedCampaigns } from './booked-campaigns.ts';

const stored = (kind: BookingKind, value: object) =>
  ({ kind, value, version: 1, sequence: 1, updatedAtMs: 0 }) as Booking;

const ALL = [
  stored('line-item', lineItem()),
  stored('creative', creative()),
  stored('campaign', campaign()),
  stored('advertiser', advertiser()),
];

it('is put together from changes in any order', () => {
  for (const changes of [ALL, ALL.toReversed()]) {
    const bookings = new BookedCampaigns();
    for (const change of changes) bookings.take([change]);
    const owners = { campaign: campaign(), advertiser: advertiser() };
    expect(bookings.campaign('spring')).toEqual({ ...owners, lineItems: [lineItem()] });
    expect(bookings.lineItem('line-1')).toEqual({ ...owners, lineItem: lineItem(), creatives: [creative()] });
    expect(bookings.lineItem('unknown')).toBeNull();
  }
});

it('is not there while its advertiser is not', () => {
  const bookings = new BookedCampaigns();
  bookings.take(ALL.slice(0, 3));
  expect(bookings.campaign('spring')).toBeNull();
});

it('names every campaign that a change concerns', () => {
  const bookings = new BookedCampaigns();
  bookings.take([...ALL, stored('campaign', campaign({ id: 'other' }))]);
  expect([...bookings.take([stored('advertiser', advertiser({ isPaused: true }))])]).toEqual(['spring', 'other']);
  expect([...bookings.take([stored('creative', creative())])]).toEqual(['spring']);
  bookings.take([stored('line-item', lineItem({ creativeIds: [] }))]);
  expect([...bookings.take([stored('creative', creative())])]).toEqual([]);
});
