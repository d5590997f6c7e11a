import { describe, expect, it } from 'vitest';
import { compileCapPlans } from '../budget/frequency/cap-plans.ts';
import { type CapVerdict, FrequencyCaps, type UserCaps } from '../budget/frequency/frequency-caps.ts';
import { campaign } from '../campaign/testing/build-booking.ts';
import type { Purchase, PurchaseRefusal, PurchaseReservation } from '../exchange/purchases.ts';
import { buildHouseBid } from '../exchange/testing/build-exchange.ts';
import type { FrequencyStore, UserKey } from '../ports/frequency-store.ts';
import { HouseEntry } from './house-entry.ts';

const purchase = (bidIndex: number): Purchase => ({
  bidIndex,
  key: `auction/${bidIndex}/impression`,
  accountId: `account-${bidIndex}`,
  amount: 1,
  chance: 1,
  media: 'banner',
  billedBy: 'impression',
  campaignId: `campaign-of-${bidIndex}`,
});

/** Users whose caps say so of each campaign; accounts in `poor` give nothing. */
class Entry {
  readonly given: string[] = [];
  readonly counted: string[] = [];
  readonly faults: unknown[] = [];
  readonly released: string[] = [];
  /** How often the store was asked what the user has seen; its answers. */
  readonly asked: (() => void)[] = [];
  readonly answers: [readonly PurchaseReservation[], readonly PurchaseRefusal[]][] = [];
  readonly entry: HouseEntry;

  constructor(
    caps: {
      limited?: string[];
      seen?: string[];
      verdicts?: Record<string, CapVerdict>;
      poor?: number[];
      broken?: number[];
    } = {},
  ) {
    const { limited = [], seen = [], verdicts = {}, poor = [], broken = [] } = caps;
    const user = {
      mustAsk: (campaignId: string) => limited.includes(campaignId),
      ask: (onAnswered: () => void) => void this.asked.push(onAnswered),
      mayShow: (campaignId: string) => !seen.includes(campaignId),
      needsTake: (campaignId: string) => campaignId in verdicts,
      take: async (campaignId: string) => verdicts[campaignId]!,
      isShown: (verdict: CapVerdict) => verdict === 'taken',
      giveBack: async (campaignId: string) => void this.given.push(campaignId),
    };
    this.entry = new HouseEntry({
      desk: {
        reserve: ({ key, bidIndex, accountId, amount }) => {
          if (broken.includes(bidIndex)) throw new Error('planted');
          return poor.includes(bidIndex)
            ? null
            : { key, bidIndex, accountId, amount, epoch: 1, sequence: 1, heldMs: 1 };
        },
        release: ({ key }) => void this.released.push(key),
      },
      bids: ['0', '1', '2'].map((id) => buildHouseBid(id)),
      user: user as unknown as UserCaps,
      chooseShown: () => [buildHouseBid('instead')],
      nowMs: () => 0,
      onReserved: (result) => this.counted.push(result),
      onFault: (error) => this.faults.push(error),
    });
  }

  reserve(...bidIndexes: number[]): void {
    this.entry.reserve(bidIndexes.map(purchase), (...answer) => this.answers.push(answer));
  }

  async settled(): Promise<[number[], PurchaseRefusal[]]> {
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    expect(this.answers).toHaveLength(1);
    const [reservations, refusals] = this.answers[0]!;
    return [reservations.map(({ bidIndex }) => bidIndex), [...refusals]];
  }
}

describe('without caps', () => {
  it('is answered in the same turn', () => {
    const entry = new Entry({ poor: [1] });
    entry.reserve(0, 1);
    expect(entry.answers).toMatchObject([[[{ bidIndex: 0 }], [{ bidIndex: 1, reason: 'budget-refused' }]]]);
    expect(entry.counted).toEqual(['reserved', 'budget-refused']);
  });
});

describe('with caps', () => {
  const idsOf = ({ entry }: Entry) => entry.choose().map(({ house }) => house.lineItemId);

  it('waits for what the user has seen only when one that has caps would enter', () => {
    expect(new Entry().entry.isSettled).toBe(true);
    const { entry, asked } = new Entry({ limited: ['campaign-of-1'] });
    expect(entry.isSettled).toBe(false);
    let told = 0;
    entry.settle(() => told++);
    expect([asked.length, told, entry.isSettled]).toEqual([1, 0, false]);
    asked[0]!();
    expect([told, entry.isSettled]).toEqual([1, true]);
  });

  it('those that the user has seen often enough leave their places to others', () => {
    expect(idsOf(new Entry())).toEqual(['0', '1', '2']);
    const entry = new Entry({ seen: ['campaign-of-0', 'campaign-of-2'] });
    expect(idsOf(entry)).toEqual(['instead']);
    expect(entry.counted).toEqual(['frequency-capped', 'frequency-capped']);
  });

  it('takes each impression before it is paid', async () => {
    const entry = new Entry({ verdicts: { 'campaign-of-0': 'taken', 'campaign-of-1': 'capped' } });
    entry.reserve(0, 1);
    expect(entry.answers).toEqual([]);
    expect(await entry.settled()).toEqual([[0], [{ bidIndex: 1, reason: 'frequency-capped' }]]);
    expect(entry.given).toEqual([]);
  });

  it('gives back what the budget refuses, what was perhaps taken, and what is not served', async () => {
    const verdicts = { 'campaign-of-0': 'taken', 'campaign-of-1': 'silent', 'campaign-of-2': 'taken' } as const;
    const entry = new Entry({ verdicts, poor: [2] });
    entry.reserve(0, 1, 2);
    const [reserved] = await entry.settled();
    expect([reserved, entry.given]).toEqual([[0], ['campaign-of-1', 'campaign-of-2']]);
    entry.entry.release(entry.answers[0]![0]);
    entry.entry.release(entry.answers[0]![0]);
    expect(entry.given).toEqual(['campaign-of-1', 'campaign-of-2', 'campaign-of-0']);
  });

  it('a fault of ours sells nothing, and leaves no request without an answer', async () => {
    const entry = new Entry({ verdicts: { 'campaign-of-0': 'taken', 'campaign-of-1': 'taken' }, broken: [1] });
    entry.reserve(0, 1);
    const reason = 'budget-refused';
    const refused = [0, 1].map((bidIndex) => ({ bidIndex, reason }));
    expect(await entry.settled()).toEqual([[], refused]);
    expect(entry.faults).toHaveLength(1);
    expect([entry.released, entry.given]).toEqual([['auction/0/impression'], ['campaign-of-0', 'campaign-of-1']]);
  });

  it('a store that is away is the policy to judge', async () => {
    const store = { fetch: () => Promise.reject(new Error('away')), take: () => Promise.reject(new Error('away')) };
    const caps = new FrequencyCaps(store as unknown as FrequencyStore, { unknownUser: 'refuse', silentStore: 'allow' });
    caps.replacePlans(
      compileCapPlans([campaign({ frequencyCaps: [{ count: 1, per: 'day', scope: 'campaign' }] })], 3_600_000),
    );
    const user = caps.open('user' as UserKey, () => 0);
    expect(user.mayShow('spring')).toBe(true);
    expect(user.isShown(await user.take('spring', 'id'))).toBe(true);
  });
});
