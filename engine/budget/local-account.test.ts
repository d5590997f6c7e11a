import { describe, expect, it } from 'vitest';
import { LEASE_POLICY_DEFAULTS, type LeasePolicy } from './lease-policy.ts';
import { LocalAccount, type LocalReservation } from './local-account.ts';

const LAPSE_MS = 60_000;
const PRICE_MAX = 100;

function accountWith(policy: Partial<LeasePolicy> = {}): LocalAccount {
  return new LocalAccount('campaign', PRICE_MAX, { ...LEASE_POLICY_DEFAULTS, ...policy }, 0);
}

let sequences = 0;

/** Asks, if need be after a price that no lease can pay, and is given this much. */
function give(account: LocalAccount, amount: number, askedAtMs: number, nowMs = askedAtMs): number {
  if (account.need(askedAtMs) === null) {
    account.reserve('too-dear', 1e9, LAPSE_MS, askedAtMs);
    account.need(askedAtMs);
  }
  const sequence = ++sequences;
  account.accept({ accountId: 'campaign', epoch: 1, sequence, amount, endsAtMs: askedAtMs + 30_000 }, nowMs);
  return sequence;
}

function reserved(result: ReturnType<LocalAccount['reserve']>): LocalReservation {
  if (typeof result === 'string') throw new Error(`refused: ${result}`);
  return result;
}

describe('reserving', () => {
  it('takes from the lease, and is refused beyond it', () => {
    const account = accountWith();
    expect(account.reserve('a', 40, LAPSE_MS, 0)).toBe('no-lease');
    const sequence = give(account, 100, 0);
    const first = reserved(account.reserve('a', 40, LAPSE_MS, 1));
    expect(first).toMatchObject({ key: 'a', amount: 40, lapsesAtMs: 60_001, lease: { epoch: 1, sequence } });
    expect(account.reserve('b', 61, LAPSE_MS, 1)).toBe('insufficient');
    reserved(account.reserve('b', 60, LAPSE_MS, 1));
    expect(account.figures(1)).toEqual({ leases: 1, free: 0, reservations: 2, reserved: 100 });
  });

  it('ends a safety margin before the term', () => {
    const account = accountWith();
    give(account, 100, 0);
    reserved(account.reserve('a', 1, LAPSE_MS, 29_499));
    expect(account.reserve('b', 1, LAPSE_MS, 29_500)).toBe('no-lease');
  });

  it('spends the lease that ends first, and a later one when that has too little', () => {
    const account = accountWith();
    const first = give(account, 100, 0);
    const second = give(account, 100, 10);
    expect(reserved(account.reserve('a', 70, LAPSE_MS, 20)).lease.sequence).toBe(first);
    expect(reserved(account.reserve('b', 70, LAPSE_MS, 20)).lease.sequence).toBe(second);
    expect(reserved(account.reserve('c', 30, LAPSE_MS, 20)).lease.sequence).toBe(first);
    expect(account.reserve('d', 31, LAPSE_MS, 20)).toBe('insufficient');
    expect(reserved(account.reserve('d', 30, LAPSE_MS, 29_505)).lease.sequence).toBe(second);
  });

  it('reserves a key once', () => {
    const account = accountWith();
    give(account, 100, 0);
    reserved(account.reserve('a', 1, LAPSE_MS, 0));
    expect(account.reserve('a', 1, LAPSE_MS, 0)).toBe('repeated');
  });

  it('is bounded', () => {
    const account = accountWith({ reservationsMax: 2 });
    give(account, 100, 0);
    reserved(account.reserve('a', 1, LAPSE_MS, 0));
    reserved(account.reserve('b', 1, LAPSE_MS, 0));
    expect(account.reserve('c', 1, LAPSE_MS, 0)).toBe('too-many');
    account.bill('a');
    reserved(account.reserve('c', 1, LAPSE_MS, 0));
  });

  it.each([0, -1, 0.5, Number.NaN, 2 ** 53])('%d is no amount', (amount) => {
    expect(() => accountWith().reserve('a', amount, LAPSE_MS, 0)).toThrow(RangeError);
  });
});

describe('after the win', () => {
  it('a bill ends the reservation and frees nothing; once', () => {
    const account = accountWith();
    give(account, 100, 0);
    const reservation = reserved(account.reserve('a', 100, LAPSE_MS, 0));
    expect(account.bill('a')).toBe(reservation);
    expect(account.bill('a')).toBeNull();
    expect(account.release('a')).toBeNull();
    expect(account.figures(0)).toMatchObject({ free: 0, reservations: 0, reserved: 0 });
  });

  it('what was not served is free again', () => {
    const account = accountWith();
    give(account, 100, 0);
    const reservation = reserved(account.reserve('a', 100, LAPSE_MS, 0));
    expect(account.release('a')).toEqual({ reservation, isLocal: true });
    reserved(account.reserve('b', 100, LAPSE_MS, 0));
  });

  it('unless its lease is over: then the ledger has to release it, and nothing is free twice', () => {
    const account = accountWith();
    const sequence = give(account, 100, 0);
    reserved(account.reserve('a', 40, LAPSE_MS, 0));
    expect(account.settle(29_500)).toEqual([{ accountId: 'campaign', epoch: 1, sequence, unspent: 60 }]);
    expect(account.release('a')).toMatchObject({ isLocal: false });
    expect(account.settle(29_501)).toEqual([]);
    expect(account.figures(29_501)).toEqual({ leases: 0, free: 0, reservations: 0, reserved: 0 });
  });

  it('a lapse forgets the reservation and frees nothing: it may have been counted elsewhere', () => {
    const account = accountWith();
    give(account, 100, 0);
    reserved(account.reserve('a', 40, 1000, 0));
    reserved(account.reserve('b', 40, 2000, 0));
    account.settle(999);
    expect(account.figures(999)).toMatchObject({ reservations: 2, free: 20 });
    account.settle(1000);
    expect(account.figures(1000)).toMatchObject({ reservations: 1, reserved: 40, free: 20 });
    expect(account.bill('a')).toBeNull();
  });
});

describe('asking', () => {
  it('wants a few clearing prices to begin with, once, and for longer', () => {
    const account = accountWith();
    expect(account.need(0)).toEqual({ accountId: 'campaign', amount: 800, amountMin: 100, termMs: 120_000 });
    expect(account.need(0)).toBeNull();
  });

  it('wants some seconds of spend, ahead of need', () => {
    const account = accountWith();
    give(account, 10_000, 0);
    // 1 a ms.
    for (let nowMs = 0; nowMs < 9000; nowMs += 10) reserved(account.reserve(`${nowMs}`, 10, LAPSE_MS, nowMs));
    const free = account.figures(9000).free;
    expect(free).toBeGreaterThan(500);
    expect(account.need(9000)).toBeNull();
    for (let nowMs = 9000; nowMs < 9600; nowMs += 10) reserved(account.reserve(`${nowMs}`, 10, LAPSE_MS, nowMs));
    const need = account.need(9600);
    expect(need!.amount).toBeGreaterThan(4500);
    expect(need!.amount).toBeLessThan(5500);
    expect(need!.termMs).toBe(30_000);
  });

  it('begins earlier when leases take long to come', () => {
    const account = accountWith();
    give(account, 10_000, 0, 1000);
    for (let nowMs = 1000; nowMs < 9000; nowMs += 10) account.reserve(`${nowMs}`, 10, LAPSE_MS, nowMs);
    expect(account.figures(9000).free).toBe(2000);
    expect(account.need(9000)).not.toBeNull();
  });

  it('renews a lease that is about to end', () => {
    const account = accountWith();
    give(account, 10_000, 0);
    account.reserve('a', 1, LAPSE_MS, 20_000);
    expect(account.need(28_000)).toBeNull();
    expect(account.need(29_400)).not.toBeNull();
  });

  it('small rests of several leases are not enough', () => {
    const account = new LocalAccount('campaign', 80, LEASE_POLICY_DEFAULTS, 0);
    give(account, 100, 0);
    reserved(account.reserve('a', 30, LAPSE_MS, 0));
    expect(account.need(0)).not.toBeNull();
    account.accept({ accountId: 'campaign', epoch: 1, sequence: 2, amount: 100, endsAtMs: 30_000 }, 0);
    expect(account.need(20_000)).toBeNull();
    reserved(account.reserve('b', 80, LAPSE_MS, 20_000));
    // 90 are free, 70 and 20.
    expect(account.need(25_000)).not.toBeNull();
  });

  it('an account that nobody wants to spend from asks for nothing', () => {
    const account = accountWith();
    give(account, 100, 0);
    account.settle(300_000);
    expect(account.need(300_000)).toBeNull();
    account.reserve('a', 1, LAPSE_MS, 310_000);
    expect(account.need(310_000)).not.toBeNull();
  });

  it('has a lease for the next opportunity of a campaign that is asked every other minute', () => {
    const account = accountWith();
    let leases = 0;
    for (let nowMs = 0; nowMs <= 1_200_000; nowMs += 100) {
      if (nowMs > 0 && nowMs % 120_000 === 0) expect(account.canPay(PRICE_MAX, nowMs)).toBe(true);
      account.settle(nowMs);
      const need = account.need(nowMs);
      if (need === null) continue;
      const { accountId, amount, termMs } = need;
      account.accept({ accountId, epoch: 1, sequence: ++leases, amount, endsAtMs: nowMs + termMs }, nowMs);
    }
    expect(leases).toBe(11);
  });

  it('gives back what nobody wanted to spend from for so long, however long its lease', () => {
    const account = accountWith({ idleMs: 30_000 });
    account.need(0);
    account.accept({ accountId: 'campaign', epoch: 1, sequence: 1, amount: 800, endsAtMs: 120_000 }, 0);
    account.canPay(100, 25_000);
    expect(account.settle(54_999)).toEqual([]);
    expect(account.rest(54_999)).toBe(55_000);
    expect(account.settle(55_000)).toMatchObject([{ unspent: 800 }]);
  });

  it('that is held off asks for nothing before somebody wants to spend', () => {
    const account = accountWith();
    account.holdOff(0);
    expect(account.need(0)).toBeNull();
    account.canPay(100, 10);
    expect(account.need(10)).not.toBeNull();
  });

  it('backs off, twice as long each time, and starts anew after a lease', () => {
    const account = accountWith();
    account.need(0);
    account.refused('exhausted', 0);
    expect(account.need(249)).toBeNull();
    expect(account.need(250)).not.toBeNull();
    account.refused('exhausted', 250);
    expect(account.need(749)).toBeNull();
    expect(account.need(750)).not.toBeNull();
    for (let nowMs = 0; nowMs < 20; nowMs++) {
      account.resume(1000);
      if (nowMs > 0) account.need(1000);
      account.refused('unavailable', 1000);
    }
    expect(account.need(1100)).not.toBeNull();
  });

  it('a resume ends the wait: the budget was raised', () => {
    const account = accountWith();
    account.need(0);
    account.refused('exhausted', 0);
    expect(account.need(1)).toBeNull();
    account.resume(1);
    expect(account.need(1)).toMatchObject({ amountMin: 100 });
  });

  it('asks for less once there is no money for the dearest, and after a while for that again', () => {
    const account = accountWith();
    account.reprice({ least: 3, dearest: 100 });
    expect(account.need(0)).toMatchObject({ amountMin: 100 });
    account.refused('exhausted', 0);
    expect(account.need(1)).toMatchObject({ amountMin: 3 });
    account.accept({ accountId: 'campaign', epoch: 1, sequence: 1, amount: 24, endsAtMs: 120_000 }, 1);
    expect(account.canPay(3, 2)).toBe(true);
    expect(account.need(2)).toBeNull();
    expect(account.rest(2)).toBe(10_000);
    expect(account.need(10_000)).toMatchObject({ amountMin: 100 });
    account.refused('exhausted', 10_001);
    account.reserve('rest', 24, LAPSE_MS, 10_001);
    expect(account.need(10_002)).toMatchObject({ amountMin: 3 });
    account.refused('exhausted', 10_003);
    expect(account.need(10_004)).toBeNull();
  });

  it('a lease that was under way while the budget was cut goes back whole', () => {
    const account = accountWith();
    account.need(0);
    account.drain();
    account.resume(1);
    account.accept({ accountId: 'campaign', epoch: 1, sequence: 1, amount: 800, endsAtMs: 120_000 }, 2);
    expect(account.settle(2)).toMatchObject([{ unspent: 800 }]);
    account.need(3);
    account.accept({ accountId: 'campaign', epoch: 2, sequence: 1, amount: 800, endsAtMs: 120_000 }, 4);
    expect(account.settle(4)).toEqual([]);
  });

  it('an answer that nobody asked for is a fault', () => {
    expect(() => accountWith().refused('exhausted', 0)).toThrow('did not ask');
  });
});

describe('giving back', () => {
  it('a drain gives all back that is free, spends nothing, asks for nothing', () => {
    const account = accountWith();
    const sequence = give(account, 100, 0);
    reserved(account.reserve('a', 30, LAPSE_MS, 0));
    account.drain();
    expect(account.reserve('b', 1, LAPSE_MS, 0)).toBe('draining');
    expect(account.need(0)).toBeNull();
    expect(account.settle(0)).toEqual([{ accountId: 'campaign', epoch: 1, sequence, unspent: 70 }]);
    expect(account.bill('a')).not.toBeNull();
  });

  it('a lease that comes during a drain, or after its time, goes back whole', () => {
    const account = accountWith();
    account.need(0);
    account.drain();
    account.accept({ accountId: 'campaign', epoch: 1, sequence: 1, amount: 50, endsAtMs: 30_000 }, 10);
    expect(account.settle(10)).toMatchObject([{ sequence: 1, unspent: 50 }]);
    account.resume(10);
    account.need(10);
    account.accept({ accountId: 'campaign', epoch: 1, sequence: 2, amount: 60, endsAtMs: 30_000 }, 29_500);
    expect(account.settle(29_500)).toMatchObject([{ sequence: 2, unspent: 60 }]);
  });

  it('what is used up goes back silently: there is nothing to give', () => {
    const account = accountWith();
    give(account, 100, 0);
    reserved(account.reserve('a', 100, LAPSE_MS, 0));
    expect(account.settle(30_000)).toEqual([]);
    expect(account.figures(30_000).leases).toBe(0);
  });

  it('holds eight leases: the oldest makes room', () => {
    const account = accountWith();
    const first = give(account, 5, 0);
    for (let lease = 0; lease < 8; lease++) give(account, 5, 0);
    expect(account.figures(0).leases).toBe(8);
    expect(account.settle(0)).toEqual([{ accountId: 'campaign', epoch: 1, sequence: first, unspent: 5 }]);
  });
});
