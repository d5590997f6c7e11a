/** Sums of the journal for reports and settlement, kept by the transactions that write it. */
import type { Queryable } from './database.ts';
import { type AccountRow, addToRows, SHARE, type ShareRow, SLOT, type SlotRow } from './rows.ts';
import type { Transfer, TransferKind } from './transfer.ts';

/** A quarter of an hour. */
const SLOT_MS = 15n * 60_000n;

type SlotColumn = 'reserved' | 'billed' | 'released' | 'refunded' | 'absorbed';

const SLOT_COLUMNS: Partial<Record<TransferKind, SlotColumn>> = {
  reserve: 'reserved',
  bill: 'billed',
  'bill-reserved': 'billed',
  'bill-available': 'billed',
  release: 'released',
  refund: 'refunded',
  absorb: 'absorbed',
  'refund-absorbed': 'refunded',
};

export class Tallies {
  readonly #slots = new Map<string, SlotRow>();
  readonly #shares = new Map<string, ShareRow>();

  add(transfer: Transfer, nowMs: bigint): void {
    const column = SLOT_COLUMNS[transfer.kind];
    if (column === undefined) return;
    const slot = this.#slot(transfer.account, momentOf(transfer, nowMs));
    slot[column] += transfer.amount;
    if (column === 'billed') slot.bills += 1n;
    this.#addShare(transfer, column);
  }

  async flush(tx: Queryable): Promise<void> {
    await addToRows(tx, SLOT, [...this.#slots.values()]);
    await addToRows(tx, SHARE, [...this.#shares.values()]);
  }

  #addShare({ account, amount, fee = 0n, publisherId }: Transfer, column: SlotColumn): void {
    if (account.unit !== 'nanos' || publisherId == null) return;
    const name = JSON.stringify([account.id, publisherId]);
    const share = this.#shares.get(name) ?? { account_id: account.id, publisher_id: publisherId, payable: 0n, fee: 0n };
    const sign = column === 'refunded' ? -1n : 1n;
    share.payable += sign * (amount - fee);
    share.fee += sign * fee;
    this.#shares.set(name, share);
  }

  #slot({ id }: AccountRow, atMs: bigint): SlotRow {
    const start = atMs - (atMs % SLOT_MS);
    const name = `${id} ${start}`;
    let slot = this.#slots.get(name);
    if (slot === undefined) {
      const none = { reserved: 0n, billed: 0n, released: 0n, refunded: 0n, absorbed: 0n, bills: 0n };
      slot = { account_id: id, slot_start_ms: start, ...none };
      this.#slots.set(name, slot);
    }
    return slot;
  }
}

/** Who reports may have a wrong clock: nothing happens later than now, or before its lease was there. */
function momentOf({ atMs, lease }: Transfer, nowMs: bigint): bigint {
  if (atMs === undefined || lease === undefined || atMs > nowMs) return nowMs;
  return atMs < lease.confirmed_at_ms ? lease.confirmed_at_ms : atMs;
}
