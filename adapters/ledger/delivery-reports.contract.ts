import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDeliveryReports } from './delivery-reports.ts';
import type { CreateTestDatabase, TestDatabase } from './testing/databases.ts';
import { LedgerWorld, START_MS } from './testing/world.ts';

export function deliveryReportsContract(name: string, createDatabase: CreateTestDatabase): void {
  describe(`${name} keeps the DeliveryReports contract`, () => {
    let test: TestDatabase;
    let world: LedgerWorld;
    beforeEach(async () => {
      test = await createDatabase();
      world = new LedgerWorld(test);
      await world.setTerms();
    });
    afterEach(() => test.dispose());
    const none = { reserved: 0n, billed: 0n, released: 0n, refunded: 0n, absorbed: 0n, bills: 0 };
    const quarter = 15 * 60_000;

    it('tells by quarter of an hour what was reserved, billed, released, refunded and absorbed', async () => {
      const lease = await world.lease(500);
      await world.reserve(lease, 'a', 100, 60_000);
      await world.reserve(lease, 'b', 50, 60_000);
      await world.bill(lease, 'a', 90);
      world.nowMs += quarter;
      await world.bill(lease, 'c', 10);
      await world.ledger.bill([{ ...world.billOf(lease, 'd', 5), atMs: START_MS + 1 }]);
      await world.bill({ ...lease, sequence: 9 }, 'e', 7);
      await world.ledger.release(['c'], 'refunded');
      await world.ledger.sweep(world.nowMs);
      await world.setTerms({ accountId: 'c2' });
      await world.bill(await world.lease(10, 'c2'), 'f', 8);
      const period = { fromMs: START_MS, toMs: START_MS + 86_400_000 };
      const slots = await openDeliveryReports(test.database).slots(['c1', 'c2', 'c3'], period);
      expect([...slots.keys()].sort()).toEqual(['c1', 'c2']);
      expect(slots.get('c1')).toEqual([
        { startMs: START_MS, ...none, reserved: 150n, billed: 95n, released: 10n, bills: 2 },
        { startMs: START_MS + quarter, ...none, billed: 10n, released: 50n, refunded: 10n, absorbed: 7n, bills: 1 },
      ]);
      expect(slots.get('c2')).toEqual([{ startMs: START_MS + quarter, ...none, billed: 8n, bills: 1 }]);
      expect(await world.problems()).toEqual([]);
    });

    it('a bill from the future is reported now, one from before its lease when that began', async () => {
      const lease = await world.lease(500);
      await world.ledger.bill([{ ...world.billOf(lease, 'a', 5), atMs: START_MS * 2 }]);
      await world.ledger.bill([{ ...world.billOf(lease, 'b', 6), atMs: 0 }]);
      await world.ledger.bill([{ ...world.billOf(lease, 'c', 1001), atMs: 0 }]);
      await world.ledger.bill([{ ...world.billOf({ ...lease, sequence: 9 }, 'd', 1), atMs: 0 }]);
      const period = { fromMs: 0, toMs: START_MS * 2 };
      const slots = await openDeliveryReports(test.database).slots(['c1'], period);
      expect(slots.get('c1')).toMatchObject([{ startMs: START_MS, billed: 11n, absorbed: 1002n }]);
    });

    it('tells what a day took', async () => {
      await world.setTerms({ accountId: 'c2', timeZone: 'Asia/Tokyo' });
      await world.bill(await world.lease(100), 'a', 30);
      await world.bill(await world.lease(100, 'c2'), 'b', 40);
      const { spentOnDay } = openDeliveryReports(test.database);
      expect(await spentOnDay(['c1', 'c2', 'c3'], world.nowMs)).toEqual(
        new Map([
          ['c1', 30n],
          ['c2', 40n],
        ]),
      );
      // 16:00 UTC is tomorrow in Tokyo.
      expect(await spentOnDay(['c1', 'c2'], world.nowMs + 4 * 3_600_000)).toEqual(new Map([['c1', 30n]]));
    });
  });
}
