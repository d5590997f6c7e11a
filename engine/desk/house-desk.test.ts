import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { UserCaps } from '../budget/frequency/frequency-caps.ts';
import { LEASE_POLICY_DEFAULTS } from '../budget/lease-policy.ts';
import { PACING_CONTROLLERS } from '../budget/pacing/controllers.ts';
import { PacingBoard } from '../budget/pacing/pacing-board.ts';
import { accountIdOf } from '../campaign/accounts.ts';
import type { BookedLineItem } from '../campaign/booked-line-item.ts';
import { booking, campaign, creative, lineItem } from '../campaign/testing/build-booking.ts';
import type { Purchase } from '../exchange/purchases.ts';
import { buildRequest, buildSubject, buildTerms, DECISION_RULES } from '../exchange/testing/build-exchange.ts';
import type { Booking, BookingKind } from '../ports/campaign-store.ts';
import { HouseDesk } from './house-desk.ts';

const NOW_MS = 1000;
const WALL_MS = 1_000_000;
const ASAP = campaign({ delivery: 'asap' });
const request = buildRequest();

let desk: HouseDesk;
beforeEach(() => {
  desk = new HouseDesk({
    rules: {
      currencies: DECISION_RULES.currencies,
      currency: 'USD',
      priors: DECISION_RULES.priors,
      playbackPoints: null,
    },
    leasePolicy: LEASE_POLICY_DEFAULTS,
    pacing: { campaigns: PACING_CONTROLLERS.dual, guaranteed: PACING_CONTROLLERS.pid },
    heldMs: ({ billedBy }) => (billedBy === 'impression' ? 1000 : 5000),
    heldShareMin: 0,
  });
});

const stored = (kind: BookingKind, value: object) =>
  ({ kind, value, version: 1, sequence: 1, updatedAtMs: 0 }) as Booking;

/** In an order in which nothing is known of what it refers to. */
function book(changes: Partial<BookedLineItem> = {}) {
  const { advertiser, campaign: owner, lineItem: item, creatives } = booking({ campaign: ASAP, ...changes });
  const bookings = [stored('line-item', item), stored('campaign', owner), stored('advertiser', advertiser)];
  const touched = desk.take([...bookings, ...creatives.map((one) => stored('creative', one))]);
  return carryOut(touched);
}

function carryOut(campaignIds: Iterable<string>) {
  return [...campaignIds].flatMap((id) => {
    const { added, lineItemIds } = desk.replan(id, NOW_MS, WALL_MS);
    for (const lineItemId of lineItemIds) desk.replace(lineItemId);
    return added;
  });
}

function fund(accountId: string, amount: number): void {
  const account = desk.accounts.get(accountId)!;
  account.pace({ unspent: amount, unspentToday: null }, 1, WALL_MS);
  expect(desk.settle(NOW_MS).needs.map((need) => need.accountId)).toEqual([accountId]);
  account.leases.accept({ accountId, epoch: 3, sequence: 4, amount, endsAtMs: NOW_MS + 30_000 }, NOW_MS);
}

const bids = (atMs = NOW_MS) => desk.bids(buildSubject(request), buildTerms(request), atMs, WALL_MS);

const purchase = (changes: Partial<Purchase> = {}): Purchase => ({
  bidIndex: 0,
  key: 'auction/1/impression',
  accountId: 'spring',
  amount: 1_500_000,
  chance: 1,
  media: 'banner',
  billedBy: 'impression',
  campaignId: 'spring',
  ...changes,
});

describe('a campaign', () => {
  it('bids once it is paced and holds a lease that pays its bid', () => {
    expect(book().map(({ plan }) => plan.accountId)).toEqual(['spring']);
    expect(bids()).toEqual([]);
    fund('spring', 1_999_999);
    expect(bids()).toEqual([]);
  });

  it('bids with a lease, and reserves from it what it has won at', () => {
    book();
    fund('spring', 3_000_000);
    expect(bids()).toMatchObject([{ house: { lineItemId: 'line-1', accountId: 'spring' } }]);
    const reservation = desk.reserve(purchase(), NOW_MS);
    expect(reservation).toEqual({
      key: 'auction/1/impression',
      bidIndex: 0,
      accountId: 'spring',
      amount: 1_500_000,
      epoch: 3,
      sequence: 4,
      heldMs: 1000,
    });
    expect(desk.reserve(purchase({ key: 'b' }), NOW_MS)).not.toBeNull();
    expect(desk.reserve(purchase({ key: 'c' }), NOW_MS)).toBeNull();
    expect(bids()).toEqual([]);
    desk.release(reservation!);
    expect(desk.reserve(purchase({ key: 'c' }), NOW_MS)).not.toBeNull();
  });

  it('stops at once when it is paused, and gives its lease back', () => {
    book();
    fund('spring', 3_000_000);
    book({ campaign: { ...ASAP, status: 'paused' } });
    expect(bids()).toEqual([]);
    expect(desk.settle(NOW_MS).over).toMatchObject([{ accountId: 'spring', unspent: 3_000_000 }]);
    book();
    expect(desk.settle(NOW_MS).needs).toHaveLength(1);
  });

  it('chosen once more for a user who has seen it often enough stays away, and is no further opportunity', () => {
    book();
    fund('spring', 3_000_000);
    const opportunities = vi.spyOn(PacingBoard.prototype, 'observeOpportunity');
    const seen: string[] = [];
    const user = { mayShow: (campaignId: string) => !seen.includes(campaignId) } as UserCaps;
    const again = () => desk.bids(buildSubject(request), buildTerms(request), NOW_MS, WALL_MS, user);
    expect([bids().length, again().length, opportunities.mock.calls.length]).toEqual([1, 1, 1]);
    opportunities.mockRestore();
    seen.push('spring');
    expect([again().length, bids().length]).toEqual([0, 1]);
  });

  it('that is cut gives back what it holds and asks anew; a new name is nothing new', () => {
    book();
    fund('spring', 16_000_000);
    const settled = (owner: typeof ASAP) => {
      book({ campaign: owner });
      const { over, needs } = desk.settle(NOW_MS);
      if (needs.length > 0) desk.accounts.get('spring')!.leases.refused('unavailable', NOW_MS);
      return [over.length, needs.length];
    };
    expect(settled({ ...ASAP, name: 'another' })).toEqual([0, 0]);
    expect(settled({ ...ASAP, budgetNanos: ASAP.budgetNanos + 1n })).toEqual([0, 0]);
    expect(settled(ASAP)).toEqual([1, 1]);
    expect(bids()).toEqual([]);
  });

  it.each([
    ['daily budget', { dailyBudgetNanos: 1n }],
    ['end', { endAt: WALL_MS + 1 }],
  ])('a %s that it had not gives leases back, too', (_name, change) => {
    book();
    fund('spring', 16_000_000);
    book({ campaign: { ...ASAP, ...change } });
    expect(desk.settle(NOW_MS).over).toHaveLength(1);
  });

  it('the dearest line item does not keep the others from what is left', () => {
    const dear = lineItem({ id: 'dear', bidMicros: 50_000_000 });
    book({ lineItem: dear });
    book();
    fund('spring', 3_000_000);
    expect(bids().map(({ house }) => house.lineItemId)).toEqual(['line-1']);
  });

  it('spends a rest that is too little for a full bid once it bids less', () => {
    book({ campaign: campaign({ delivery: 'even', budgetNanos: 1_000_000_000n, endAt: WALL_MS + 86_400_000 }) });
    const account = desk.accounts.get('spring')!;
    const paceAt = (atMs: number) => account.pace({ unspent: 1_000_000_000, unspentToday: null }, 1, WALL_MS + atMs);
    paceAt(0);
    for (let tick = 1; tick < 100; tick++) {
      for (let count = 0; count < 5000; count++) account.observeOpportunity();
      for (let count = 0; count < 500; count++) account.observeWin(2_000_000);
      paceAt(tick * 10_000);
    }
    expect(desk.settle(NOW_MS).needs[0]!.amountMin).toBeLessThan(2_000_000);
  });

  it('that pays by the click takes a part of its price for each impression, and paces by what is expected', () => {
    book({ lineItem: lineItem({ pricing: 'cpc', bidMicros: 2000 }) });
    fund('spring', 2_000_000);
    const perClick = (key: string, amount = 2_000_000) =>
      desk.reserve(purchase({ key, amount, chance: 0.01, billedBy: 'click' }), NOW_MS);
    for (let index = 0; index < 50; index++)
      expect(perClick(`${index}`)).toMatchObject({ amount: 2_000_000, isShared: true });
    expect(perClick('51')).toBeNull();
    expect(bids()).toEqual([]);
    desk.release(perClick('51') ?? { ...purchase(), key: '7', epoch: 3, sequence: 4, heldMs: 5000 });
    expect(perClick('too dear', 2_000_001)).toBeNull();
    expect(perClick('51')).not.toBeNull();
    desk.drain();
    expect(desk.settle(NOW_MS).over).toEqual([]);
  });

  it('that has ended has no account', () => {
    expect(book({ campaign: { ...ASAP, status: 'ended' } })).toEqual([]);
    expect(book({ campaign: { ...ASAP, endAt: WALL_MS } })).toEqual([]);
    expect(desk.accounts.size).toBe(0);
  });

  it('is forgotten when it is over and nothing of it is held, and back when it goes on', () => {
    book();
    fund('spring', 3_000_000);
    expect(desk.forget('spring', WALL_MS)).toBe(false);
    const reservation = desk.reserve(purchase(), NOW_MS)!;
    book({ campaign: { ...ASAP, endAt: WALL_MS } });
    desk.settle(NOW_MS);
    expect(desk.forget('spring', WALL_MS)).toBe(false);
    desk.handOver(reservation);
    const asked = desk.settle(NOW_MS).needs.length > 0 || desk.accounts.get('spring')!.leases.isIdle === false;
    if (asked) desk.accounts.get('spring')!.leases.refused('ended', NOW_MS);
    expect(desk.forget('spring', WALL_MS)).toBe(true);
    expect([desk.accounts.size, bids()]).toEqual([0, []]);
    expect(
      book({ campaign: { ...ASAP, id: 'other' }, lineItem: lineItem({ id: 'line-2', campaignId: 'other' }) }),
    ).toHaveLength(1);
    fund('other', 3_000_000);
    expect(bids()).toMatchObject([{ house: { accountId: 'other' } }]);
    expect(book()).toHaveLength(1);
    fund('spring', 3_000_000);
    expect(desk.settle(NOW_MS + LEASE_POLICY_DEFAULTS.termMs).over).toHaveLength(2);
  });

  it('changes with its creatives', () => {
    book({ creatives: [creative({ approval: 'pending' })] });
    fund('spring', 3_000_000);
    expect(bids()).toEqual([]);
    carryOut(desk.take([stored('creative', creative())]));
    expect(bids()).toHaveLength(1);
  });

  it('gives everything back when the desk closes', () => {
    book();
    fund('spring', 3_000_000);
    desk.drain();
    expect(desk.settle(NOW_MS).over).toMatchObject([{ unspent: 3_000_000 }]);
    expect(bids()).toEqual([]);
  });
});

describe('what was sold in advance', () => {
  const sold = lineItem({ goalImpressions: 2 });

  it('is paid in impressions, and over with the last', () => {
    book({ lineItem: sold });
    const accountId = accountIdOf(sold);
    fund(accountId, 2);
    const one = (key: string) => desk.reserve(purchase({ key, accountId, amount: 1 }), NOW_MS);
    expect(bids()).toMatchObject([{ candidate: { isGuaranteed: true, priceMicros: 2_000_000 }, house: { accountId } }]);
    expect([one('a'), one('b'), one('c')].map((reservation) => reservation !== null)).toEqual([true, true, false]);
    expect(bids()).toEqual([]);
  });
});

it('an idle account is not looked at until somebody wants to spend', () => {
  book();
  fund('spring', 3_000_000);
  const { idleMs } = LEASE_POLICY_DEFAULTS;
  expect(desk.settle(NOW_MS + idleMs).over).toHaveLength(1);
  expect(desk.settle(NOW_MS + idleMs)).toEqual({ over: [], needs: [] });
  bids(NOW_MS + idleMs);
  expect(desk.settle(NOW_MS + idleMs).needs).toHaveLength(1);
});
