import { expect, it } from 'vitest';
import { encodeAuctionEvent } from '../engine/exchange/auction-event.ts';
import { type BillResult, BudgetLedgerError, type Reservation } from '../engine/ports/budget-ledger.ts';
import { recoverReservations } from './reservation-recovery.ts';

const reserved = (key: string) => ({
  key,
  bidIndex: 3,
  accountId: 'account',
  epoch: 1,
  sequence: 2,
  amount: 5,
  heldMs: 1000,
});

/** An auction with house wins of these keys; what its requester wrote looks like another. */
function payloadOf(atMs: number, keys: readonly string[]): { readonly payload: Uint8Array } {
  const event = {
    ...{ type: 'auction', version: 2, auctionId: 'a', requestId: '"reservations":[{', atMs },
    ...{ features: { publisherId: 'pub' }, input: null, outcome: null, dsps: [], reservations: keys.map(reserved) },
  };
  return { payload: encodeAuctionEvent(event as unknown as Parameters<typeof encodeAuctionEvent>[0]) };
}

async function* newestFirst(payloads: readonly { readonly payload: Uint8Array }[]) {
  yield* payloads;
}

function recovering(payloads: readonly { readonly payload: Uint8Array }[], faults = 0) {
  const told: Reservation[] = [];
  const billed: BillResult[] = [];
  const aborting = new AbortController();
  let failures = 0;
  const recovery = recoverReservations({
    events: newestFirst(payloads),
    sinceMs: 1000,
    ledger: {
      reserve: async (reservations) => {
        if (failures < faults) throw new BudgetLedgerError('unavailable', 'away');
        told.push(...reservations);
        return ['billed'];
      },
    },
    timers: {
      schedule: (_delayMs, callback) => {
        setImmediate(callback);
        return null;
      },
      cancel: () => {},
    },
    signal: aborting.signal,
    onBilled: (results) => billed.push(...results),
    onFault: () => {
      failures++;
    },
  });
  return { recovery, told, billed, aborting, failures: () => failures };
}

it('tells what was won since then as it was told the first time, whatever else is in the log', async () => {
  const { recovery, told, billed } = recovering([
    payloadOf(3000, ['c']),
    { payload: new TextEncoder().encode('{"reservations":[{ torn') },
    payloadOf(2500, []),
    payloadOf(2000, ['a', 'b']),
    ...Array.from({ length: 20 }, () => payloadOf(1500, [])),
    payloadOf(999, ['too-old']),
    payloadOf(1001, ['behind-the-end']),
  ]);
  expect(await recovery).toEqual({ events: 25, reservations: 3 });
  const { bidIndex: _, ...known } = reserved('c');
  expect(told[0]).toEqual({ ...known, publisherId: 'pub' });
  expect(told.map(({ key }) => key)).toEqual(['c', 'a', 'b']);
  expect(billed).toEqual(['billed']);
});

it('ends at what is older though nothing in it was won', async () => {
  const old = Array.from({ length: 1000 }, () => payloadOf(500, []));
  expect(await recovering([payloadOf(2000, ['a']), ...old]).recovery).toEqual({ events: 21, reservations: 1 });
});

it('goes on until the ledger knows it, or nobody wants it any more', async () => {
  const patient = recovering([payloadOf(2000, ['a'])], 3);
  await patient.recovery;
  expect([patient.failures(), patient.told.length]).toEqual([3, 1]);
  const stopped = recovering([payloadOf(2000, ['a'])], Number.POSITIVE_INFINITY);
  while (stopped.failures() === 0) await new Promise((resolve) => setImmediate(resolve));
  stopped.aborting.abort();
  expect(await stopped.recovery).toEqual({ events: 1, reservations: 0 });
});
