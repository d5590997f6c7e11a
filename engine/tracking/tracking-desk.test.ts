import { beforeEach, describe, expect, it } from 'vitest';
import type { TrackedEvent } from '../events/outcome-events.ts';
import { HOUSE_SALE } from '../events/testing/build-events.ts';
import type { SoldAd } from '../exchange/sale.ts';
import { TRACKED_CODES, type TrackedCode } from '../markup/tracked-codes.ts';
import type { TokenContent, TokenReading } from '../ports/token-signer.ts';
import { claimBody, claimHead, codeOf, readClaim } from './claim.ts';
import { type Telling, TrackingDesk, type TrackingResult } from './tracking-desk.ts';

const AD: SoldAd = {
  auctionId: 'auction-1',
  impId: '1#2',
  userKey: 'user',
  isTest: false,
  sale: HOUSE_SALE,
  billingNotice: null,
};
const PLAIN: Telling = { isPrefetch: false, errorCode: null };

const contentOf = (code: TrackedCode, ad = AD, target: string | null = null): TokenContent => ({
  code: codeOf(code),
  body: claimBody(claimHead(ad), ad.billingNotice, target),
});

it('a claim says all of its ad again', () => {
  for (const code of TRACKED_CODES) {
    for (const ad of [AD, { ...AD, userKey: null, isTest: true, billingNotice: 'https://dsp.example/?a="b"' }]) {
      expect(readClaim(contentOf(code, ad, 'https://shop.example/'))).toEqual({
        ...ad,
        code,
        target: 'https://shop.example/',
      });
    }
  }
  const dsp: SoldAd = { ...AD, sale: { ...HOUSE_SALE, payer: { kind: 'dsp', dspId: 'dsp-1', seat: '' } } };
  expect(readClaim(contentOf('click', dsp))).toEqual({ ...dsp, code: 'click', target: null });
  expect(readClaim({ ...contentOf('click'), code: 200 })).toBeNull();
});

/** Tokens are what they hold. */
const read = (token: string): TokenReading => {
  if (token === 'forged') return { kind: 'refused', reason: 'forged', content: null };
  if (token.startsWith('old ')) return { kind: 'refused', reason: 'expired', content: JSON.parse(token.slice(4)) };
  return { kind: 'valid', content: JSON.parse(token) };
};
const tokenOf = (code: TrackedCode, ad = AD) => JSON.stringify(contentOf(code, ad));

describe('a desk', () => {
  let stored: TrackedEvent[];
  let followed: string[];
  let results: [TrackedCode | null, TrackingResult][];
  let settle: ((isStored: boolean) => void)[];
  let desk: TrackingDesk;

  beforeEach(() => {
    stored = [];
    followed = [];
    results = [];
    settle = [];
    desk = new TrackingDesk({
      reader: { read },
      store: (event) => {
        stored.push(event);
        return new Promise((resolve) => settle.push(resolve));
      },
      onStored: ({ id }) => followed.push(id),
      onResult: (code, result) => results.push([code, result]),
      wallMs: () => 5000,
      underWayMax: 2,
      seenMax: 4,
    });
  });

  const tell = (token: string, telling = PLAIN) => desk.tell(token, telling);

  it('answers when the event is durable, once for all who tell the same', async () => {
    const answers = Array.from({ length: 1000 }, () => tell(tokenOf('impression')));
    expect(stored).toHaveLength(1);
    expect(followed).toEqual([]);
    settle[0]!(true);
    const told = (await Promise.all(answers)).map(({ result }) => result);
    expect(told.filter((result) => result === 'stored')).toHaveLength(1);
    expect(told.filter((result) => result === 'duplicate')).toHaveLength(999);
    expect(await tell(tokenOf('impression'))).toEqual({ result: 'duplicate', target: null });
    expect(followed).toEqual(['auction-1/1#2/impression']);
    expect(stored).toHaveLength(1);
  });

  it('says so to all when it could not be stored, and stores it when it is told again', async () => {
    const answers = [tell(tokenOf('click')), tell(tokenOf('click'))];
    settle[0]!(false);
    expect((await Promise.all(answers)).map(({ result }) => result)).toEqual(['not-stored', 'not-stored']);
    const again = tell(tokenOf('click'));
    settle[1]!(true);
    expect((await again).result).toBe('stored');
    expect(followed).toEqual(['auction-1/1#2/click']);
  });

  it('takes no more than may be under way', async () => {
    void tell(tokenOf('impression'));
    void tell(tokenOf('click'));
    expect((await tell(tokenOf('conversion'))).result).toBe('overloaded');
    expect(stored).toHaveLength(2);
  });

  it('makes no event of what is refused or loaded ahead', async () => {
    expect((await tell('forged')).result).toBe('forged');
    expect((await tell(tokenOf('impression'), { ...PLAIN, isPrefetch: true })).result).toBe('prefetched');
    expect((await tell(JSON.stringify({ ...contentOf('click'), code: 99 }))).result).toBe('malformed');
    expect(stored).toEqual([]);
    expect(results).toEqual([
      [null, 'forged'],
      ['impression', 'prefetched'],
      [null, 'malformed'],
    ]);
  });

  it('says of what has expired whether it was stored in time', async () => {
    const token = tokenOf('click');
    expect((await tell(`old ${token}`)).result).toBe('expired');
    const answer = tell(token);
    settle[0]!(true);
    await answer;
    expect((await tell(`old ${token}`)).result).toBe('duplicate');
    expect((await tell(`old ${tokenOf('impression')}`)).result).toBe('expired');
    expect(stored).toHaveLength(1);
  });

  it('tells what a player says of its error, and how far it played', async () => {
    const answers = [tell(tokenOf('error'), { ...PLAIN, errorCode: 303 }), tell(tokenOf('midpoint'))];
    for (const one of settle) one(true);
    await Promise.all(answers);
    expect(stored).toMatchObject([
      { type: 'playback', id: 'auction-1/1#2/playback:error', point: 'error', errorCode: 303, atMs: 5000 },
      { type: 'playback', id: 'auction-1/1#2/playback:midpoint', point: 'midpoint', errorCode: null },
    ]);
  });
});
