/** What the books of a world come to, whatever the order of the bookings was: who pays, who is paid, and what is still held. */
import { createHash } from 'node:crypto';
import type { ChargeRow, DspTransferRow, Tables } from '../../../compose.ts';

/** SHA-256, hexadecimal. */
export function ledgerHash(tables: Tables): string {
  const hash = createHash('sha256');
  for (const facts of [accounts(tables), charges(tables), shares(tables), receivables(tables)]) {
    for (const fact of facts.sort()) hash.update(`${fact}\n`);
  }
  return hash.digest('hex');
}

function fact(...values: readonly unknown[]): string {
  return values.join('|');
}

function accounts({ account }: Tables): string[] {
  return [...account.rows()].map(({ id, budget, spent, reserved, absorbed }) =>
    fact(id, budget, spent, reserved, absorbed),
  );
}

function charges({ charge }: Tables): string[] {
  return [...charge.rows()].map((row) => fact(row.key, ...whatIsPaid(row)));
}

/** Of what nobody pays, it is all one why. */
function whatIsPaid({ state, amount, fee }: ChargeRow): readonly unknown[] {
  if (state === 'reserved') return [state, amount, 0n];
  return state === 'billed' || state === 'absorbed' ? [state, amount, fee] : ['unpaid', 0n, 0n];
}

function shares({ publisher_share }: Tables): string[] {
  const sums = new Map<string, { payable: bigint; fee: bigint }>();
  for (const { publisher_id, payable, fee } of publisher_share.rows()) {
    const sum = sums.get(publisher_id) ?? { payable: 0n, fee: 0n };
    sums.set(publisher_id, { payable: sum.payable + payable, fee: sum.fee + fee });
  }
  return [...sums].flatMap(([publisher, { payable, fee }]) =>
    payable === 0n && fee === 0n ? [] : fact(publisher, payable, fee),
  );
}

/** What was refunded is as if it had not been. */
function receivables({ dsp_transfer }: Tables): string[] {
  const refunded = new Set<string>();
  for (const { kind, key } of dsp_transfer.rows()) if (kind === 'refund') refunded.add(key);
  return [...dsp_transfer.rows()].flatMap((row) =>
    row.kind === 'bill' && !refunded.has(row.key) && row.amount > 0n ? owed(row) : [],
  );
}

function owed({ key, dsp_id, publisher_id, currency, amount, fee }: DspTransferRow): string {
  return fact(key, dsp_id, publisher_id, currency, amount, fee);
}
