import { describe, expect, test } from 'vitest';
import { clearAuction } from '../auction/clear.ts';
import type { DspReply } from '../dsp/reply.ts';
import { gatherBids, gatherHouseBids, type HouseBid } from './decision.ts';
import type { Purchase, PurchaseRefusal, PurchaseReservation } from './purchases.ts';
import { advance, type Conclusion, openRequest, type RequestEffect, type RequestState } from './request-stages.ts';
import {
  bidReply,
  buildHouseBid,
  buildRequest,
  buildSubject,
  buildTerms,
  DECISION_RULES,
} from './testing/build-exchange.ts';

const request = buildRequest();

const settledHouse = (bids: readonly HouseBid[]) => ({ isSettled: true, choose: () => bids });

function open(house: readonly HouseBid[], dspCount: number): RequestState {
  const subject = buildSubject(request);
  return openRequest(request, buildTerms(request), DECISION_RULES, subject, dspCount, null, settledHouse(house));
}

/** Until something is to be reserved, or it is over. */
function decided(
  house: readonly HouseBid[],
  ...replies: DspReply[]
): { state: RequestState; effects: readonly RequestEffect[] } {
  const state = open(house, replies.length);
  let effects = advance(state, { kind: 'start' }, 0);
  for (const reply of replies) effects = advance(state, { kind: 'replied', reply }, 10);
  return { state, effects };
}

function purchasesIn(effects: readonly RequestEffect[]): readonly Purchase[] {
  return effects.flatMap((effect) => (effect.kind === 'reserve' ? effect.purchases : []));
}

const reservationOf = ({ key, bidIndex, accountId, amount }: Purchase): PurchaseReservation => ({
  key,
  bidIndex,
  accountId,
  amount,
  epoch: 1,
  sequence: 1,
  heldMs: 1000,
});

/** Answers every round: accounts in `refusing` give nothing. */
function settled(
  state: RequestState,
  effects: readonly RequestEffect[],
  refusing: readonly string[] = [],
): {
  readonly conclusion: Conclusion;
  readonly released: readonly string[];
} {
  const released: string[] = [];
  for (let pending = effects; ; ) {
    const last = pending.at(-1)!;
    for (const effect of pending)
      if (effect.kind === 'release') released.push(...effect.reservations.map(({ key }) => key));
    if (last.kind === 'conclude') return { conclusion: last.conclusion, released };
    const purchases = purchasesIn(pending);
    const reservations = purchases.filter(({ accountId }) => !refusing.includes(accountId)).map(reservationOf);
    const refusals: PurchaseRefusal[] = purchases
      .filter(({ accountId }) => refusing.includes(accountId))
      .map(({ bidIndex }) => ({ bidIndex, reason: 'budget-refused' }));
    pending = advance(state, { kind: 'reserved', reservations, refusals }, 10);
  }
}

const prices = ({ answer }: Conclusion) => answer!.seatbid!.flatMap(({ bid }) => bid.map(({ price }) => price));

describe('house bids', () => {
  test('compete with those of DSPs, and reserve the clearing price before they are served', () => {
    const { state, effects } = decided(
      [buildHouseBid('shoes', { priceMicros: 5_000_000 })],
      bidReply('a', [{ price: 3 }]),
    );
    expect(purchasesIn(effects)).toEqual([
      {
        bidIndex: 0,
        key: 'auction-1/1/impression',
        accountId: 'account-of-shoes',
        amount: 3_000_000,
        chance: 1,
        media: 'banner',
        billedBy: 'impression',
        campaignId: 'campaign-of-shoes',
      },
    ]);
    const { conclusion } = settled(state, effects);
    expect(prices(conclusion)).toEqual([3]);
    expect(conclusion.reservations).toMatchObject([{ accountId: 'account-of-shoes', amount: 3_000_000 }]);
  });

  test('win alone, when no DSP bids or none is asked', () => {
    const house = [buildHouseBid('shoes')];
    for (const { state, effects } of [decided(house), decided(house, bidReply('a', []))]) {
      expect(settled(state, effects).conclusion.ending).toBe('won');
    }
  });

  test('that lose reserve nothing', () => {
    const { effects } = decided([buildHouseBid('shoes')], bidReply('a', [{ price: 3 }]));
    expect(effects).toMatchObject([{ kind: 'conclude', conclusion: { ending: 'won', reservations: [] } }]);
  });

  test.each([
    ['cpc', 0.01, 2_000_000, 2_000_000_000],
    ['cpm', 0.01, 2_000_000, 2_000_000],
  ] as const)('by %s: the price of its unit, in nanos', (pricing, ctr, clearing, amount) => {
    const bid = buildHouseBid('shoes', { pricing, ctr, priceMicros: clearing * 2 });
    const other = pricing === 'cpc' ? 20 : 2;
    const { effects } = decided([bid], bidReply('a', [{ price: other }]));
    expect(purchasesIn(effects)).toMatchObject([{ billedBy: pricing === 'cpc' ? 'click' : 'impression', amount }]);
  });

  test('what an account does not give goes to the next, at the price that it then has', () => {
    const house = [
      buildHouseBid('shoes', { priceMicros: 5_000_000 }),
      buildHouseBid('boots', { priceMicros: 4_000_000 }),
    ];
    const { state, effects } = decided(house, bidReply('a', [{ price: 3 }]));
    const { conclusion } = settled(state, effects, ['account-of-shoes']);
    expect(prices(conclusion)).toEqual([3]);
    expect(conclusion.reservations).toMatchObject([{ accountId: 'account-of-boots', amount: 3_000_000 }]);
    const { input, outcome } = conclusion.decision!;
    expect(outcome.bids[0]).toMatchObject({ status: 'refused', reason: 'budget-refused' });
    // As it was recorded, so it is cleared again.
    expect(clearAuction(structuredClone(input))).toEqual(outcome);
  });

  test('without any money left, the DSPs are served', () => {
    const house = Array.from({ length: 8 }, (_, index) =>
      buildHouseBid(`line-${index}`, { priceMicros: 9_000_000 - index }),
    );
    const { state, effects } = decided(house, bidReply('a', [{ price: 3 }]));
    const { conclusion } = settled(
      state,
      effects,
      house.map(({ house: { accountId } }) => accountId),
    );
    expect(conclusion.ending).toBe('won');
    expect(conclusion.answer!.seatbid).toMatchObject([{ seat: 'seat-of-a' }]);
    expect(conclusion.reservations).toEqual([]);
  });

  test('a round in which one is refused gives back what the others had', () => {
    const slots = buildRequest({
      imp: [
        { id: '1', tagid: 'top', banner: { format: [{ w: 300, h: 250 }] } },
        { id: '2', tagid: 'top', banner: { format: [{ w: 300, h: 250 }] } },
      ],
    });
    const subject = buildSubject(slots);
    const house = [buildHouseBid('shoes'), buildHouseBid('boots', { impId: '2' })];
    const state = openRequest(slots, buildTerms(slots), DECISION_RULES, subject, 0, null, settledHouse(house));
    const { conclusion, released } = settled(state, advance(state, { kind: 'start' }, 0), ['account-of-shoes']);
    expect(released).toEqual(['auction-1/2/impression']);
    expect(conclusion.reservations.map(({ key }) => key)).toEqual(['auction-1/2/impression']);
  });
});

describe('house bids whose user is asked about', () => {
  /** Nobody knows yet what the user has seen. */
  function unsettled(bids: readonly HouseBid[]) {
    const house = { isSettled: false, chosen: 0, choose: () => bids.slice(0, ++house.chosen * bids.length) };
    return house;
  }
  const openWith = (house: ReturnType<typeof unsettled>, dspCount: number) =>
    openRequest(request, buildTerms(request), DECISION_RULES, buildSubject(request), dspCount, null, house);
  const dear = buildHouseBid('shoes', { priceMicros: 5_000_000 });

  test('are waited for like one more DSP', () => {
    const house = unsettled([dear]);
    const state = openWith(house, 1);
    advance(state, { kind: 'start' }, 0);
    expect(advance(state, { kind: 'replied', reply: bidReply('a', [{ price: 3 }]) }, 10)).toEqual([]);
    const effects = advance(state, { kind: 'house-settled' }, 11);
    expect(purchasesIn(effects)).toMatchObject([{ bidIndex: 0, accountId: 'account-of-shoes' }]);
    expect([house.chosen, state.closing]).toEqual([1, 'all-replied']);
  });

  test('enter behind bids that have been looked at before', () => {
    const subject = buildSubject(request);
    const before = gatherBids(buildTerms(request), [bidReply('a', [{ price: 3 }])], DECISION_RULES, subject, null);
    const { bids, collected, replyCount } = gatherHouseBids([dear], DECISION_RULES, subject, before);
    expect(bids.map(({ index, dspId }) => [index, dspId])).toEqual([
      [0, 'a'],
      [1, 'house'],
    ]);
    expect([collected.map(({ house }) => house?.lineItemId), replyCount]).toEqual([[undefined, 'shoes'], 1]);
  });

  test('are waited for when no DSP is asked at all', () => {
    const state = openWith(unsettled([dear]), 0);
    expect(advance(state, { kind: 'start' }, 0)).toEqual([{ kind: 'solicit' }]);
    expect(purchasesIn(advance(state, { kind: 'house-settled' }, 1))).toHaveLength(1);
  });

  test('enter at the deadline by what is known, and once', () => {
    const house = unsettled([dear]);
    const state = openWith(house, 1);
    advance(state, { kind: 'start' }, 0);
    expect(purchasesIn(advance(state, { kind: 'deadline' }, 90))).toHaveLength(1);
    expect(advance(state, { kind: 'house-settled' }, 91)).toEqual([]);
    expect(house.chosen).toBe(1);
  });
});

describe('what was sold in advance', () => {
  const sold = buildHouseBid('sold', { priceMicros: 1_000_000, isGuaranteed: true });

  test('goes before the best bid, at its own price, and takes one impression', () => {
    const { state, effects } = decided([sold], bidReply('a', [{ price: 30 }]));
    expect(purchasesIn(effects)).toMatchObject([{ accountId: 'account-of-sold', amount: 1 }]);
    const { conclusion } = settled(state, effects);
    expect(prices(conclusion)).toEqual([1]);
    expect(conclusion.decision!.outcome.bids[1]).toMatchObject({ reason: 'lost-to-guaranteed' });
  });

  test('is left to the others once all of it is delivered', () => {
    const { state, effects } = decided([sold], bidReply('a', [{ price: 30 }]));
    const { conclusion } = settled(state, effects, ['account-of-sold']);
    expect(conclusion.answer!.seatbid).toMatchObject([{ seat: 'seat-of-a' }]);
  });

  test('no all-or-nothing group displaces it', () => {
    const { state, effects } = decided([sold], bidReply('a', [{ price: 30 }], { group: true }));
    expect(prices(settled(state, effects).conclusion)).toEqual([1]);
  });
});
