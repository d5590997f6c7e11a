/**
 * One transaction's view of some accounts: locked, changed in memory by transfers, written back at its end. Balances
 * change by `post` alone, so they cannot differ from the journal. The accounts' locks are all the mutual exclusion there
 * is: taken first and in one order; whatever belongs to an account is read after.
 */
import { budgetDay } from '../../engine/campaign/budget-calendar.ts';
import type { OutcomeEvent } from '../../engine/events/outcome-events.ts';
import type { LeaseKey } from '../../engine/ports/budget-ledger.ts';
import { keepBookedEvents } from './booked-events.ts';
import type { Queryable, Row } from './database.ts';
import {
  ACCOUNT,
  type AccountRow,
  AUDIT,
  type AuditRow,
  auditJson,
  CHARGE,
  type ChargeRow,
  calendarOf,
  DAY,
  type DayRow,
  insertRows,
  LEASE,
  type LeaseRow,
  selectRows,
  TRANCHE,
  TRANSFER,
  type TrancheRow,
  type TransferRow,
  upsertRows,
} from './rows.ts';
import { Tallies } from './tallies.ts';
import { BOOKS, type Transfer, type TransferKind } from './transfer.ts';

export class Books {
  readonly nowMs: bigint;
  readonly accounts: ReadonlyMap<string, AccountRow>;
  readonly #tx: Queryable;
  readonly #tranches = new Map<string, TrancheRow>();
  /** By account, as put last: that which is open is the latest. */
  readonly #latestTranches = new Map<string, TrancheRow>();
  readonly #leases = new Map<string, LeaseRow>();
  readonly #days = new Map<string, DayRow>();
  readonly #charges = new Map<string, ChargeRow>();
  readonly #newCharges = new Set<ChargeRow>();
  /** Keys of what was parked. No account's lock holds such a row: who is faster with the new one is decided by its key. */
  readonly #replacedCharges: string[] = [];
  readonly #changed = new Set<Row>();
  readonly #transfers: TransferRow[] = [];
  readonly #tallies = new Tallies();
  readonly #audits: AuditRow[] = [];
  readonly #events: OutcomeEvent[] = [];

  /** Locks the accounts that exist. `nowMs` null: by the database's clock. */
  static async open(tx: Queryable, accountIds: Iterable<string>, nowMs: number | null): Promise<Books> {
    const accounts = await tx.query<AccountRow>(BOOKS_SQL.lockAccounts, [[...new Set(accountIds)]]);
    return new Books(tx, accounts, nowMs === null ? await databaseNowMs(tx) : BigInt(Math.floor(nowMs)));
  }

  private constructor(tx: Queryable, accounts: readonly AccountRow[], nowMs: bigint) {
    this.#tx = tx;
    this.nowMs = nowMs;
    this.accounts = new Map(accounts.map((account) => [account.id, account]));
  }

  /** A new account: nothing is in it yet. */
  addAccount(account: AccountRow): void {
    (this.accounts as Map<string, AccountRow>).set(account.id, account);
    this.#changed.add(account);
  }

  async loadTranches(keys: readonly Pick<LeaseKey, 'accountId' | 'epoch'>[]): Promise<void> {
    const wanted = distinct(keys, trancheName).map(({ accountId, epoch }) => ({ account_id: accountId, epoch }));
    for (const row of await selectRows<TrancheRow>(this.#tx, TRANCHE, wanted)) this.putTranche(row);
    await this.#loadDays([...this.#tranches.values()]);
  }

  async loadOpenTranches(): Promise<void> {
    const rows = await this.#tx.query<TrancheRow>(BOOKS_SQL.openTranches, [[...this.accounts.keys()]]);
    for (const row of rows) this.putTranche(row);
    await this.#loadDays(rows);
  }

  async loadLeases(keys: readonly LeaseKey[]): Promise<void> {
    const wanted = distinct(keys, leaseName).map((key) => ({ ...key, account_id: key.accountId }));
    for (const row of await selectRows<LeaseRow>(this.#tx, LEASE, wanted)) this.putLease(row);
    await this.#loadDays([...this.#leases.values()]);
  }

  async loadCharges(keys: readonly string[]): Promise<void> {
    const wanted = [...new Set(keys)].map((key) => ({ key }));
    for (const row of await selectRows<ChargeRow>(this.#tx, CHARGE, wanted)) this.#charges.set(row.key, row);
  }

  /** The days of now, with the budgets of now. Made where there is none. */
  async loadToday(accounts: readonly AccountRow[]): Promise<void> {
    const today = accounts.map((account) => ({ account_id: account.id, day: this.#today(account) }));
    await this.#loadDays(today);
    for (const [at, { account_id, day }] of today.entries()) {
      const name = `${account_id} ${day}`;
      const row = this.#days.get(name) ?? { account_id, day, budget: null, committed: 0n, spent: 0n };
      row.budget = accounts[at]!.daily_budget;
      this.#days.set(name, row);
      this.#changed.add(row);
    }
  }

  /** Once it is loaded. */
  today(account: AccountRow): DayRow {
    return this.day({ account_id: account.id, day: this.#today(account) });
  }

  #today(account: AccountRow): string {
    return budgetDay(calendarOf(account), Number(this.nowMs));
  }

  async #loadDays(rows: readonly { readonly account_id: string; readonly day: string }[]): Promise<void> {
    const missing = new Map<string, Row>();
    for (const { account_id, day } of rows) {
      const name = `${account_id} ${day}`;
      if (!this.#days.has(name)) missing.set(name, { account_id, day });
    }
    for (const row of await selectRows<DayRow>(this.#tx, DAY, [...missing.values()])) {
      this.#days.set(`${row.account_id} ${row.day}`, row);
    }
  }

  tranche(key: Pick<LeaseKey, 'accountId' | 'epoch'>): TrancheRow | undefined {
    return this.#tranches.get(trancheName(key));
  }

  openTranche(accountId: string): TrancheRow | undefined {
    const latest = this.#latestTranches.get(accountId);
    return latest?.state === 'open' ? latest : undefined;
  }

  putTranche(row: TrancheRow): void {
    this.#tranches.set(`${row.account_id}#${row.epoch}`, row);
    this.#latestTranches.set(row.account_id, row);
  }

  lease(key: LeaseKey): LeaseRow | undefined {
    return this.#leases.get(leaseName(key));
  }

  putLease(row: LeaseRow): void {
    this.#leases.set(nameOfLease(row), row);
  }

  /** Of a row that was loaded. */
  day({ account_id, day }: { readonly account_id: string; readonly day: string }): DayRow {
    return this.#days.get(`${account_id} ${day}`)!;
  }

  charge(key: string): ChargeRow | undefined {
    return this.#charges.get(key);
  }

  /** New, or in the place of what was parked. */
  putCharge(row: ChargeRow): void {
    const before = this.#charges.get(row.key);
    // It may be of this transaction itself.
    if (before !== undefined && !this.#newCharges.delete(before)) this.#replacedCharges.push(row.key);
    this.#charges.set(row.key, row);
    this.#newCharges.add(row);
  }

  /** A row was changed by other means than `post`. */
  change(row: Row): void {
    this.#changed.add(row);
  }

  audit(actor: string, action: string, subject: string, details: Row): void {
    this.#audits.push({ at_ms: this.nowMs, actor, action, subject, details: auditJson(details) });
  }

  /** What is booked here is to be found in an event log, too. */
  tell(event: OutcomeEvent): void {
    this.#events.push(event);
  }

  /** Moves an amount; nothing when it is zero. */
  post(transfer: Transfer): void {
    const { kind, key, account, amount, tranche, lease } = transfer;
    if (amount === 0n) return;
    const [from, to] = BOOKS[kind];
    const dayName = lease?.day ?? tranche?.day ?? null;
    const day = dayName === null ? null : this.day({ account_id: account.id, day: dayName });
    moveInAccount(account, from, to, amount);
    this.#changed.add(account);
    if (tranche !== undefined) this.#moveInTranche(tranche, kind, amount);
    if (lease !== undefined) this.#moveInLease(lease, kind, amount);
    if (day !== null) this.#moveInDay(day, from, to, amount);
    this.#transfers.push({
      kind: kind.startsWith('bill-') ? 'bill' : kind,
      key,
      account_id: account.id,
      from_book: from,
      to_book: to,
      amount,
      fee: transfer.fee ?? 0n,
      publisher_id: transfer.publisherId ?? null,
      epoch: lease?.epoch ?? tranche?.epoch ?? null,
      sequence: lease?.sequence ?? null,
      day: dayName,
      budget: account.budget,
      day_budget: day?.budget ?? null,
      at_ms: this.nowMs,
    });
    this.#tallies.add(transfer, this.nowMs);
    if (to === 'available' && kind !== 'fund') this.#defundAfterCut(account, `${kind}:${key}`);
  }

  #moveInTranche(tranche: TrancheRow, kind: TransferKind, amount: bigint): void {
    if (kind === 'lease') tranche.leased += amount;
    if (kind === 'close-tranche') tranche.returned += amount;
    this.#changed.add(tranche);
  }

  #moveInLease(lease: LeaseRow, kind: TransferKind, amount: bigint): void {
    if (kind === 'reserve') lease.reserved += amount;
    if (kind === 'release' || kind === 'bill-reserved') lease.reserved -= amount;
    if (kind === 'bill' || kind === 'bill-reserved') lease.billed += amount;
    if (kind === 'return') lease.returned += amount;
    if (kind === 'take-back') lease.returned -= amount;
    this.#changed.add(lease);
  }

  #moveInDay(day: DayRow, from: string, to: string, amount: bigint): void {
    if (from === 'available') day.committed += amount;
    if (to === 'available') day.committed -= amount;
    if (to === 'spent') day.spent += amount;
    if (from === 'spent') day.spent -= amount;
    this.#changed.add(day);
  }

  /** What comes back after a cut goes where the cut could not take it from. */
  #defundAfterCut(account: AccountRow, cause: string): void {
    const excess = fundedOf(account) - account.budget;
    if (excess > 0n) this.post({ kind: 'defund', key: cause, account, amount: least(excess, account.available) });
  }

  /** Writes everything. The order is that of the references between the tables. */
  async flush(): Promise<void> {
    const changed = <Kind extends Row>(rows: Iterable<Kind>): Kind[] =>
      [...rows].filter((row) => this.#changed.has(row));
    await upsertRows(this.#tx, ACCOUNT, changed(this.accounts.values()));
    await upsertRows(this.#tx, DAY, changed(this.#days.values()));
    await upsertRows(this.#tx, TRANCHE, changed(this.#tranches.values()));
    await upsertRows(this.#tx, LEASE, changed(this.#leases.values()));
    if (this.#replacedCharges.length > 0) await this.#tx.query(BOOKS_SQL.takeParked, [this.#replacedCharges]);
    await insertRows(this.#tx, CHARGE, [...this.#newCharges].sort(byKey));
    const known = [...this.#charges.values()].filter((charge) => !this.#newCharges.has(charge));
    await upsertRows(this.#tx, CHARGE, changed(known));
    await insertRows(this.#tx, TRANSFER, this.#transfers);
    await this.#tallies.flush(this.#tx);
    await insertRows(this.#tx, AUDIT, this.#audits);
    await keepBookedEvents(this.#tx, this.#events, this.nowMs);
  }
}

/** What stands on the account's books: its budget, and after a cut also what was out by then. */
export function fundedOf({ available, tranched, leased, reserved, spent }: AccountRow): bigint {
  return available + tranched + leased + reserved + spent;
}

/** What its holder, or a late bill, may still take of a lease. */
export function freeOf({ amount, reserved, billed, returned }: LeaseRow): bigint {
  return amount - reserved - billed - returned;
}

export function least(one: bigint, other: bigint): bigint {
  return one < other ? one : other;
}

export function nameOfLease({ account_id, epoch, sequence }: LeaseRow): string {
  return `${account_id}#${epoch}.${sequence}`;
}

export const BOOKS_SQL = {
  lockAccounts: `SELECT ${Object.keys(ACCOUNT.columns).join(', ')} FROM account WHERE id = ANY ($1::text[]) ORDER BY id FOR UPDATE`,
  openTranches: `SELECT ${Object.keys(TRANCHE.columns).join(', ')} FROM tranche WHERE state = 'open' AND account_id = ANY ($1::text[])`,
  takeParked: `DELETE FROM charge WHERE state = 'parked' AND key = ANY ($1::text[])`,
  now: 'SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now_ms',
} as const;

/** Keys of what is parked are no account's: they are locked in one order. */
function byKey(one: ChargeRow, other: ChargeRow): number {
  return one.key < other.key ? -1 : 1;
}

function moveInAccount(account: AccountRow, from: string, to: string, amount: bigint): void {
  // Absorbed cost is what we owe: it is shown as a positive figure, though money leaves that book.
  if (from === 'absorbed') account.absorbed += amount;
  else if (to === 'absorbed') account.absorbed -= amount;
  else {
    if (isBalance(from)) account[from] -= amount;
    if (isBalance(to)) account[to] += amount;
  }
}

function isBalance(book: string): book is 'available' | 'tranched' | 'leased' | 'reserved' | 'spent' {
  return book !== 'funding' && book !== 'served';
}

function trancheName({ accountId, epoch }: Pick<LeaseKey, 'accountId' | 'epoch'>): string {
  return `${accountId}#${epoch}`;
}

function leaseName({ accountId, epoch, sequence }: LeaseKey): string {
  return `${accountId}#${epoch}.${sequence}`;
}

function distinct<Item>(items: readonly Item[], nameOf: (item: Item) => string): Item[] {
  return [...new Map(items.map((item) => [nameOf(item), item])).values()];
}

/** Epoch ms. */
export async function databaseNowMs(tx: Queryable): Promise<bigint> {
  const [row] = await tx.query<{ now_ms: bigint }>(BOOKS_SQL.now);
  return row!.now_ms;
}
