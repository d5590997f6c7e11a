import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { surveyMoney } from './money-survey.ts';
import type { CreateTestDatabase, TestDatabase } from './testing/databases.ts';
import { HORIZON_MS, LedgerWorld } from './testing/world.ts';

export function moneySurveyContract(name: string, createDatabase: CreateTestDatabase): void {
  describe(`${name} tells where money is`, () => {
    let test: TestDatabase;
    let world: LedgerWorld;
    beforeEach(async () => {
      test = await createDatabase();
      world = new LedgerWorld(test);
      await world.setTerms();
    });
    afterEach(() => test.dispose());
    const survey = () => surveyMoney(test.database, { billingHorizonMs: HORIZON_MS, nowMs: world.nowMs });

    it('nothing is stranded while its holder may spend it, also what the tranche has left', async () => {
      const tranche = await world.openTranche(500);
      await world.confirm(world.grant(tranche, { amount: 200, termMs: 10_000 }));
      expect(await survey()).toEqual({ absorbed: 0n, strandedInLeases: 0n, strandedInTranches: 0n });
    });

    it('a process that is dead leaves what it had free in its lease, until the ledger takes it back', async () => {
      const tranche = await world.openTranche(500);
      const grant = world.grant(tranche, { amount: 200, termMs: 10_000 });
      await world.confirm(grant);
      await world.bill(grant, 'a', 50);
      world.nowMs += 10_001;
      expect(await survey()).toMatchObject({ strandedInLeases: 150n, strandedInTranches: 300n });
      world.nowMs += HORIZON_MS;
      await world.ledger.sweep(world.nowMs);
      expect(await survey()).toMatchObject({ strandedInLeases: 0n, strandedInTranches: 300n });
    });

    it('a lease that was given back is not stranded, nor are impressions', async () => {
      const lease = await world.lease(100);
      await world.ledger.closeLeases([{ ...lease, unspent: 100, requestId: 'back' }]);
      await world.setTerms({ accountId: 'c1/l1', unit: 'impressions', currency: null });
      await world.openTranche(100, 'c1/l1');
      world.nowMs += 20_000;
      expect(await survey()).toMatchObject({ strandedInLeases: 0n, strandedInTranches: 0n });
    });

    it('what no budget bears is told', async () => {
      const lease = await world.lease(100);
      await world.bill({ ...lease, sequence: 9 }, 'a', 70);
      expect(await survey()).toMatchObject({ absorbed: 70n });
    });
  });
}
