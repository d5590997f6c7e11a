import { describe, expect, it } from 'vitest';
import { campaign } from '../../campaign/testing/build-booking.ts';
import type { FrequencyStore, ImpressionToTake, UserKey } from '../../ports/frequency-store.ts';
import { compileCapPlans } from './cap-plans.ts';
import { FrequencyCaps, type FrequencyPolicy } from './frequency-caps.ts';
import { UserHistory } from './user-history.ts';

const KIM = 'kim' as UserKey;
const PLANS = compileCapPlans(
  [
    campaign({ frequencyCaps: [{ count: 2, per: 'minute', scope: 'campaign' }] }),
    campaign({ id: 'once', frequencyCaps: [{ count: 1, per: 'lifetime', scope: 'campaign' }] }),
    campaign({ id: 'free', advertiserId: 'other' }),
  ],
  1e9,
);

/** Answers as told; one user. */
class StoreDouble implements FrequencyStore {
  readonly history = new UserHistory();
  nowMs = 0;
  isAway = false;

  readonly fetch = async () => {
    this.#assertThere();
    return this.history.read(this.nowMs);
  };
  readonly take = async (_user: UserKey, impression: ImpressionToTake) => {
    this.#assertThere();
    return this.history.take(impression, this.nowMs);
  };
  readonly holds = async () => false;
  readonly giveBack = async (_user: UserKey, requestId: string, scopes: readonly string[]) => {
    this.history.giveBack(requestId, scopes);
  };
  readonly forget = async () => {};
  readonly close = async () => {};

  #assertThere(): void {
    if (this.isAway) throw new Error('away');
  }
}

const REFUSE: FrequencyPolicy = { unknownUser: 'refuse', silentStore: 'refuse' };
const ALLOW: FrequencyPolicy = { unknownUser: 'allow', silentStore: 'allow' };

function setUp(policy = REFUSE) {
  const store = new StoreDouble();
  const caps = new FrequencyCaps(store, policy);
  caps.replacePlans(PLANS);
  return { store, open: (user: UserKey | null = KIM) => caps.open(user, () => store.nowMs) };
}

describe('at the decision', () => {
  it('shows what the caps allow by then, the time since included', async () => {
    const { store, open } = setUp();
    for (const requestId of ['1', '2']) expect(await open().take('spring', requestId)).toBe('taken');
    store.nowMs = 59_000;
    const user = open();
    await new Promise<void>((resolve) => user.ask(resolve));
    expect(user.mayShow('spring')).toBe(false);
    expect(user.mayShow('once')).toBe(true);
    store.nowMs = 60_000;
    expect(user.mayShow('spring')).toBe(true);
  });

  it.each([
    ['refuses', REFUSE, false],
    ['allows', ALLOW, true],
  ])(
    '%s by policy what is capped, to a user without an id and while the store is silent',
    async (_name, policy, shown) => {
      const { store, open } = setUp(policy);
      const nobody = open(null);
      expect(nobody.mayShow('spring')).toBe(shown);
      expect(nobody.mayShow('free')).toBe(true);
      const early = open();
      const answered = new Promise<void>((resolve) => early.ask(resolve));
      expect(early.mayShow('spring')).toBe(shown);
      await answered;
      expect(early.mayShow('spring')).toBe(true);
      store.isAway = true;
      const late = open();
      await new Promise<void>((resolve) => late.ask(resolve));
      expect(late.mayShow('once')).toBe(shown);
      expect(late.mayShow('free')).toBe(true);
    },
  );

  it('needs the store only for campaigns with caps, and for somebody', () => {
    const { store, open } = setUp();
    expect(['spring', 'once', 'free'].map((id) => open().mustAsk(id))).toEqual([true, true, false]);
    expect(open(null).mustAsk('spring')).toBe(false);
    const caps = new FrequencyCaps(store, REFUSE);
    expect(caps.open(KIM, () => 0).mustAsk('spring')).toBe(false);
    expect(caps.open(KIM, () => 0).mayShow('spring')).toBe(true);
  });
});

describe('the winner', () => {
  it('is taken once by auctions that all saw room for it', async () => {
    const { open } = setUp();
    const users = Array.from({ length: 5 }, () => open());
    await Promise.all(users.map((user) => new Promise<void>((resolve) => user.ask(resolve))));
    expect(users.every((user) => user.mayShow('once'))).toBe(true);
    const verdicts = await Promise.all(users.map((user, index) => user.take('once', String(index))));
    expect(verdicts).toEqual(['taken', 'capped', 'capped', 'capped', 'capped']);
    expect(verdicts.map((verdict) => users[0]!.isShown(verdict))).toEqual([true, false, false, false, false]);
    await users[0]!.giveBack('once', '0');
    expect(await users[1]!.take('once', 'later')).toBe('taken');
  });

  it.each([
    ['refused', REFUSE, false],
    ['shown', ALLOW, true],
  ])('is %s by policy when the store is silent or the user unknown', async (_name, policy, shown) => {
    const { store, open } = setUp(policy);
    store.isAway = true;
    const user = open();
    expect(await user.take('spring', '1')).toBe('silent');
    expect(user.isShown('silent')).toBe(shown);
    expect(await open(null).take('spring', '1')).toBe('unknown-user');
    expect(user.isShown('unknown-user')).toBe(shown);
    expect(await user.take('free', '1')).toBe('taken');
  });

  it('needs no store without caps', () => {
    const { open } = setUp();
    expect(open().needsTake('free')).toBe(false);
    expect(open().needsTake('spring')).toBe(true);
    expect(open(null).needsTake('spring')).toBe(false);
  });
});
