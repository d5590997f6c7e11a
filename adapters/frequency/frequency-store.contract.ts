/** What every `FrequencyStore` must do. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  type CapRule,
  type FrequencyStore,
  type ImpressionToTake,
  MOMENTS_MAX,
  SCOPES_MAX,
  type UserKey,
} from '../../engine/ports/frequency-store.ts';

export interface FrequencyStoreHarness {
  /** Two that see the same users: of two processes, or one and the same. */
  readonly stores: readonly [FrequencyStore, FrequencyStore];
  readonly dispose: () => Promise<void>;
}

export const DAY_MS = 86_400_000;
const KIM = 'kim' as UserKey;
const LEE = 'lee' as UserKey;

/** Of campaign `spring` unless said otherwise, remembered for a day. */
export function impression(
  requestId: string,
  rules: Partial<CapRule>[] = [],
  parts: Partial<ImpressionToTake> = {},
): ImpressionToTake {
  return {
    requestId,
    counted: [{ scope: 'c:spring', momentsKeptMs: DAY_MS, countKeptMs: DAY_MS }],
    rules: rules.map((rule) => ({ scope: 'c:spring', count: 1, windowMs: DAY_MS, ...rule })),
    ...parts,
  };
}

export function frequencyStoreContract(name: string, createHarness: () => Promise<FrequencyStoreHarness>): void {
  describe(`${name} keeps the FrequencyStore contract`, () => {
    let harness: FrequencyStoreHarness;
    let here: FrequencyStore;
    let there: FrequencyStore;
    beforeEach(async () => {
      harness = await createHarness();
      [here, there] = harness.stores;
    });
    afterEach(() => harness.dispose());

    it('finds a user among all others until they are forgotten', async () => {
      await here.take(LEE, impression('1'));
      expect([await here.holds(KIM), await there.holds(LEE)]).toEqual([false, true]);
      await there.take(KIM, impression('2'));
      expect(await here.holds(KIM)).toBe(true);
      await here.forget(KIM);
      expect([await here.holds(KIM), await here.holds(LEE)]).toEqual([false, true]);
    });

    it('knows nothing of a new user', async () => {
      expect(await here.fetch(KIM)).toEqual(new Map());
      await here.giveBack(KIM, 'r', ['c:spring']);
      await here.forget(KIM);
    });

    it('takes as many as every rule allows, and tells what stands against more', async () => {
      const rules = [{ count: 3, windowMs: null }, { count: 2 }];
      expect(await here.take(KIM, impression('1', rules))).toEqual({ kind: 'taken' });
      expect(await there.take(KIM, impression('2', rules))).toEqual({ kind: 'taken' });
      expect(await here.take(KIM, impression('3', rules))).toEqual({ kind: 'capped', scope: 'c:spring' });
      expect((await there.fetch(KIM)).get('c:spring')!.count).toBe(2);
      expect(await here.take(LEE, impression('4', rules))).toEqual({ kind: 'taken' });
    });

    it('a rule of zero allows none', async () => {
      expect(await here.take(KIM, impression('1', [{ count: 0 }]))).toMatchObject({ kind: 'capped' });
      expect(await here.take(KIM, impression('2', [{ count: 0, windowMs: null }]))).toMatchObject({ kind: 'capped' });
    });

    it('counts in all scopes, and without a rule too', async () => {
      const counted = ['c:spring', 'a:acme'].map((scope) => ({ scope, momentsKeptMs: DAY_MS, countKeptMs: DAY_MS }));
      await here.take(KIM, impression('1', [], { counted }));
      const rules = [{ scope: 'a:acme', count: 1, windowMs: DAY_MS }];
      const other = {
        counted: counted.map((one) => (one.scope === 'c:spring' ? { ...one, scope: 'c:summer' } : one)),
        rules,
      };
      expect(await there.take(KIM, impression('2', [], other))).toEqual({ kind: 'capped', scope: 'a:acme' });
      expect([...(await here.fetch(KIM)).keys()].sort()).toEqual(['a:acme', 'c:spring']);
    });

    it('takes one impression once, however often it is asked', async () => {
      const rules = [{ count: 1 }];
      for (const store of [here, there, here]) {
        expect(await store.take(KIM, impression('1', rules))).toEqual({ kind: 'taken' });
      }
      expect((await here.fetch(KIM)).get('c:spring')).toMatchObject({ count: 1 });
    });

    it('of many at once, exactly as many as allowed are taken', async () => {
      const rules = [{ count: 7, windowMs: 60_000 }];
      const results = await Promise.all(
        Array.from({ length: 60 }, (_, index) =>
          (index % 2 ? here : there).take(KIM, impression(String(index), rules)),
        ),
      );
      expect(results.filter(({ kind }) => kind === 'taken')).toHaveLength(7);
    });

    it('what is given back can be taken again, once', async () => {
      const rules = [{ count: 1, windowMs: null }];
      await here.take(KIM, impression('1', rules));
      await there.giveBack(KIM, 'another', ['c:spring']);
      expect(await here.take(KIM, impression('2', rules))).toMatchObject({ kind: 'capped' });
      await there.giveBack(KIM, '1', ['c:spring']);
      await here.giveBack(KIM, '1', ['c:spring']);
      expect(await here.fetch(KIM)).toEqual(new Map());
      expect(await here.take(KIM, impression('2', rules))).toEqual({ kind: 'taken' });
      expect(await here.take(KIM, impression('3', rules))).toMatchObject({ kind: 'capped' });
    });

    it('windows roll', async () => {
      const rules = [{ count: 1, windowMs: 200 }];
      await here.take(KIM, impression('1', rules));
      const [ageMs] = (await here.fetch(KIM)).get('c:spring')!.agesMs;
      expect(ageMs).toBeGreaterThanOrEqual(0);
      await vi.waitFor(
        async () => expect(await there.take(KIM, impression('2', rules))).toEqual({ kind: 'taken' }),
        5000,
      );
      expect((await here.fetch(KIM)).get('c:spring')).toMatchObject({ count: 2 });
    });

    it('forgets moments before the count, and both in time', async () => {
      const counted = [{ scope: 'c:spring', momentsKeptMs: 50, countKeptMs: 60_000 }];
      await here.take(KIM, impression('1', [], { counted }));
      await vi.waitFor(
        async () => expect((await there.fetch(KIM)).get('c:spring')).toEqual({ count: 1, agesMs: [] }),
        5000,
      );
      expect(await here.take(KIM, impression('2', [{ windowMs: null }], { counted }))).toMatchObject({
        kind: 'capped',
      });
      const brief = [{ scope: 'c:spring', momentsKeptMs: 50, countKeptMs: 50 }];
      await here.take(KIM, impression('3', [], { counted: brief }));
      await vi.waitFor(async () => expect(await there.fetch(KIM)).toEqual(new Map()), 5000);
      expect(await here.take(KIM, impression('4', [{ windowMs: null }], { counted: brief }))).toEqual({
        kind: 'taken',
      });
    });

    it('forgets a user on demand', async () => {
      const rules = [{ count: 1, windowMs: null }];
      await here.take(KIM, impression('1', rules));
      await there.forget(KIM);
      expect(await here.fetch(KIM)).toEqual(new Map());
      expect(await here.take(KIM, impression('2', rules))).toEqual({ kind: 'taken' });
    });

    it('remembers the youngest moments of a scope, and so many scopes of a user', async () => {
      await Promise.all(
        Array.from({ length: MOMENTS_MAX + 5 }, (_, index) => here.take(KIM, impression(String(index)))),
      );
      const history = (await here.fetch(KIM)).get('c:spring')!;
      expect(history.count).toBe(MOMENTS_MAX + 5);
      expect(history.agesMs).toHaveLength(MOMENTS_MAX);
      expect(await here.take(KIM, impression('more', [{ count: MOMENTS_MAX }]))).toMatchObject({ kind: 'capped' });
      const scoped = (index: number) => [{ scope: `c:${index}`, momentsKeptMs: DAY_MS, countKeptMs: DAY_MS }];
      const results = await Promise.all(
        Array.from({ length: SCOPES_MAX }, (_, index) =>
          here.take(KIM, impression(`s${index}`, [], { counted: scoped(index) })),
        ),
      );
      expect(results.map(({ kind }) => kind)).toEqual([...Array(SCOPES_MAX - 1).fill('taken'), 'full']);
      expect(await here.take(KIM, impression('again', [], { counted: scoped(0) }))).toEqual({ kind: 'taken' });
    });

    it('rejects after close with the code closed', async () => {
      await here.close();
      await expect(here.fetch(KIM)).rejects.toMatchObject({ name: 'FrequencyStoreError', code: 'closed' });
      await expect(here.take(KIM, impression('1'))).rejects.toMatchObject({ code: 'closed' });
      await expect(here.giveBack(KIM, '1', [])).rejects.toMatchObject({ code: 'closed' });
      await expect(here.forget(KIM)).rejects.toMatchObject({ code: 'closed' });
      await here.close();
    });
  });
}
