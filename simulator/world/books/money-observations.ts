/** What a transaction of the books means for money, as the history of a world has it. */
import type { AccountRow, AuditRow, ChargeRow, DspTransferRow, RowChange, TransferRow } from '../../../compose.ts';
import type { LeaseName, MoneyObservation, MoneyPlace } from '../history.ts';

export interface CommitSeen {
  /** Virtual, since the start of the world. */
  readonly atMs: number;
  readonly changes: readonly RowChange[];
  /** Who holds it. */
  readonly processOf: (lease: Pick<TransferRow, 'account_id' | 'epoch' | 'sequence'>) => string;
}

/** In the order in which the transaction wrote them: budgets before what is moved within them. */
export function moneyObservations({ atMs, changes, processOf }: CommitSeen): readonly MoneyObservation[] {
  const over = whatTimeEnded(changes);
  const seen: MoneyObservation[] = [];
  for (const { table, before, after } of changes) {
    if (after === null) continue;
    if (table === 'account') seen.push(...budgetSet(before as AccountRow | null, after as AccountRow, atMs));
    if (table === 'transfer') seen.push(transferOf(after as TransferRow, { atMs, over, processOf }));
    if (table === 'dsp_transfer') seen.push(...receivableOf(after as DspTransferRow, atMs));
  }
  return seen;
}

function budgetSet(before: AccountRow | null, after: AccountRow, atMs: number): MoneyObservation[] {
  if (before?.budget === after.budget && before.daily_budget === after.daily_budget) return [];
  const { id: accountId, unit, budget, daily_budget: daily } = after;
  const amounts = { budget: Number(budget), dailyBudget: daily === null ? null : Number(daily) };
  return [{ kind: 'budget-set', atMs, accountId, unit, ...amounts }];
}

interface TransferContext extends Pick<CommitSeen, 'atMs' | 'processOf'> {
  readonly over: ReadonlySet<string>;
}

function transferOf(row: TransferRow, { atMs, over, processOf }: TransferContext): MoneyObservation {
  const { account_id: accountId, kind, amount, day, epoch, sequence } = row;
  const lease: LeaseName | null =
    sequence === null ? null : { epoch: Number(epoch), sequence: Number(sequence), processId: processOf(row) };
  const key = chargeKeyOf(row);
  const isOver = over.has(`${kind} ${row.key}`) || (key !== null && over.has(key));
  return {
    kind: 'transfer',
    atMs,
    accountId,
    from: placeOf(row.from_book),
    to: placeOf(row.to_book),
    amount: Number(amount),
    key,
    day,
    lease,
    by: isOver ? 'sweep' : 'holder',
  };
}

/** The books' own words but for what advertisers have put in. */
function placeOf(book: string): MoneyPlace {
  return book === 'funding' ? 'advertiser' : (book as MoneyPlace);
}

const ABOUT_CHARGES: ReadonlySet<string> = new Set([
  ...['reserve', 'release', 'take-back', 'bill', 'refund', 'absorb', 'refund-absorbed'],
]);

/** What goes back from a lease names that first, and then, if it was reserved, its charge. */
function chargeKeyOf({ kind, key, account_id, epoch, sequence }: TransferRow): string | null {
  if (ABOUT_CHARGES.has(kind)) return key;
  const lease = `${account_id}#${epoch}.${sequence}/`;
  if (kind !== 'return' || !key.startsWith(lease)) return null;
  const rest = key.slice(lease.length);
  return rest === LEASE_REST ? null : rest;
}

/** Of what a lease has left when its time is over. */
const LEASE_REST = 'rest';

/** Keys of reservations that expired, and `KIND KEY` of transfers from leases and tranches that nobody gave back. */
function whatTimeEnded(changes: readonly RowChange[]): ReadonlySet<string> {
  const over = new Set<string>();
  for (const { table, after } of changes) {
    if (table === 'charge' && (after as ChargeRow | null)?.state === 'expired') over.add((after as ChargeRow).key);
    if (table === 'transfer') {
      const { kind, key } = after as TransferRow;
      if (kind === 'return' && key.endsWith(`/${LEASE_REST}`)) over.add(`${kind} ${key}`);
    }
    if (table === 'audit') {
      const { action, subject, details } = after as AuditRow;
      if (action !== 'close-tranche') continue;
      const { epoch, why } = JSON.parse(details) as { readonly epoch: string; readonly why: string };
      if (why === 'over') over.add(`close-tranche ${subject}#${epoch}`);
    }
  }
  return over;
}

/** Of bills alone: what is void, nobody owes. */
function receivableOf(row: DspTransferRow, atMs: number): MoneyObservation[] {
  if (row.kind !== 'bill') return [];
  const { key, dsp_id: dspId, currency } = row;
  const [amount, exchangeFee] = [Number(row.amount), Number(row.fee)];
  const shares = { publisherPayable: amount - exchangeFee, exchangeFee };
  return [{ kind: 'receivable', atMs, key, dspId, amount, currency, ...shares }];
}
