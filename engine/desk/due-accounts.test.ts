import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LEASE_POLICY_DEFAULTS } from '../budget/lease-policy.ts';
import { LocalAccount } from '../budget/local-account.ts';
import type { SpendingAccount } from '../budget/spending-account.ts';
import { DueAccounts } from './due-accounts.ts';

const account = (slot: number) => ({ slot }) as SpendingAccount;

describe('accounts that are due', () => {
  it('come when they are woken or when their time has come, once', () => {
    const due = new DueAccounts();
    const [one, two] = [account(0), account(1)];
    due.wake(one);
    due.rest(two, 50);
    expect(due.take(49)).toEqual([one]);
    due.rest(one, Number.POSITIVE_INFINITY);
    expect(due.take(50)).toEqual([two]);
    expect(due.take(1e9)).toEqual([]);
  });

  it('are never missed, in whatever order they rest', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 1, max: 100 }))), (rests) => {
        const due = new DueAccounts();
        const accounts = Array.from({ length: 21 }, (_, slot) => account(slot));
        const earliest = new Map<SpendingAccount, number>();
        for (const [slot, atMs] of rests) {
          const resting = accounts[slot]!;
          due.rest(resting, atMs);
          earliest.set(resting, Math.min(atMs, earliest.get(resting) ?? atMs));
        }
        for (let nowMs = 0; nowMs <= 100; nowMs++) {
          const expected = [...earliest].filter(([, atMs]) => atMs === nowMs).map(([resting]) => resting);
          for (const one of expected) expect(due.take(nowMs - 1)).not.toContain(one);
          expect(due.take(nowMs)).toEqual(expect.arrayContaining(expected));
        }
      }),
    );
  });
});

const steps = fc.array(
  fc.record({
    kind: fc.constantFrom('reserve', 'grant', 'reserve', 'grant', 'ask', 'ask', 'bill', 'refuse', 'drain', 'resume'),
    amount: fc.integer({ min: 1, max: 300 }),
    thenMs: fc.integer({ min: 1, max: 2000 }),
  }),
  { maxLength: 60 },
);

describe('an account at rest', () => {
  it('would have found nothing to settle and nothing to need before the time that it gave', () => {
    fc.assert(
      fc.property(steps, (course) => {
        let nowMs = 0;
        let isAwake = true;
        let restsUntilMs = 0;
        let key = 0;
        let isAsked = false;
        const leases = new LocalAccount('campaign', 100, LEASE_POLICY_DEFAULTS, 0, () => {
          isAwake = true;
        });
        const look = () => {
          const isDue = isAwake || nowMs >= restsUntilMs;
          const over = leases.settle(nowMs);
          const need = leases.need(nowMs);
          if (!isDue) {
            expect({ over, need }).toEqual({ over: [], need: null });
            return;
          }
          isAsked ||= need !== null;
          isAwake = false;
          restsUntilMs = leases.rest(nowMs);
        };
        const take = (step: { readonly kind: string; readonly amount: number }) => {
          if (step.kind === 'reserve') leases.reserve(`key-${key++}`, step.amount, 5000, nowMs);
          else if (step.kind === 'ask') leases.canPay(100, nowMs);
          else if (step.kind === 'bill') leases.bill(`key-${key - 1}`);
          else if (step.kind === 'drain') leases.drain();
          else if (step.kind === 'resume') leases.resume(nowMs);
          else if (isAsked) {
            isAsked = false;
            if (step.kind === 'refuse') leases.refused('exhausted', nowMs);
            else {
              const endsAtMs = nowMs + 3000;
              leases.accept({ accountId: 'campaign', epoch: 1, sequence: key++, amount: step.amount, endsAtMs }, nowMs);
            }
          }
        };
        for (const step of course) {
          take(step);
          look();
          for (const untilMs = nowMs + step.thenMs; nowMs < untilMs; ) {
            nowMs += 20;
            look();
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});
