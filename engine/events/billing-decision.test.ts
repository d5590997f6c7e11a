import { describe, expect, it } from 'vitest';
import { encodeTerms } from '../exchange/sale-terms.ts';
import { ledgerOperationOf } from './billing-decision.ts';
import type { OutcomeEvent } from './outcome-events.ts';
import type { GavelEvent } from './read-event.ts';
import { buildOutcome, DSP_SALE, HOUSE_SALE, SAMPLES } from './testing/build-events.ts';

const LEASE = { accountId: 'spring', epoch: 3, sequence: 4 };
const KEY = 'auction-1/1/impression';
const TERMS = encodeTerms(HOUSE_SALE);
const RECEIVABLE = {
  terms: encodeTerms(DSP_SALE),
  key: KEY,
  dspId: 'dsp-1',
  seat: 'seat-1',
  amount: 1_500_000,
  currency: 'USD',
  publisherId: 'pub-1',
  atMs: 1_700_000_001_000,
  billingNotice: {
    url: 'https://dsp.example/bill?price=1.5',
    about: { auctionId: 'auction-1', impId: '1', userKey: 'k3J5bU9vT1m0hQe2fGZs7w', isTest: false },
  },
};

describe('of our own campaigns', () => {
  it('a win reserves, for as long as it is held', () => {
    const reservation = {
      ...LEASE,
      key: KEY,
      amount: 1_500_000,
      publisherId: 'pub-1',
      heldMs: 3_600_000,
      terms: TERMS,
    };
    expect(ledgerOperationOf(buildOutcome('win'))).toEqual({ kind: 'reserve', reservation });
  });

  it('the event that it is paid by bills, under the key of its reservation', () => {
    const event = buildOutcome('impression', { sale: HOUSE_SALE });
    const bill = { ...LEASE, key: KEY, amount: 1_500_000, publisherId: 'pub-1', atMs: 1_700_000_001_000, terms: TERMS };
    expect(ledgerOperationOf(event)).toEqual({ kind: 'bill', bill });
    expect(event.id).toBe(KEY);
  });

  it('what expired or is refunded is released', () => {
    expect(ledgerOperationOf(buildOutcome('win_expired'))).toEqual({
      kind: 'release',
      release: { key: KEY, reason: 'expired' },
    });
    expect(ledgerOperationOf(buildOutcome('refund'))).toEqual({
      kind: 'release',
      release: { key: KEY, reason: 'refunded' },
    });
  });
});

describe('of DSPs', () => {
  it('the event that it is paid by is a receivable, which a refund undoes', () => {
    const event = buildOutcome('impression', { sale: DSP_SALE });
    expect(ledgerOperationOf(event)).toEqual({ kind: 'receive', receivable: RECEIVABLE });
    const refund = buildOutcome('refund', { sale: DSP_SALE });
    expect(ledgerOperationOf(refund)).toEqual({
      kind: 'refund-receivable',
      receivable: { ...RECEIVABLE, billingNotice: null },
    });
  });

  it('a win is not held, so nothing expires', () => {
    expect(ledgerOperationOf(buildOutcome('win', { sale: DSP_SALE, heldUntilMs: null }))).toBeNull();
    expect(ledgerOperationOf(buildOutcome('win_expired', { sale: DSP_SALE }))).toBeNull();
  });

  it('a notice of a win that no tracking URL carries is kept for its bill', () => {
    const winWith = (billingNotice: string) =>
      buildOutcome('win', { sale: DSP_SALE, heldUntilMs: null, billingNotice });
    const url = `https://dsp.example/${'x'.repeat(1500)}`;
    expect(ledgerOperationOf(winWith(url))).toMatchObject({
      kind: 'keep-notice',
      notice: { key: KEY, dspId: 'dsp-1', notice: { url }, soldAtMs: DSP_SALE.soldAtMs },
    });
    expect(ledgerOperationOf(winWith(url.slice(0, 1498)))).toBeNull();
  });
});

it('an ad is paid by one event only', () => {
  for (const billedBy of ['impression', 'click', 'conversion'] as const) {
    const sale = { ...HOUSE_SALE, billedBy };
    const billing = (['impression', 'click', 'conversion', 'viewable', 'playback'] as const).filter(
      (type) => ledgerOperationOf(buildOutcome(type, { sale } as Partial<OutcomeEvent>) as OutcomeEvent) !== null,
    );
    expect(billing).toEqual([billedBy]);
  }
});

it('tests, losses and notices move no money', () => {
  for (const event of Object.values(SAMPLES))
    expect(ledgerOperationOf({ ...event, isTest: true } as GavelEvent)).toBeNull();
  for (const type of ['auction', 'loss', 'notice', 'user_deletion'] as const)
    expect(ledgerOperationOf(SAMPLES[type])).toBeNull();
});
