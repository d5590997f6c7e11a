/** What every `BudgetLedger` must do: the one over a database, and the model of it that others are tested with. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HELD_MS_MAX, PARKED_REPORTS } from '../../engine/ports/budget-ledger.ts';
import { type AnyLedgerWorld, HORIZON_MS, START_MS } from './testing/world.ts';

export function budgetLedgerContract(name: string, createWorld: () => Promise<AnyLedgerWorld>): void {
  describe(`${name} keeps the BudgetLedger contract`, () => {
    let world: AnyLedgerWorld;
    beforeEach(async () => {
      world = await createWorld();
      await world.setTerms();
    });
    afterEach(async () => {
      expect(await world.problems()).toEqual([]);
      await world.dispose();
    });
    const all = (changes: Record<string, number>) => ({
      ...{ budget: 1000, available: 0, leased: 0, reserved: 0, spent: 0, absorbed: 0 },
      ...changes,
    });

    describe('tranches', () => {
      it('are debited from the budget, numbered, never more than is left', async () => {
        const notAfterMs = Date.UTC(2026, 2, 11);
        const tranche = { accountId: 'c1', epoch: 1, amount: 300, budgetLeft: 700, notAfterMs };
        expect(await world.openTranche(300)).toEqual(tranche);
        expect(await world.figures()).toEqual(all({ available: 700, leased: 300 }));
      });

      it('are shared by those who know none that is newer, whatever was leased of it', async () => {
        const before = await world.openTranche(300);
        const ask = (amount: number, afterEpoch = before.epoch) =>
          world.ledger.openTranche(world.wanted(amount, { afterEpoch }));
        const next = await ask(200);
        expect(next).toMatchObject({ epoch: 2, amount: 200 });
        expect(await ask(100)).toEqual(next);
        await world.confirm(world.grant({ accountId: 'c1', epoch: 2 }));
        expect(await ask(300)).toEqual(next);
        expect(await ask(300, 2)).toMatchObject({ epoch: 3, amount: 300 });
      });

      it('who knows none shares one that is whole; one that was leased from, a store has lost', async () => {
        const ask = () => world.ledger.openTranche(world.wanted(300, { afterEpoch: 0 }));
        expect(await ask()).toMatchObject({ epoch: 1 });
        expect(await ask()).toMatchObject({ epoch: 1 });
        await world.confirm(world.grant({ accountId: 'c1', epoch: 1 }));
        expect(await ask()).toMatchObject({ epoch: 2 });
        expect(await world.figures()).toEqual(all({ available: 600, leased: 400 }));
      });

      it('an epoch that anybody knows of never comes again, though the ledger may have lost it', async () => {
        expect(await world.ledger.openTranche(world.wanted(10, { afterEpoch: 7 }))).toMatchObject({ epoch: 8 });
      });

      it('of less than is of use are refused; the older one is closed all the same', async () => {
        const tranche = await world.openTranche(900);
        await world.confirm(world.grant(tranche, { amount: 850 }));
        expect(await world.ledger.openTranche(world.wanted(300, { amountMin: 151 }))).toBe('exhausted');
        expect(await world.figures()).toEqual(all({ available: 150, leased: 850 }));
        expect(await world.confirm(world.grant(tranche, { sequence: 2, amount: 1 }))).toBe('fenced');
        expect(await world.ledger.openTranche(world.wanted(300, { amountMin: 150 }))).toMatchObject({ amount: 150 });
      });

      it('tell what the ledger could give after them', async () => {
        await world.setTerms({ dailyBudget: 400n });
        const wanted = world.wanted(300);
        expect(await world.ledger.openTranche(wanted)).toMatchObject({ epoch: 1, budgetLeft: 100 });
        expect(await world.ledger.openTranche(wanted)).toMatchObject({ epoch: 1, budgetLeft: 100 });
      });

      it('the next one closes the one before: nothing is parked in two', async () => {
        const first = await world.openTranche(300);
        const lease = world.grant(first);
        await world.confirm(lease);
        expect(await world.openTranche(5000)).toMatchObject({ epoch: 2, amount: 900 });
        expect(await world.confirm(world.grant(first, { sequence: 2 }))).toBe('fenced');
        expect(await world.bill(lease, 'k', 100)).toBe('billed');
      });

      it('closing gives back what was not leased, once', async () => {
        const tranche = await world.openTranche(300);
        await world.confirm(world.grant(tranche));
        await world.ledger.closeTranche('c1', 1);
        await world.ledger.closeTranche('c1', 1);
        await world.ledger.closeTranche('c1', 77);
        expect(await world.figures()).toEqual(all({ available: 900, leased: 100 }));
      });

      it('are refused with the reason', async () => {
        const ask = (accountId: string) => world.ledger.openTranche(world.wanted(10, { accountId }));
        expect(await ask('nobody')).toBe('unknown-account');
        await world.setTerms({ status: 'paused' });
        expect(await ask('c1')).toBe('paused');
        await world.setTerms({ status: 'ended' });
        expect(await ask('c1')).toBe('ended');
        await world.setTerms({ endAtMs: START_MS });
        expect(await ask('c1')).toBe('ended');
        await world.setTerms({ accountId: 'c2', budget: 0n });
        expect(await ask('c2')).toBe('exhausted');
      });

      it('end with the campaign, and so do their leases', async () => {
        await world.setTerms({ endAtMs: START_MS + 5000 });
        const tranche = await world.openTranche(10);
        expect(tranche).toMatchObject({ notAfterMs: START_MS + 5000 });
        const grant = world.grant(tranche, { amount: 10, termMs: 10_000 });
        expect(await world.ledger.confirmLeases([grant])).toEqual([{ kind: 'live', termMs: 5000 }]);
        world.nowMs += 5000 + HORIZON_MS;
        expect(await world.ledger.sweep(world.nowMs)).toEqual({ reservations: 0, leases: 1, reports: 0 });
      });

      it('of nothing, of fractions and of what is no number are defects', async () => {
        for (const amount of [0, -1, 1.5, Number.NaN, 2 ** 53]) {
          await expect(world.openTranche(amount)).rejects.toThrow(RangeError);
          const wanted = world.wanted(10, { amountMin: amount });
          await expect(world.ledger.openTranche(wanted)).rejects.toThrow(RangeError);
        }
      });
    });

    describe('leases', () => {
      it('are live once confirmed, by the same request again: for what is left of the term', async () => {
        const grant = world.grant(await world.openTranche(300), { termMs: 10_000 });
        expect(await world.ledger.confirmLeases([grant])).toEqual([{ kind: 'live', termMs: 10_000 }]);
        world.nowMs += 4000;
        expect(await world.ledger.confirmLeases([grant])).toEqual([{ kind: 'live', termMs: 6000 }]);
        world.nowMs += 7000;
        expect(await world.ledger.confirmLeases([grant])).toEqual([{ kind: 'live', termMs: 0 }]);
        expect(await world.figures()).toEqual(all({ available: 700, leased: 300 }));
      });

      it('gaps and disorder of sequences are no fault: others are on their way', async () => {
        const tranche = await world.openTranche(300);
        expect(await world.confirm(world.grant(tranche, { sequence: 3 }))).toBe('live');
        expect(await world.confirm(world.grant(tranche, { sequence: 1 }))).toBe('live');
      });

      it.each([
        ['a sequence that another request has: the store lost data', { sequence: 1 }],
        ['more than the tranche has', { sequence: 2, amount: 201 }],
        ['the same request at another amount', { requestId: 'live', amount: 101 }],
        ['the same request for another process', { requestId: 'live', processId: 'p1' }],
      ])('%s fences the epoch; what is live stays live', async (_name, changes) => {
        const tranche = await world.openTranche(300);
        const live = world.grant(tranche, { requestId: 'live', processId: 'p0' });
        await world.confirm(live);
        expect(await world.confirm(world.grant(tranche, changes))).toBe('fenced');
        expect(await world.confirm(world.grant(tranche, { sequence: 9 }))).toBe('fenced');
        expect(await world.figures()).toEqual(all({ available: 900, leased: 100 }));
        expect(await world.bill(live, 'k', 100)).toBe('billed');
      });

      it('many in one call are judged in order', async () => {
        await world.setTerms({ accountId: 'c2' });
        const [one, two] = [await world.openTranche(150), await world.openTranche(150, 'c2')];
        const grants = [
          world.grant(two, { sequence: 1 }),
          world.grant(one, { sequence: 1 }),
          world.grant(one, { sequence: 2 }),
          world.grant(one, { sequence: 3, amount: 1 }),
          world.grant({ accountId: 'nobody', epoch: 1 }),
          world.grant({ accountId: 'c1', epoch: 5 }),
        ];
        const kinds = (await world.ledger.confirmLeases(grants)).map(({ kind }) => kind);
        expect(kinds).toEqual(['live', 'live', 'fenced', 'fenced', 'fenced', 'fenced']);
      });

      it('given back: unspent at once, the rest after its term and the horizon, late bills in between', async () => {
        const lease = await world.lease(100);
        await world.ledger.closeLeases([{ ...lease, unspent: 60, requestId: 'r' }]);
        await world.ledger.closeLeases([{ ...lease, unspent: 40, requestId: 'again' }]);
        expect(await world.figures()).toEqual(all({ available: 960, leased: 40 }));
        expect(await world.bill(lease, 'k1', 30)).toBe('billed');
        expect(await world.confirm(lease)).toBe('fenced');
        world.nowMs += lease.termMs + HORIZON_MS;
        expect(await world.ledger.sweep(world.nowMs)).toEqual({ reservations: 0, leases: 1, reports: 0 });
        expect(await world.figures()).toEqual(all({ available: 970, spent: 30 }));
        expect(await world.bill(lease, 'k2', 971)).toBe('absorbed');
        expect(await world.bill(lease, 'k3', 70)).toBe('billed');
        expect(await world.figures()).toEqual(all({ available: 900, spent: 100, absorbed: 971 }));
      });

      it('many are given back in one call, each once', async () => {
        await world.setTerms({ accountId: 'c2' });
        const [one, two] = [await world.openTranche(100), await world.openTranche(100, 'c2')];
        const grants = [world.grant(two, { sequence: 1 }), world.grant(one, { sequence: 1, amount: 50 })];
        await world.ledger.confirmLeases([...grants, world.grant(one, { sequence: 2, amount: 50 })]);
        const over = (sequence: number, unspent: number, accountId = 'c1') => ({
          ...{ accountId, epoch: 1, sequence, unspent },
          requestId: `${accountId}-${sequence}`,
        });
        const unknown = [over(7, 10), over(1, 10, 'nobody')];
        await world.ledger.closeLeases([over(1, 100, 'c2'), over(1, 40), ...unknown, over(2, 50), over(1, 10)]);
        expect(await world.figures()).toEqual(all({ available: 990, leased: 10 }));
        expect(await world.figures('c2')).toEqual(all({ available: 1000 }));
        await expect(world.ledger.closeLeases([over(2, 1), over(1, -1)])).rejects.toThrow('unspent');
      });

      it('no more is given back than is there, however much is claimed', async () => {
        const lease = await world.lease(100);
        await world.bill(lease, 'k', 70);
        await world.ledger.closeLeases([{ ...lease, unspent: 100, requestId: 'r' }]);
        expect(await world.figures()).toEqual(all({ available: 930, spent: 70 }));
        await world.ledger.closeLeases([{ accountId: 'c1', epoch: 1, sequence: 9, unspent: 10, requestId: 'r' }]);
      });

      it('of a dead process come back after term and horizon, not before', async () => {
        await world.lease(100);
        world.nowMs += 10_000 + HORIZON_MS - 1;
        expect(await world.ledger.sweep(world.nowMs)).toEqual({ reservations: 0, leases: 0, reports: 0 });
        world.nowMs += 1;
        expect(await world.ledger.sweep(world.nowMs)).toEqual({ reservations: 0, leases: 1, reports: 0 });
        expect(await world.figures()).toEqual(all({ available: 1000 }));
      });

      it('a sweeper whose clock is ahead of the ledger ends nothing', async () => {
        await world.lease(100);
        expect(await world.ledger.sweep(world.nowMs + 3_600_000)).toEqual({ reservations: 0, leases: 0, reports: 0 });
      });
    });

    describe('reserve, bill, release', () => {
      it('a win is reserved, then billed', async () => {
        const lease = await world.lease(100);
        await world.reserve(lease, 'k', 33);
        await world.reserve(lease, 'k', 33);
        expect(await world.figures()).toEqual(all({ available: 900, leased: 67, reserved: 33 }));
        expect(await world.bill(lease, 'k', 33)).toBe('billed');
        expect(await world.figures()).toEqual(all({ available: 900, leased: 67, spent: 33 }));
      });

      it('the first bill of a key stands, whatever price, lease or account the others name', async () => {
        await world.setTerms({ accountId: 'c2' });
        const [lease, other] = [await world.lease(100), await world.lease(100, 'c2')];
        expect(await world.bill(lease, 'k', 10)).toBe('billed');
        expect(await world.bill(lease, 'k', 10)).toBe('repeated');
        expect(await world.bill(lease, 'k', 20)).toBe('repeated');
        expect(await world.bill(other, 'k', 10)).toBe('repeated');
        expect(await world.figures()).toEqual(all({ available: 900, leased: 90, spent: 10 }));
      });

      it('one key twice in a call is billed once', async () => {
        const lease = await world.lease(100);
        const bills = [world.billOf(lease, 'k', 60), world.billOf(lease, 'k', 60), world.billOf(lease, 'l', 60)];
        expect(await world.ledger.bill(bills)).toEqual(['billed', 'repeated', 'billed']);
        expect(await world.figures()).toEqual(all({ available: 840, leased: 40, spent: 120 }));
      });

      it('what a lease does not cover is paid from what its account has; else, and of no lease that is known, it is our cost', async () => {
        const lease = await world.lease(100);
        await world.reserve(lease, 'big', 101);
        await world.reserve(lease, 'too big', 800);
        expect(await world.figures()).toEqual(all({ available: 900, leased: 100 }));
        expect(await world.bill(lease, 'big', 101)).toBe('billed');
        expect(await world.bill(lease, 'too big', 800)).toBe('absorbed');
        expect(await world.bill({ ...lease, sequence: 5 }, 'other', 1)).toBe('absorbed');
        expect(await world.bill({ ...lease, accountId: 'nobody' }, 'x', 1)).toBe('unknown-account');
        expect(await world.figures()).toEqual(all({ available: 799, leased: 100, spent: 101, absorbed: 801 }));
      });

      it('a bill below its reservation gives the difference back, above it takes from the lease', async () => {
        const lease = await world.lease(100);
        await world.reserve(lease, 'less', 40);
        await world.reserve(lease, 'more', 40);
        expect(await world.bill(lease, 'less', 30)).toBe('billed');
        expect(await world.bill(lease, 'more', 50)).toBe('billed');
        await world.reserve(lease, 'much', 20);
        expect(await world.bill(lease, 'much', 21)).toBe('billed');
        expect(await world.figures()).toEqual(all({ available: 879, leased: 20, spent: 101 }));
      });

      it('a reservation outlives its lease until it expires', async () => {
        const lease = await world.lease(100);
        await world.reserve(lease, 'late', 30, HORIZON_MS * 3);
        await world.reserve(lease, 'never', 30, HORIZON_MS * 3);
        await world.reserve(lease, 'less', 40, HORIZON_MS * 3);
        world.nowMs += 10_000 + HORIZON_MS;
        await world.ledger.sweep(world.nowMs);
        expect(await world.figures()).toEqual(all({ available: 900, reserved: 100 }));
        expect(await world.bill(lease, 'late', 30)).toBe('billed');
        expect(await world.bill(lease, 'less', 25)).toBe('billed');
        world.nowMs += HORIZON_MS * 3;
        expect(await world.ledger.sweep(world.nowMs)).toEqual({ reservations: 1, leases: 0, reports: 0 });
        expect(await world.figures()).toEqual(all({ available: 945, spent: 55 }));
        expect(await world.bill(lease, 'never', 30)).toBe('billed');
        expect(await world.figures()).toEqual(all({ available: 915, spent: 85 }));
      });

      it('expired, then billed: paid from what is there, once; released after that, nobody pays', async () => {
        const lease = await world.lease(100);
        for (const key of ['late', 'gone', 'other']) await world.reserve(lease, key, 20, 1000);
        world.nowMs += 1000;
        await world.ledger.sweep(world.nowMs);
        await world.ledger.release(['late'], 'expired');
        await world.ledger.release(['gone'], 'not-served');
        expect(await world.bill(lease, 'late', 20)).toBe('billed');
        expect(await world.bill(lease, 'late', 20)).toBe('repeated');
        expect(await world.bill(lease, 'gone', 20)).toBe('released-before');
        await world.ledger.release(['other'], 'refunded');
        expect(await world.report('other')).toBe('released-before');
        expect(await world.figures()).toEqual(all({ available: 960, leased: 20, spent: 20 }));
        await world.ledger.release(['late'], 'refunded');
        expect(await world.figures()).toEqual(all({ available: 980, leased: 20 }));
      });

      it('expired, its lease closed, and its money sold again: our cost', async () => {
        const lease = await world.lease(600);
        await world.reserve(lease, 'one', 300, 1000);
        await world.reserve(lease, 'other', 300, 1000);
        world.nowMs += 10_000 + HORIZON_MS;
        await world.ledger.sweep(world.nowMs);
        await world.lease(500);
        expect(await world.report('one')).toBe('billed');
        expect(await world.report('other')).toBe('absorbed');
        expect(await world.figures()).toEqual(all({ available: 200, leased: 500, spent: 300, absorbed: 300 }));
      });

      it('comes before what nobody has leased yet: the open tranche ends, once it is enough', async () => {
        const lease = await world.lease(100);
        for (const [key, amount] of [['one', 150] as const, ['two', 900] as const])
          await world.share(lease, key, amount, 1000);
        const tranche = await world.openTranche(900);
        await world.confirm(world.grant(tranche, { amount: 700 }));
        expect(await world.report('two')).toBe('absorbed');
        expect(await world.figures()).toEqual(all({ leased: 1000, absorbed: 900 }));
        expect(await world.report('one')).toBe('billed');
        expect(await world.figures()).toEqual(all({ available: 50, leased: 800, spent: 150, absorbed: 900 }));
        expect(await world.confirm(world.grant(tranche, { amount: 10, sequence: 2 }))).toBe('fenced');
      });

      it('where the day of its lease bears no more, the tranche of another day goes on', async () => {
        await world.setTerms({ dailyBudget: 100n });
        const first = await world.openTranche(100);
        const lease = world.grant(first, { amount: 50 });
        await world.ledger.confirmLeases([lease, world.grant(first, { amount: 50, sequence: 2 })]);
        await world.bill(lease, 'one', 40);
        await world.share(lease, 'late', 45, 1000);
        await world.setTerms({ budget: 200n, dailyBudget: 100n });
        world.nowMs += 86_400_000;
        const next = await world.openTranche(100);
        expect(await world.report('late')).toBe('absorbed');
        expect(await world.confirm(world.grant(next, { amount: 10 }))).toBe('live');
      });

      it('expired under a daily budget: the day of its lease pays, and no more than it has', async () => {
        await world.setTerms({ dailyBudget: 100n });
        const lease = await world.lease(100);
        await world.reserve(lease, 'one', 60, 1000);
        await world.reserve(lease, 'other', 40, 1000);
        world.nowMs += 1000;
        await world.ledger.sweep(world.nowMs);
        await world.ledger.closeLeases([{ ...lease, unspent: 100, requestId: 'r' }]);
        await world.bill(await world.lease(30), 'new', 30);
        expect(await world.report('other')).toBe('billed');
        expect(await world.report('one')).toBe('absorbed');
        expect(await world.figures()).toEqual(all({ available: 930, spent: 70, absorbed: 60 }));
      });

      it('after a cut below what is spent, what has expired is our cost', async () => {
        const lease = await world.lease(100);
        await world.bill(lease, 'a', 60);
        await world.reserve(lease, 'late', 40, 1000);
        world.nowMs += 1000;
        await world.ledger.sweep(world.nowMs);
        await world.setTerms({ budget: 70n });
        expect(await world.report('late')).toBe('absorbed');
      });

      it('is held from when the ledger was told, by its own clock, and not for longer than anything may be', async () => {
        const lease = await world.lease(100);
        world.nowMs += 9000;
        await world.reserve(lease, 'k', 10, 5000);
        await world.reserve(lease, 'ever', 20, Number.MAX_SAFE_INTEGER);
        world.nowMs += 4999;
        expect(await world.ledger.sweep(world.nowMs)).toMatchObject({ reservations: 0 });
        world.nowMs += 1;
        expect(await world.ledger.sweep(world.nowMs)).toMatchObject({ reservations: 1 });
        world.nowMs += HELD_MS_MAX - 5000;
        expect(await world.ledger.sweep(world.nowMs)).toMatchObject({ reservations: 1 });
      });

      it('shared: what its lease keeps pays for whichever is billed, until all have come to their end', async () => {
        const lease = await world.lease(100);
        for (const key of ['a', 'b', 'c', 'd', 'e']) await world.share(lease, key, 40, HORIZON_MS * 5);
        expect(await world.figures()).toEqual(all({ available: 900, leased: 100 }));
        await world.ledger.closeLeases([{ ...lease, unspent: 10, requestId: 'request' }]);
        expect(await world.report('a')).toBe('billed');
        world.nowMs += HORIZON_MS * 5 - 1;
        await world.ledger.sweep(world.nowMs);
        expect(await world.report('b')).toBe('billed');
        // More than the lease keeps: its account pays.
        expect(await world.report('c')).toBe('billed');
        expect(await world.figures()).toEqual(all({ available: 870, leased: 10, spent: 120 }));
        world.nowMs += 1;
        await world.ledger.sweep(world.nowMs);
        expect(await world.figures()).toEqual(all({ available: 880, spent: 120 }));
        await world.ledger.release(['d'], 'not-served');
        await world.lease(880);
        expect([await world.report('d'), await world.report('e')]).toEqual(['released-before', 'absorbed']);
      });

      it('expires on the moment, and what is free again serves the lease', async () => {
        const lease = await world.lease(100);
        await world.reserve(lease, 'k', 100, 5000);
        world.nowMs += 4999;
        expect(await world.ledger.sweep(world.nowMs)).toEqual({ reservations: 0, leases: 0, reports: 0 });
        world.nowMs += 1;
        expect(await world.ledger.sweep(world.nowMs)).toEqual({ reservations: 1, leases: 0, reports: 0 });
        expect(await world.bill(lease, 'other', 100)).toBe('billed');
      });

      it('released, then billed: nobody pays; also when the release was first of all', async () => {
        const lease = await world.lease(100);
        await world.reserve(lease, 'k', 10);
        await world.ledger.release(['k', 'early'], 'not-served');
        await world.ledger.release(['k', 'early', 'early'], 'expired');
        await world.reserve(lease, 'early', 10);
        expect(await world.bill(lease, 'k', 10)).toBe('released-before');
        expect(await world.bill(lease, 'early', 10)).toBe('released-before');
        expect(await world.figures()).toEqual(all({ available: 910, leased: 90 }));
      });

      it('billed, then released: the bill stands unless it is refunded, once', async () => {
        const lease = await world.lease(100);
        await world.bill(lease, 'k', 10);
        await world.ledger.release(['k'], 'expired');
        await world.ledger.release(['k'], 'not-served');
        expect(await world.figures()).toEqual(all({ available: 900, leased: 90, spent: 10 }));
        await world.ledger.release(['k'], 'refunded');
        await world.ledger.release(['k'], 'refunded');
        expect(await world.figures()).toEqual(all({ available: 910, leased: 90 }));
        expect(await world.bill(lease, 'k', 10)).toBe('repeated');
      });

      it('what we absorbed can be refunded too', async () => {
        const lease = await world.lease(100);
        await world.bill(lease, 'k', 500);
        await world.ledger.release(['k'], 'refunded');
        expect(await world.figures()).toEqual(all({ available: 900, leased: 100 }));
      });

      it('a win for nothing is a bill like any other', async () => {
        const lease = await world.lease(100);
        await world.reserve(lease, 'k', 0);
        expect(await world.bill(lease, 'k', 0)).toBe('billed');
        expect(await world.bill(lease, 'k', 0)).toBe('repeated');
      });

      it('impressions are counted', async () => {
        await world.setTerms({ accountId: 'c1/l1', unit: 'impressions', currency: null, budget: 3n });
        const lease = await world.lease(2, 'c1/l1');
        const bills = ['a', 'b', 'c', 'd'].map((key) => world.billOf(lease, key, 1));
        expect(await world.ledger.bill(bills)).toEqual(['billed', 'billed', 'billed', 'absorbed']);
        expect(await world.figures('c1/l1')).toMatchObject({ budget: 3, available: 0, spent: 3, absorbed: 1 });
      });
    });

    describe('reports', () => {
      it('are billed as their reservation says, once', async () => {
        const lease = await world.lease(100);
        await world.reserve(lease, 'k', 33);
        const reports = [world.reportOf('k'), world.reportOf('k'), world.reportOf('other', false)];
        expect(await world.ledger.billReports(reports)).toEqual(['billed', 'repeated', 'unmatched']);
        expect(await world.report('k')).toBe('repeated');
        expect(await world.figures()).toEqual(all({ available: 900, leased: 67, spent: 33 }));
      });

      it('that come first wait for their reservation, which bills them; who tells it again changes nothing', async () => {
        const lease = await world.lease(100);
        expect(await world.ledger.billReports([world.reportOf('k'), world.reportOf('k')])).toEqual([
          'parked',
          'parked',
        ]);
        expect(await world.report('k')).toBe('parked');
        expect(await world.figures()).toEqual(all({ available: 900, leased: 100 }));
        expect(await world.reserve(lease, 'k', 33)).toEqual(['billed']);
        expect(await world.reserve(lease, 'k', 33)).toEqual([]);
        expect(await world.report('k')).toBe('repeated');
        expect(await world.figures()).toEqual(all({ available: 900, leased: 67, spent: 33 }));
      });

      it('that wait are billed by many reservations at once, each by its own', async () => {
        const lease = await world.lease(100);
        await world.ledger.billReports([world.reportOf('a'), world.reportOf('c')]);
        const { accountId, epoch, sequence } = lease;
        const told = ['a', 'b', 'c', 'a'].map((key) => {
          return { accountId, epoch, sequence, key, amount: 10, publisherId: 'pub', heldMs: 5000 };
        });
        expect(await world.ledger.reserve(told)).toEqual(['billed', 'billed']);
        expect(await world.figures()).toEqual(all({ available: 900, leased: 70, reserved: 10, spent: 20 }));
      });

      it('of a win that is told when its lease was swept are paid from what came back, before and after', async () => {
        const lease = await world.lease(1000);
        await world.report('early');
        world.nowMs += 10_000 + HORIZON_MS;
        await world.ledger.sweep(world.nowMs);
        expect(await world.reserve(lease, 'early', 300)).toEqual(['billed']);
        expect(await world.reserve(lease, 'late', 300)).toEqual([]);
        expect(await world.figures()).toEqual(all({ available: 400, reserved: 300, spent: 300 }));
        expect(await world.report('late')).toBe('billed');
        await world.reserve(lease, 'never', 100);
        world.nowMs += 5000;
        await world.ledger.sweep(world.nowMs);
        expect(await world.figures()).toEqual(all({ available: 400, spent: 600 }));
      });

      it('of a win whose money is sold meanwhile are kept: paid if it comes back by then, else our cost', async () => {
        const lease = await world.lease(600);
        world.nowMs += 10_000 + HORIZON_MS;
        await world.ledger.sweep(world.nowMs);
        const next = await world.lease(900);
        for (const key of ['one', 'other']) expect(await world.reserve(lease, key, 300)).toEqual([]);
        expect(await world.figures()).toEqual(all({ available: 100, leased: 900 }));
        expect(await world.report('one')).toBe('absorbed');
        await world.ledger.closeLeases([{ ...next, unspent: 900, requestId: 'r' }]);
        expect(await world.report('other')).toBe('billed');
        expect(await world.figures()).toEqual(all({ available: 700, spent: 300, absorbed: 300 }));
      });

      it('of more than a lease ever was hold nothing, and are paid from what its account has', async () => {
        const lease = await world.lease(100);
        world.nowMs += 10_000 + HORIZON_MS;
        await world.ledger.sweep(world.nowMs);
        for (const key of ['one', 'other']) await world.reserve(lease, key, 60);
        expect(await world.figures()).toEqual(all({ available: 940, reserved: 60 }));
        expect(await world.report('one')).toBe('billed');
        expect(await world.report('other')).toBe('billed');
        expect(await world.figures()).toEqual(all({ available: 880, spent: 120 }));
        await world.ledger.release(['one', 'other'], 'refunded');
        expect(await world.figures()).toEqual(all({ available: 1000 }));
      });

      it('that wait for nothing are forgotten: after horizon, term and a minute, not before', async () => {
        await world.report('k');
        world.nowMs += HORIZON_MS + PARKED_REPORTS.beyondHorizonMs - 1;
        expect(await world.ledger.sweep(world.nowMs)).toEqual({ reservations: 0, leases: 0, reports: 0 });
        world.nowMs += 1;
        expect(await world.ledger.sweep(world.nowMs)).toEqual({ reservations: 0, leases: 0, reports: 1 });
        const lease = await world.lease(100);
        expect(await world.reserve(lease, 'k', 30)).toEqual([]);
        expect(await world.figures()).toEqual(all({ available: 900, leased: 70, reserved: 30 }));
      });

      it('that find no room are refused, until there is some; those that wait go on waiting', async () => {
        const lease = await world.lease(100);
        const wait = (keys: readonly string[]) => world.ledger.billReports(keys.map((key) => world.reportOf(key)));
        expect(await wait(['a', 'b', 'c', 'd'])).toEqual(['parked', 'parked', 'parked', 'refused']);
        expect(await wait(['d', 'a'])).toEqual(['refused', 'parked']);
        expect(await world.reserve(lease, 'a', 10)).toEqual(['billed']);
        expect(await wait(['a', 'd', 'e'])).toEqual(['repeated', 'parked', 'refused']);
      });

      it('that wait give way to a bill and to a release of their key', async () => {
        const lease = await world.lease(100);
        await world.ledger.billReports(['billed', 'released'].map((key) => world.reportOf(key)));
        expect(await world.bill(lease, 'billed', 10)).toBe('billed');
        await world.ledger.release(['released'], 'not-served');
        expect(await world.reserve(lease, 'released', 10)).toEqual([]);
        expect(await world.report('released')).toBe('released-before');
        expect(await world.report('billed')).toBe('repeated');
        expect(await world.figures()).toEqual(all({ available: 900, leased: 90, spent: 10 }));
      });
    });

    describe('terms', () => {
      it('a raise is free at once; the open tranche goes on', async () => {
        const tranche = await world.openTranche(300);
        await world.setTerms({ budget: 1500n });
        expect(await world.figures()).toEqual(all({ budget: 1500, available: 1200, leased: 300 }));
        expect(await world.confirm(world.grant(tranche))).toBe('live');
      });

      it('a cut stops grants at once and takes what is free, then what comes back', async () => {
        const tranche = await world.openTranche(600);
        const lease = world.grant(tranche, { amount: 500 });
        await world.confirm(lease);
        await world.setTerms({ budget: 400n });
        expect(await world.confirm(world.grant(tranche, { sequence: 2, amount: 1 }))).toBe('fenced');
        expect(await world.figures()).toEqual(all({ budget: 400, leased: 500 }));
        expect(await world.ledger.openTranche(world.wanted(1))).toBe('exhausted');
        await world.ledger.closeLeases([{ ...lease, unspent: 450, requestId: 'r' }]);
        expect(await world.figures()).toEqual(all({ budget: 400, available: 350, leased: 50 }));
      });

      it('nobody is billed above the budget of the moment, whatever was leased before the cut', async () => {
        const lease = await world.lease(1000);
        await world.bill(lease, 'a', 300);
        await world.reserve(lease, 'b', 100);
        await world.reserve(lease, 'c', 100);
        await world.setTerms({ budget: 400n });
        expect(await world.bill(lease, 'b', 100)).toBe('billed');
        expect(await world.bill(lease, 'c', 100)).toBe('absorbed');
        expect(await world.bill(lease, 'd', 1)).toBe('absorbed');
        expect(await world.figures()).toEqual(all({ budget: 400, leased: 600, spent: 400, absorbed: 101 }));
        await world.setTerms({ budget: 401n });
        expect(await world.bill(lease, 'e', 1)).toBe('billed');
      });

      it('a cut below what is spent leaves nothing; a refund does not bring it back', async () => {
        const lease = await world.lease(1000);
        await world.bill(lease, 'a', 500);
        await world.setTerms({ budget: 100n });
        await world.ledger.release(['a'], 'refunded');
        expect(await world.figures()).toEqual(all({ budget: 100, leased: 500 }));
        await world.ledger.closeLeases([{ ...lease, unspent: 500, requestId: 'r' }]);
        expect(await world.figures()).toEqual(all({ budget: 100, available: 100 }));
      });

      it.each(['paused', 'ended'] as const)(
        '%s: no more grants, what is live is billed, the rest comes back',
        async (status) => {
          const tranche = await world.openTranche(300);
          const lease = world.grant(tranche);
          await world.confirm(lease);
          await world.setTerms({ status });
          expect(await world.confirm(world.grant(tranche, { sequence: 2 }))).toBe('fenced');
          expect(await world.bill(lease, 'k', 100)).toBe('billed');
          expect(await world.figures()).toEqual(all({ available: 900, spent: 100 }));
        },
      );
    });

    describe('days', () => {
      const berlin = { timeZone: 'Europe/Berlin', dailyBudget: 100n };

      it('bound what is opened, by the clock of the advertiser, daylight saving time included', async () => {
        // The clocks of Berlin go forward on 2026-03-29 at 01:00 UTC: that day has 23 hours.
        world.nowMs = Date.UTC(2026, 2, 28, 23);
        await world.setTerms(berlin);
        expect(await world.openTranche(500)).toMatchObject({ amount: 100, notAfterMs: Date.UTC(2026, 2, 29, 22) });
        const exhausted = world.wanted(1);
        await world.confirm(world.grant({ accountId: 'c1', epoch: 1 }));
        expect(await world.ledger.openTranche(exhausted)).toBe('exhausted');
        world.nowMs = Date.UTC(2026, 2, 29, 22) - 1;
        expect(await world.ledger.openTranche(exhausted)).toBe('exhausted');
        world.nowMs += 1;
        expect(await world.ledger.openTranche(exhausted)).toMatchObject({
          epoch: 2,
          notAfterMs: Date.UTC(2026, 2, 30, 22),
        });
      });

      it('a day of 25 hours ends once', async () => {
        world.nowMs = Date.UTC(2026, 9, 24, 22);
        await world.setTerms(berlin);
        expect(await world.openTranche(1)).toMatchObject({ notAfterMs: Date.UTC(2026, 9, 25, 23) });
      });

      it('spend belongs to the day its tranche was opened; what comes back frees that day alone', async () => {
        await world.setTerms({ dailyBudget: 100n });
        const lease = await world.lease(100);
        const dayEnd = Date.UTC(2026, 2, 11);
        world.nowMs = dayEnd;
        await world.bill(lease, 'k', 40);
        await world.ledger.closeLeases([{ ...lease, unspent: 60, requestId: 'r' }]);
        expect(await world.openTranche(500)).toMatchObject({ amount: 100 });
      });

      it('what comes back the same day can be opened again', async () => {
        await world.setTerms({ dailyBudget: 100n });
        await world.ledger.closeLeases([{ ...(await world.lease(100)), unspent: 70, requestId: 'r' }]);
        expect(await world.openTranche(500)).toMatchObject({ amount: 70 });
      });

      it('a tranche that is over confirms nothing and is swept', async () => {
        await world.setTerms({ dailyBudget: 100n });
        const tranche = await world.openTranche(100);
        world.nowMs = Date.UTC(2026, 2, 11);
        await world.ledger.sweep(world.nowMs);
        expect(await world.figures()).toEqual(all({ available: 1000 }));
        expect(await world.confirm(world.grant(tranche))).toBe('ended');
      });

      it('whose end nobody has swept confirms nothing and gives all back', async () => {
        const tranche = await world.openTranche(300);
        await world.confirm(world.grant(tranche));
        world.nowMs = Date.UTC(2026, 2, 11);
        expect(await world.confirm(world.grant(tranche, { sequence: 2 }))).toBe('ended');
        expect(await world.figures()).toEqual(all({ available: 900, leased: 100 }));
      });

      it('a daily budget that is set during a day counts what the day has spent before', async () => {
        world.nowMs = Date.UTC(2026, 2, 10, 23, 50);
        const yesterday = await world.openTranche(300);
        world.nowMs = Date.UTC(2026, 2, 11, 9);
        expect(await world.confirm(world.grant(yesterday, { amount: 300 }))).toBe('ended');
        const lease = await world.lease(300);
        expect(await world.bill(lease, 'a', 80)).toBe('billed');
        await world.ledger.closeLeases([{ ...lease, unspent: 220, requestId: 'r' }]);
        await world.setTerms({ dailyBudget: 100n });
        expect(await world.openTranche(300)).toMatchObject({ amount: 20 });
      });

      it('a date that the time zone skips has no budget of its own: today goes on until its next midnight', async () => {
        const terms = { dailyBudget: 100n };
        await world.setTerms(terms);
        await world.bill(await world.lease(100), 'a', 100);
        // The eleventh of March, 02:00.
        for (const timeZone of ['Pacific/Kiritimati', 'UTC', 'Pacific/Kiritimati']) {
          await world.setTerms({ ...terms, timeZone });
          expect(await world.ledger.openTranche(world.wanted(1))).toBe('exhausted');
        }
        world.nowMs = Date.UTC(2026, 2, 11, 10) - 1;
        expect(await world.ledger.openTranche(world.wanted(1))).toBe('exhausted');
        world.nowMs += 1;
        expect(await world.openTranche(500)).toMatchObject({ amount: 100, notAfterMs: Date.UTC(2026, 2, 12, 10) });
      });

      it('a tranche that is over is not shared', async () => {
        await world.setTerms({ dailyBudget: 100n });
        await world.openTranche(100);
        world.nowMs = Date.UTC(2026, 2, 11);
        expect(await world.openTranche(100)).toMatchObject({ epoch: 2, amount: 100 });
      });

      it('a daily budget that is cut binds bills of today at once', async () => {
        await world.setTerms({ dailyBudget: 100n });
        const lease = await world.lease(100);
        await world.setTerms({ dailyBudget: 50n });
        expect(await world.bill(lease, 'a', 50)).toBe('billed');
        expect(await world.bill(lease, 'b', 1)).toBe('absorbed');
        expect(await world.ledger.openTranche(world.wanted(1))).toBe('exhausted');
      });
    });
  });
}
