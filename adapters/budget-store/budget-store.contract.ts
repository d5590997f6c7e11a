/** What every `BudgetStore` must do. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Tranche } from '../../engine/ports/budget-ledger.ts';
import type { BudgetStore, GrantResult, LeaseWanted } from '../../engine/ports/budget-store.ts';

export interface BudgetStoreHarness {
  /** Two that see the same tranches: of two processes. */
  readonly stores: readonly [BudgetStore, BudgetStore];
  /** All that they know is lost. */
  readonly flush: () => Promise<void>;
  readonly dispose: () => Promise<void>;
}

export function tranche(changes: Partial<Tranche> = {}): Tranche {
  return { accountId: 'campaign-1', epoch: 1, amount: 1000, budgetLeft: 0, notAfterMs: 1e15, ...changes };
}

export function wanted(requestId: string, changes: Partial<LeaseWanted> = {}): LeaseWanted {
  const asker = { accountId: 'campaign-1', processId: 'process-1' };
  return { requestId, ...asker, amount: 100, amountMin: 10, termMs: 30_000, ...changes };
}

/** Of a grant; fails when there is none. */
export function grantIn(result: GrantResult): Extract<GrantResult, { kind: 'granted' }>['grant'] {
  if (result.kind !== 'granted') throw new Error(`not granted: ${JSON.stringify(result)}`);
  return result.grant;
}

export function budgetStoreContract(name: string, createHarness: () => Promise<BudgetStoreHarness>): void {
  describe(`${name} keeps the BudgetStore contract`, () => {
    let harness: BudgetStoreHarness;
    let here: BudgetStore;
    let there: BudgetStore;
    beforeEach(async () => {
      harness = await createHarness();
      [here, there] = harness.stores;
    });
    afterEach(() => harness.dispose());

    it('grants nothing without a tranche', async () => {
      expect(await here.grant(wanted('r1'))).toEqual({ kind: 'no-tranche', epoch: 0, demand: 100 });
    });

    it('grants from what was installed, in sequence, and tells what remains', async () => {
      await here.install(tranche());
      const { grant, remaining } = (await there.grant(wanted('r1'))) as Extract<GrantResult, { kind: 'granted' }>;
      const asked = { accountId: 'campaign-1', requestId: 'r1', processId: 'process-1', termMs: 30_000 };
      expect(grant).toEqual({ ...asked, epoch: 1, sequence: 1, amount: 100 });
      expect(remaining).toBe(900);
      const next = await here.grant(wanted('r2', { amount: 50 }));
      expect(next).toMatchObject({ grant: { sequence: 2, amount: 50 }, remaining: 850 });
    });

    it('a repeated request gets the first answer and takes nothing', async () => {
      await here.install(tranche());
      const first = await here.grant(wanted('r1'));
      await here.grant(wanted('r2'));
      expect(await there.grant(wanted('r1'))).toEqual(first);
      expect(await here.grant(wanted('r3', { amount: 10 }))).toMatchObject({
        grant: { sequence: 3 },
        remaining: 800,
      });
    });

    it('a request that found no tranche is granted once there is one', async () => {
      await here.grant(wanted('r1'));
      await here.install(tranche());
      expect(grantIn(await here.grant(wanted('r1'))).amount).toBe(100);
    });

    it('gives all there is in the end, never more, and says when the rest is of no use', async () => {
      await here.install(tranche());
      let granted = 0;
      for (let request = 0; ; request++) {
        const result = await here.grant(wanted(`r${request}`, { amount: 1_000_000, amountMin: 30 }));
        if (result.kind === 'no-tranche') {
          expect(result.epoch).toBe(1);
          break;
        }
        granted += result.grant.amount;
        expect(result.remaining).toBe(1000 - granted);
      }
      expect(granted).toBeGreaterThan(1000 - 30);
      expect(granted).toBeLessThanOrEqual(1000);
    });

    it('a lease is a tenth of what is left at most, by the share of who asks', async () => {
      await here.install(tranche({ budgetLeft: 9000 }));
      expect(grantIn(await here.grant(wanted('r1', { amount: 3000 }))).amount).toBe(1000);
      await here.install(tranche({ epoch: 2, amount: 10_000 }));
      const other = wanted('r2', { processId: 'process-2', amount: 1000 });
      expect(grantIn(await there.grant(other)).amount).toBe(250);
      expect(grantIn(await here.grant(wanted('r3', { amount: 3000 }))).amount).toBe(731);
    });

    it('keeps large amounts exactly', async () => {
      const amount = Number.MAX_SAFE_INTEGER;
      await here.install(tranche({ amount, epoch: 123_456_789 }));
      const result = await here.grant(wanted('r1', { amount: 1 }));
      expect(result).toMatchObject({ grant: { epoch: 123_456_789, amount: 10 }, remaining: amount - 10 });
      expect(await here.grant(wanted('r2', { amount: 11 }))).toMatchObject({ remaining: amount - 21 });
    });

    it('a newer tranche replaces, an older one or the same is ignored', async () => {
      await here.install(tranche({ epoch: 2 }));
      await here.grant(wanted('r1'));
      await there.install(tranche({ epoch: 2 }));
      await there.install(tranche({ epoch: 1, amount: 5000 }));
      expect(await here.grant(wanted('r2'))).toMatchObject({ grant: { epoch: 2, sequence: 2 }, remaining: 810 });
      await there.install(tranche({ epoch: 3, amount: 500 }));
      expect(await here.grant(wanted('r3', { amount: 10 }))).toMatchObject({
        grant: { epoch: 3, sequence: 1 },
        remaining: 490,
      });
    });

    it('a fence ends its epoch and older ones, not newer ones', async () => {
      await here.install(tranche({ epoch: 5 }));
      await there.fence('campaign-1', 4);
      expect(grantIn(await here.grant(wanted('r1'))).epoch).toBe(5);
      await there.fence('campaign-1', 5);
      expect(await here.grant(wanted('r2'))).toMatchObject({ kind: 'no-tranche', epoch: 5 });
      await here.install(tranche({ epoch: 5 }));
      expect(await here.grant(wanted('r3'))).toMatchObject({ kind: 'no-tranche', epoch: 5 });
      await here.install(tranche({ epoch: 6 }));
      expect(grantIn(await here.grant(wanted('r4'))).epoch).toBe(6);
    });

    it('a fence holds for what was never installed here', async () => {
      await here.fence('campaign-1', 7);
      await here.install(tranche({ epoch: 7 }));
      expect(await here.grant(wanted('r1'))).toMatchObject({ kind: 'no-tranche', epoch: 7 });
    });

    it('shares follow what was wanted last, and end when a process leaves', async () => {
      expect(await here.shares('campaign-1')).toEqual(new Map());
      await here.grant(wanted('r1', { amount: 900 }));
      await here.grant(wanted('r2', { amount: 300 }));
      await there.grant(wanted('r3', { processId: 'process-2', amount: 100 }));
      const shares = await there.shares('campaign-1');
      expect(shares.get('process-1')).toBe(0.75);
      expect(shares.get('process-2')).toBe(0.25);
      await here.leave('campaign-1', 'process-1');
      expect(await there.shares('campaign-1')).toEqual(new Map([['process-2', 1]]));
    });

    it('accounts are apart', async () => {
      await here.install(tranche());
      expect(await here.grant(wanted('r1', { accountId: 'campaign-2' }))).toMatchObject({ kind: 'no-tranche' });
    });

    it('who lost everything grants from the next tranche', async () => {
      await here.install(tranche({ epoch: 3 }));
      await here.grant(wanted('r1'));
      await harness.flush();
      expect(await there.grant(wanted('r2'))).toMatchObject({ kind: 'no-tranche', epoch: 0 });
      await there.install(tranche({ epoch: 4 }));
      expect(grantIn(await here.grant(wanted('r3')))).toMatchObject({ epoch: 4, sequence: 1 });
    });

    it('many at once take what there is, once', async () => {
      await here.install(tranche({ amount: 1000 }));
      const results = await Promise.all(
        Array.from({ length: 200 }, (_, index) => {
          const asker = { processId: `process-${index % 8}`, amount: 20 };
          return (index % 2 ? here : there).grant(wanted(`r${index}`, asker));
        }),
      );
      const grants = results.flatMap((result) => (result.kind === 'granted' ? [result.grant] : []));
      const granted = grants.reduce((sum, { amount }) => sum + amount, 0);
      expect(granted).toBeGreaterThan(990);
      expect(granted).toBeLessThanOrEqual(1000);
      expect(new Set(grants.map(({ sequence }) => sequence)).size).toBe(grants.length);
    });

    it('rejects after close with the code closed', async () => {
      await here.close();
      await expect(here.grant(wanted('r1'))).rejects.toMatchObject({ name: 'BudgetStoreError', code: 'closed' });
      await expect(here.install(tranche())).rejects.toMatchObject({ code: 'closed' });
      await expect(here.fence('campaign-1', 1)).rejects.toMatchObject({ code: 'closed' });
      await expect(here.shares('campaign-1')).rejects.toMatchObject({ code: 'closed' });
      await here.close();
    });
  });
}
