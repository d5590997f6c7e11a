/** The keeper between a real embedded store and the model of the ledger, in virtual time. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { LiveLease, NoLease } from '../../engine/budget/lease.ts';
import { LEASE_KEEPER_LIMITS, LeaseKeeper } from '../../engine/budget/lease-keeper.ts';
import { LedgerModel } from '../../engine/budget/testing/ledger-model.ts';
import { VirtualTime } from '../../engine/budget/testing/virtual-time.ts';
import type { BudgetLedger, LeaseGrant } from '../../engine/ports/budget-ledger.ts';
import type { BudgetStore, LeaseWanted } from '../../engine/ports/budget-store.ts';
import { BudgetMemory, createEmbeddedBudgetStore } from './budget-store.embedded.ts';

const BUDGET = 100_000;
const NEED = { accountId: 'campaign', amount: 1000, amountMin: 100, termMs: 30_000 };

let time: VirtualTime;
let memory: BudgetMemory;
let ledger: LedgerModel;
/** Calls, by name, with what they were given. */
let calls: { readonly name: string; readonly argument: unknown }[];
/** What the next calls of a name do instead of their work: reject before it, or after. */
let faults: Map<string, ('before' | 'after')[]>;
let leases: LiveLease[];
let refusals: [string, NoLease][];
let fenced: LeaseGrant[];
let keeper: LeaseKeeper;

beforeEach(() => {
  time = new VirtualTime();
  memory = new BudgetMemory(100);
  ledger = new LedgerModel({ nowMs: () => time.nowMs, dayMs: 86_400_000, billingHorizonMs: 60_000 });
  ledger.addAccount({ accountId: 'campaign', unit: 'nanos', budget: BUDGET, dailyBudget: null });
  [calls, leases, refusals, fenced] = [[], [], [], []];
  faults = new Map();
  keeper = createKeeper('process-1');
});

function createKeeper(processId: string): LeaseKeeper {
  const clock = { wallMs: () => 0, monotonicMs: () => time.nowMs };
  let requests = 0;
  return new LeaseKeeper({
    processId,
    store: watched<BudgetStore>(createEmbeddedBudgetStore({ clock, memory })),
    ledger: watched<BudgetLedger>(ledger),
    clock,
    timers: time,
    newRequestId: () => `${processId}/${requests++}`,
    limits: LEASE_KEEPER_LIMITS,
    onLease: (lease) => leases.push(lease),
    onNoLease: (accountId, reason) => refusals.push([accountId, reason]),
    observer: { onFault: () => {}, onFenced: (grant) => fenced.push(grant), onReturnDropped: () => {} },
  });
}

function watched<Port extends object>(port: Port): Port {
  return new Proxy(port, {
    get:
      (target, name: string) =>
      async (argument: unknown, ...rest: unknown[]) => {
        calls.push({ name, argument });
        const fault = faults.get(name)?.shift();
        if (fault === 'before') throw new Error('lost');
        const method = target[name as keyof Port] as (...all: unknown[]) => Promise<unknown>;
        const result = await method(argument, ...rest);
        if (fault === 'after') throw new Error('lost');
        return result;
      },
  });
}

const namesOfCalls = (): string[] => calls.map(({ name }) => name);
const settle = (): Promise<void> => time.run(time.nowMs + 1, () => {}).then(() => new Promise(setImmediate));
const gather = (): Promise<void> => time.run(time.nowMs + LEASE_KEEPER_LIMITS.returnGatherMs + 1, () => {});

async function obtain(need = NEED): Promise<LiveLease | NoLease> {
  const [before, refusedBefore] = [leases.length, refusals.length];
  keeper.obtain(need);
  await settle();
  expect(leases.length + refusals.length, 'answers').toBe(before + refusedBefore + 1);
  return leases.length > before ? leases.at(-1)! : refusals.at(-1)![1];
}

describe('obtaining', () => {
  it('opens a tranche when there is none, and has the grant confirmed', async () => {
    expect(await obtain()).toEqual({ accountId: 'campaign', epoch: 1, sequence: 1, amount: 1000, endsAtMs: 30_000 });
    expect(namesOfCalls()).toEqual(['grant', 'openTranche', 'install', 'grant', 'confirmLeases']);
    expect(ledger.liveLease({ accountId: 'campaign', epoch: 1, sequence: 1 })).toMatchObject({ amount: 1000 });
    calls = [];
    await obtain();
    expect(namesOfCalls()).toEqual(['grant', 'confirmLeases']);
  });

  it('the term counts from the asking, and ends with the day of the ledger', async () => {
    ledger.addAccount({ accountId: 'campaign', unit: 'nanos', budget: BUDGET, dailyBudget: BUDGET });
    time.nowMs = 86_400_000 - 10_000;
    expect(await obtain()).toMatchObject({ endsAtMs: 86_400_000 });
  });

  it('one asking of an account at a time', async () => {
    keeper.obtain(NEED);
    expect(() => keeper.obtain(NEED)).toThrow('being asked for');
    await settle();
    expect(leases).toHaveLength(1);
  });

  it('tells why there is nothing', async () => {
    expect(await obtain({ ...NEED, accountId: 'nobody' })).toBe('unknown-account');
    ledger.setStatus('campaign', 'paused');
    expect(await obtain()).toBe('paused');
    ledger.setStatus('campaign', 'active');
    ledger.setBudget('campaign', 99);
    expect(await obtain()).toBe('exhausted');
  });

  it('confirms many accounts in one transaction', async () => {
    const accountIds = Array.from({ length: 20 }, (_, index) => `campaign-${index}`);
    for (const accountId of accountIds) ledger.addAccount({ accountId, unit: 'nanos', budget: 1e6, dailyBudget: null });
    for (const accountId of accountIds) keeper.obtain({ ...NEED, accountId });
    await settle();
    expect(leases).toHaveLength(20);
    expect(namesOfCalls().filter((name) => name === 'confirmLeases').length).toBeLessThan(5);
  });

  it('two processes that ask at once share a tranche', async () => {
    const other = createKeeper('process-2');
    keeper.obtain(NEED);
    other.obtain(NEED);
    await settle();
    expect(leases.map(({ epoch, sequence }) => [epoch, sequence])).toEqual([
      [1, 1],
      [1, 2],
    ]);
  });
});

describe('faults', () => {
  it('an answer of the store that was lost is asked for again by the same request', async () => {
    await obtain();
    faults.set('grant', ['after']);
    calls = [];
    expect(await obtain()).toBe('unavailable');
    expect(await obtain()).toMatchObject({ sequence: 2, amount: 1000 });
    const ids = calls.filter(({ name }) => name === 'grant').map(({ argument }) => (argument as LeaseWanted).requestId);
    expect(new Set(ids).size).toBe(1);
  });

  it('the term of a lease that was asked for twice counts from the first time', async () => {
    await obtain();
    faults.set('grant', ['after']);
    const askedAtMs = time.nowMs;
    await obtain();
    time.nowMs += 10_000;
    expect(await obtain()).toMatchObject({ endsAtMs: askedAtMs + 30_000 });
  });

  it('after half a term it is given up for a new one', async () => {
    await obtain();
    faults.set('grant', ['after']);
    await obtain();
    time.nowMs += 15_000;
    expect(await obtain()).toMatchObject({ sequence: 3, endsAtMs: time.nowMs - 1 + 30_000 });
  });

  it('a confirmation that was lost is asked for again, and no other lease meanwhile', async () => {
    faults.set('confirmLeases', ['after', 'before']);
    expect(await obtain()).toBe('unavailable');
    expect(await obtain()).toBe('unavailable');
    calls = [];
    expect(await obtain()).toMatchObject({ sequence: 1 });
    expect(namesOfCalls()).toEqual(['confirmLeases']);
  });

  it('a lease confirmed without our knowing goes back whole once it is given up', async () => {
    faults.set('confirmLeases', ['after']);
    await obtain();
    time.nowMs += 15_000;
    expect(await obtain()).toMatchObject({ sequence: 2 });
    await gather();
    expect(ledger.liveLease({ accountId: 'campaign', epoch: 1, sequence: 1 })).toBeNull();
    const [figures] = await ledger.figures(['campaign']);
    expect(figures!.available + figures!.leased).toBe(BigInt(BUDGET));
  });

  it('a store that lost everything costs one more tranche; what was parked comes back', async () => {
    await obtain();
    memory.accounts.clear();
    memory.answers.clear();
    expect(await obtain()).toMatchObject({ epoch: 2, sequence: 1 });
    expect(fenced).toEqual([]);
    const [figures] = await ledger.figures(['campaign']);
    expect(figures).toMatchObject({ available: BigInt(BUDGET - 1000 - 12_000) });
  });

  it('so it does for a process that has not seen the tranche', async () => {
    await obtain();
    memory.accounts.clear();
    memory.answers.clear();
    keeper = createKeeper('process-2');
    expect(await obtain()).toMatchObject({ epoch: 2, sequence: 1 });
    expect(ledger.liveLease({ accountId: 'campaign', epoch: 1, sequence: 1 }), "the other's lease").not.toBeNull();
  });

  it('the end of a day costs one more tranche and is no fault of the store', async () => {
    await obtain();
    time.nowMs += 86_400_000;
    expect(await obtain()).toMatchObject({ epoch: 2, sequence: 1 });
    expect(fenced).toEqual([]);
  });

  it('a store that is an older copy of itself is fenced', async () => {
    await obtain();
    const copy = structuredClone(memory.accounts.dump());
    await obtain();
    memory.accounts.load(copy);
    keeper = createKeeper('process-2');
    expect(await obtain()).toMatchObject({ epoch: 2, sequence: 1 });
    expect(fenced).toMatchObject([{ epoch: 1, sequence: 2, processId: 'process-2' }]);
    expect(ledger.liveLease({ accountId: 'campaign', epoch: 1, sequence: 2 }), "the other's lease").not.toBeNull();
  });

  it('a grant that is given up does not end the lease of another with the same key', async () => {
    await obtain();
    const copy = structuredClone(memory.accounts.dump());
    await obtain();
    memory.accounts.load(copy);
    keeper = createKeeper('process-2');
    faults.set('confirmLeases', ['before']);
    await obtain();
    time.nowMs += 15_000;
    await obtain();
    expect(ledger.liveLease({ accountId: 'campaign', epoch: 1, sequence: 2 })).not.toBeNull();
  });

  it('an opened tranche whose answer was lost is not opened twice', async () => {
    faults.set('openTranche', ['after']);
    expect(await obtain()).toBe('unavailable');
    expect(await obtain()).toMatchObject({ epoch: 1 });
  });

  it('a tranche that was not installed is the next to be installed', async () => {
    faults.set('install', ['before']);
    expect(await obtain()).toBe('unavailable');
    expect(await obtain()).toMatchObject({ epoch: 1 });
  });
});

describe('giving back', () => {
  it('what was not spent is in the budget again', async () => {
    const { epoch, sequence } = (await obtain()) as LiveLease;
    keeper.giveBack({ accountId: 'campaign', epoch, sequence, unspent: 400 });
    await gather();
    expect(await ledger.figures(['campaign'])).toMatchObject([{ available: BigInt(BUDGET - 12_000 + 400) }]);
  });

  it('what comes within half a second goes in one transaction', async () => {
    const over = [(await obtain()) as LiveLease, (await obtain()) as LiveLease, (await obtain()) as LiveLease];
    for (const { accountId, epoch, sequence } of over) keeper.giveBack({ accountId, epoch, sequence, unspent: 100 });
    expect(keeper.returning).toBe(3);
    await gather();
    expect(keeper.returning).toBe(0);
    expect(namesOfCalls().filter((name) => name === 'closeLeases')).toHaveLength(1);
    expect(await ledger.figures(['campaign'])).toMatchObject([{ available: BigInt(BUDGET - 12_000 + 300) }]);
  });

  it('at once when somebody waits for it', async () => {
    const { epoch, sequence } = (await obtain()) as LiveLease;
    keeper.giveBack({ accountId: 'campaign', epoch, sequence, unspent: 400 });
    const stopped = keeper.stop(10_000);
    await settle();
    await stopped;
    expect(keeper.returning).toBe(0);
  });

  it('is tried until the ledger has said so', async () => {
    const { epoch, sequence } = (await obtain()) as LiveLease;
    faults.set('closeLeases', ['before', 'after']);
    keeper.giveBack({ accountId: 'campaign', epoch, sequence, unspent: 400 });
    await gather();
    expect(keeper.returning).toBe(1);
    await time.run(time.nowMs + 2000, () => {});
    expect(keeper.returning).toBe(0);
    expect(await ledger.figures(['campaign'])).toMatchObject([{ available: BigInt(BUDGET - 12_000 + 400) }]);
  });

  it('a process that stops waits for what is under way, and takes nothing more', async () => {
    await obtain();
    keeper.obtain(NEED);
    const stopped = keeper.stop(10_000);
    await settle();
    await stopped;
    expect(leases).toHaveLength(1);
    expect(refusals).toEqual([['campaign', 'unavailable']]);
    expect(await ledger.figures(['campaign'])).toMatchObject([{ available: BigInt(BUDGET - 12_000 + 1000) }]);
  });

  it('or for so long', async () => {
    const { epoch, sequence } = (await obtain()) as LiveLease;
    faults.set('closeLeases', new Array(100).fill('before'));
    keeper.giveBack({ accountId: 'campaign', epoch, sequence, unspent: 400 });
    let isStopped = false;
    void keeper.stop(5000).then(() => {
      isStopped = true;
    });
    await time.run(4990, () => {});
    expect(isStopped).toBe(false);
    await time.run(5010, () => {});
    expect(isStopped).toBe(true);
  });

  it('a process that leaves has no share any more', async () => {
    await obtain();
    keeper.leave('campaign');
    await settle();
    expect(memory.accounts.get('campaign')!.demands.size).toBe(0);
  });
});
