/**
 * BudgetLedger in memory: what the port says, as plainly as can be, for tests of who uses it; it keeps the contract of the
 * real one (`adapters/ledger/ledger.contract.ts`). Keeps every transfer, so that a checker can replay them. Time is the
 * ledger's own clock.
 */
import { type BudgetCalendar, budgetDay, budgetDayEnd, withTimeZone } from '../../campaign/budget-calendar.ts';
import {
  type AccountFigures,
  type Bill,
  type BillResult,
  type BudgetLedger,
  type BudgetUnit,
  HELD_MS_MAX,
  type LeaseConfirmation,
  type LeaseGrant,
  type LeaseKey,
  type LeaseReturn,
  type OutcomeReport,
  PARKED_REPORTS,
  type ReportResult,
  type Reservation,
  type SweepResult,
  type Tranche,
  type TrancheRefusal,
  type TrancheWanted,
} from '../../ports/budget-ledger.ts';

export interface ModelAccountTerms {
  readonly accountId: string;
  readonly unit: BudgetUnit;
  readonly budget: number;
  readonly dailyBudget: number | null;
  /** Left out: active. */
  readonly status?: 'active' | 'paused' | 'ended';
  /** Left out: UTC. */
  readonly timeZone?: string;
  /** Left out: never. */
  readonly endAtMs?: number | null;
}

/** The model, or a real ledger with what the world and its checker want of it besides. */
export interface LedgerUnderTest extends BudgetLedger {
  readonly dayMs: number;
  /** All so far; of an account in their order. */
  readonly transfers: readonly Transfer[];
  readonly addAccount: (terms: ModelAccountTerms) => void | Promise<void>;
  readonly setBudget: (accountId: string, budget: number) => void | Promise<void>;
  readonly setStatus: (accountId: string, status: 'active' | 'paused' | 'ended') => void | Promise<void>;
  /** What a holder may rely on now; null when the lease is unknown, closed or past its end. */
  readonly liveLease: (key: LeaseKey) => { readonly amount: number } | null;
}

/** One movement of money: from one balance to another, so that every one sums to zero. */
export interface Transfer {
  readonly atMs: number;
  readonly accountId: string;
  readonly from: string;
  readonly to: string;
  readonly amount: number;
}

export interface LedgerModelOptions {
  /** The ledger's clock, epoch ms. */
  readonly nowMs: () => number;
  /** Of days that are all alike; a real day's: days are those of the accounts' time zones. */
  readonly dayMs: number;
  /** After its end, until which a lease may still be billed, ms. */
  readonly billingHorizonMs: number;
  /** Reports that may be parked; left out: `PARKED_REPORTS`. */
  readonly reportsMax?: number;
}

const REAL_DAY_MS = 86_400_000;

interface ModelAccount {
  terms: Required<ModelAccountTerms>;
  epoch: number;
  tranche: ModelTranche | null;
  /** Of its tranches, by epoch. */
  readonly ends: Map<number, number>;
  calendar: BudgetCalendar;
  available: number;
  spent: number;
  absorbed: number;
  /** In leases: neither billed nor back in the budget. */
  held: number;
  /** Of that. */
  reserved: number;
  readonly days: Map<string, ModelDay>;
}

interface ModelDay {
  budget: number | null;
  /** Out of the budget, and not back. */
  taken: number;
  spent: number;
}

interface ModelTranche {
  readonly epoch: number;
  readonly amount: number;
  readonly day: string;
  readonly notAfterMs: number;
  parked: number;
}

interface ModelLease {
  readonly grant: LeaseGrant;
  readonly day: string;
  readonly endsAtMs: number;
  /** Late bills are taken until then. */
  closesAtMs: number;
  /** Neither billed nor back in the budget: reservations are within. */
  held: number;
  reserved: number;
  /** Gave back so much: what was won from it and told late is taken back. */
  returned: number;
  /** live: may be spent from. closing: given back, late bills are taken. closed: only reservations are. */
  state: 'live' | 'closing' | 'closed';
}

interface ModelCharge {
  /** Null: it was released before anything else was known of it. */
  readonly accountId: string | null;
  readonly lease: ModelLease | undefined;
  amount: number;
  readonly expiresAtMs: number;
  /** Null where it was released before it was known. */
  readonly known: Omit<Bill, 'atMs'> | null;
  state: 'reserved' | 'shared' | 'billed' | 'absorbed' | 'uncovered' | 'expired' | 'released' | 'refunded';
}

export class LedgerModel implements LedgerUnderTest {
  readonly dayMs: number;
  readonly transfers: Transfer[] = [];
  readonly #options: LedgerModelOptions;
  readonly #accounts = new Map<string, ModelAccount>();
  readonly #leases = new Map<string, ModelLease>();
  readonly #charges = new Map<string, ModelCharge>();
  /** Those that a sweep has to look at. */
  readonly #leasesOpen = new Set<ModelLease>();
  readonly #chargesOpen = new Set<ModelCharge>();
  /** Reports by key: when they end. */
  readonly #parked = new Map<string, number>();

  constructor(options: LedgerModelOptions) {
    this.#options = options;
    this.dayMs = options.dayMs;
  }

  addAccount(terms: ModelAccountTerms): void {
    const all = { status: 'active', timeZone: 'UTC', endAtMs: null, ...terms } as const;
    const balances = { epoch: 0, tranche: null, available: 0, spent: 0, absorbed: 0, held: 0, reserved: 0 };
    const calendar = { timeZone: all.timeZone, held: null };
    const account: ModelAccount = { terms: all, calendar, ...balances, ends: new Map(), days: new Map() };
    this.#accounts.set(terms.accountId, account);
    this.#fund(account);
  }

  /** Of an account that is there. Any change but a raise closes its tranche. */
  setTerms(terms: Required<ModelAccountTerms>): void {
    const account = this.#accounts.get(terms.accountId)!;
    const before = account.terms;
    account.terms = terms;
    account.calendar = withTimeZone(account.calendar, terms.timeZone, this.#options.nowMs());
    this.#today(account);
    const isRaised = isSame({ ...before, budget: terms.budget }, terms) && terms.budget >= before.budget;
    if (!isRaised) this.#closeOpenTranche(account);
    this.#fund(account);
  }

  setBudget(accountId: string, budget: number): void {
    this.setTerms({ ...this.#accounts.get(accountId)!.terms, budget });
  }

  setStatus(accountId: string, status: 'active' | 'paused' | 'ended'): void {
    this.setTerms({ ...this.#accounts.get(accountId)!.terms, status });
  }

  liveLease(key: LeaseKey): { readonly amount: number } | null {
    const lease = this.#leases.get(leaseName(key));
    return lease?.state !== 'live' || this.#options.nowMs() >= lease.endsAtMs ? null : lease.grant;
  }

  readonly openTranche = async (wanted: TrancheWanted): Promise<Tranche | TrancheRefusal> => {
    for (const amount of [wanted.amount, wanted.amountMin]) {
      if (!Number.isSafeInteger(amount) || amount < 1) throw new RangeError(`${amount} cannot be wanted`);
    }
    const account = this.#accounts.get(wanted.accountId);
    if (account === undefined) return 'unknown-account';
    const shared = this.#shared(account.tranche, wanted.afterEpoch);
    if (shared === null) this.#closeOpenTranche(account);
    const tranche = this.#refusalOf(account) ?? shared ?? this.#nextTranche(account, wanted);
    return typeof tranche === 'string' ? tranche : this.#describe(account, tranche);
  };

  readonly closeTranche = async (accountId: string, epoch: number): Promise<void> => {
    const account = this.#accounts.get(accountId);
    if (account?.tranche?.epoch === epoch) this.#closeOpenTranche(account);
  };

  readonly confirmLeases = async (grants: readonly LeaseGrant[]): Promise<readonly LeaseConfirmation[]> =>
    grants.map((grant) => this.#confirm(grant));

  readonly closeLeases = async (returns: readonly LeaseReturn[]): Promise<void> => {
    if (returns.some(({ unspent }) => unspent < 0)) throw new RangeError('unspent must not be negative');
    for (const over of returns) this.#closeLease(over);
  };

  readonly reserve = async (reservations: readonly Reservation[]): Promise<readonly BillResult[]> => {
    const bills: BillResult[] = [];
    for (const { heldMs, isShared = false, ...known } of reservations) {
      const { key, accountId, amount } = known;
      const account = this.#accounts.get(accountId);
      if (this.#charges.has(key) || account === undefined) continue;
      const lease = this.#leases.get(leaseName(known));
      const isCovered = !isShared && lease !== undefined && this.#cover(account, lease, amount);
      const state = isShared ? 'shared' : isCovered ? 'reserved' : 'uncovered';
      const expiresAtMs = this.#options.nowMs() + Math.min(heldMs, HELD_MS_MAX);
      if (isShared && lease !== undefined && lease.state !== 'closed') {
        lease.closesAtMs = Math.max(lease.closesAtMs, expiresAtMs);
      }
      const charge: ModelCharge = { accountId, lease, amount, expiresAtMs, known, state };
      this.#charges.set(key, charge);
      if (isCovered) {
        this.#hold(lease, { held: 0, reserved: amount });
        this.#chargesOpen.add(charge);
      }
      if (this.#parked.delete(key)) bills.push(this.#bill({ ...known, atMs: 0 }));
    }
    return bills;
  };

  readonly billReports = async (reports: readonly OutcomeReport[]): Promise<readonly ReportResult[]> =>
    reports.map(({ key, atMs, mayBecomeKnown }) => {
      const charge = this.#charges.get(key);
      if (charge !== undefined)
        return charge.known === null ? 'released-before' : this.#bill({ ...charge.known, atMs });
      if (this.#parked.has(key)) return 'parked';
      if (!mayBecomeKnown) return 'unmatched';
      const { nowMs, billingHorizonMs, reportsMax = PARKED_REPORTS.countMax } = this.#options;
      if (this.#parked.size >= reportsMax) return 'refused';
      this.#parked.set(key, nowMs() + billingHorizonMs + PARKED_REPORTS.beyondHorizonMs);
      return 'parked';
    });

  readonly bill = async (bills: readonly Bill[]): Promise<readonly BillResult[]> =>
    bills.map((bill) => this.#bill(bill));

  readonly release: BudgetLedger['release'] = async (keys, reason) => {
    for (const key of keys) {
      const charge = this.#charges.get(key);
      if (charge === undefined) {
        const nothing = { accountId: null, lease: undefined, amount: 0, expiresAtMs: 0, known: null };
        this.#charges.set(key, { ...nothing, state: 'released' });
        this.#parked.delete(key);
      } else if (isUnbilled(charge)) {
        this.#release(charge, reason === 'expired' ? 'expired' : 'released');
      } else if (reason === 'refunded') this.#refund(charge);
    }
  };

  readonly sweep = async (nowMs: number): Promise<SweepResult> => {
    const atMs = Math.min(nowMs, this.#options.nowMs());
    let reservations = 0;
    for (const charge of this.#chargesOpen) {
      if (charge.expiresAtMs > atMs) continue;
      this.#release(charge, 'expired');
      reservations++;
    }
    let leases = 0;
    for (const lease of this.#leasesOpen) {
      if (lease.closesAtMs > atMs) continue;
      this.#giveBack(lease, freeOf(lease));
      this.#close(lease);
      leases++;
    }
    for (const account of this.#accounts.values()) {
      if (isOver(account.tranche, atMs)) this.#closeOpenTranche(account);
    }
    let reports = 0;
    for (const [key, expiresAtMs] of this.#parked) if (expiresAtMs <= atMs && this.#parked.delete(key)) reports++;
    return { reservations, leases, reports };
  };

  readonly figures = async (accountIds: readonly string[]): Promise<readonly AccountFigures[]> =>
    [...new Set(accountIds)].flatMap((accountId) => {
      const account = this.#accounts.get(accountId);
      return account === undefined ? [] : this.#figuresOf(account);
    });

  readonly close = async (): Promise<void> => {};

  #figuresOf({
    terms: { accountId, unit, budget },
    available,
    tranche,
    spent,
    absorbed,
    held,
    reserved,
  }: ModelAccount): AccountFigures {
    return {
      accountId,
      unit,
      budget: BigInt(budget),
      available: BigInt(available),
      leased: BigInt(held - reserved + (tranche?.parked ?? 0)),
      reserved: BigInt(reserved),
      spent: BigInt(spent),
      absorbed: BigInt(absorbed),
    };
  }

  /** Who knows no tranche although leases were given from this one asks for a store that lost it. */
  #shared(open: ModelTranche | null, afterEpoch: number): ModelTranche | null {
    if (open === null || open.epoch <= afterEpoch || isOver(open, this.#options.nowMs())) return null;
    return afterEpoch === 0 && open.parked < open.amount ? null : open;
  }

  #refusalOf({ terms: { status, endAtMs } }: ModelAccount): TrancheRefusal | null {
    if (status === 'ended' || (endAtMs !== null && endAtMs <= this.#options.nowMs())) return 'ended';
    return status === 'paused' ? 'paused' : null;
  }

  #nextTranche(account: ModelAccount, { accountId, amount: wanted, amountMin, afterEpoch }: TrancheWanted) {
    const amount = Math.min(wanted, this.#grantable(account));
    if (amount < amountMin) return 'exhausted';
    account.epoch = Math.max(account.epoch, afterEpoch) + 1;
    const day = this.#dayNow(account);
    const tranche = { epoch: account.epoch, amount, day, notAfterMs: this.#notAfterMs(account), parked: amount };
    account.tranche = tranche;
    account.ends.set(tranche.epoch, tranche.notAfterMs);
    account.available -= amount;
    this.#today(account).taken += amount;
    this.#record(accountId, 'budget', `tranche ${tranche.epoch}`, amount);
    return tranche;
  }

  #confirm(grant: LeaseGrant): LeaseConfirmation {
    const nowMs = this.#options.nowMs();
    const before = this.#leases.get(leaseName(grant));
    if (before !== undefined && isSameGrant(before.grant, grant)) {
      return before.state === 'live'
        ? { kind: 'live', termMs: Math.max(0, before.endsAtMs - nowMs) }
        : { kind: 'fenced' };
    }
    const account = this.#accounts.get(grant.accountId);
    const tranche = account?.tranche;
    if ((account?.ends.get(grant.epoch) ?? Infinity) <= nowMs) {
      if (tranche?.epoch === grant.epoch) this.#closeOpenTranche(account!);
      return { kind: 'ended' };
    }
    if (account === undefined || tranche?.epoch !== grant.epoch) return { kind: 'fenced' };
    if (before !== undefined || tranche.parked < grant.amount) {
      this.#closeOpenTranche(account);
      return { kind: 'fenced' };
    }
    const termMs = Math.min(grant.termMs, tranche.notAfterMs - nowMs);
    tranche.parked -= grant.amount;
    const endsAtMs = nowMs + termMs;
    const closesAtMs = endsAtMs + this.#options.billingHorizonMs;
    const times = { day: tranche.day, endsAtMs, closesAtMs };
    const lease: ModelLease = { grant, ...times, held: 0, reserved: 0, returned: 0, state: 'live' };
    this.#leases.set(leaseName(grant), lease);
    this.#leasesOpen.add(lease);
    this.#hold(lease, { held: grant.amount, reserved: 0 });
    this.#record(grant.accountId, `tranche ${grant.epoch}`, leaseName(grant), grant.amount);
    return { kind: 'live', termMs };
  }

  #bill(bill: Bill): BillResult {
    const account = this.#accounts.get(bill.accountId);
    if (account === undefined) return 'unknown-account';
    const charge = this.#charges.get(bill.key);
    if (charge?.state === 'released') return 'released-before';
    const isOpen = charge === undefined || isUnbilled(charge);
    if (!isOpen || (charge !== undefined && charge.accountId !== bill.accountId)) return 'repeated';
    this.#parked.delete(bill.key);
    const holds = charge?.state === 'reserved' ? charge : undefined;
    const lease = charge === undefined ? this.#leases.get(leaseName(bill)) : charge.lease;
    const isReserved = holds !== undefined && bill.amount <= holds.amount && this.#bears(account, lease!, bill.amount);
    if (holds !== undefined) this.#endReservation(holds);
    const isBorne = lease !== undefined && this.#bears(account, lease, bill.amount);
    if (holds !== undefined && !isReserved && lease!.state === 'closed') this.#giveBack(lease!, freeOf(lease!));
    const isOfLease = isBorne && freeOf(lease) >= bill.amount;
    const isOfAccount = isBorne && !isReserved && !isOfLease && this.#makeAvailable(account, lease, bill.amount);
    if (isOfAccount) this.#take(account, lease, bill.amount);
    const isBilled = isReserved || isOfLease || isOfAccount;
    if (isBilled) this.#spend(account, lease!, bill.amount);
    else this.#absorb(account, bill.amount);
    // What a reservation held beyond its bill is nobody's once its lease is closed.
    if (holds !== undefined && lease!.state === 'closed') this.#giveBack(lease!, freeOf(lease!));
    const { atMs: _, ...known } = bill;
    const { accountId, key, amount } = known;
    const state = isBilled ? 'billed' : 'absorbed';
    this.#charges.set(key, { accountId, lease, amount, expiresAtMs: 0, known, state });
    return isBilled ? 'billed' : 'absorbed';
  }

  /** What it gave back before is taken back. */
  #cover(account: ModelAccount, lease: ModelLease, amount: number): boolean {
    const missing = amount - freeOf(lease);
    if (missing <= 0) return true;
    if (missing > lease.returned || !this.#makeAvailable(account, lease, missing)) return false;
    lease.returned -= missing;
    this.#take(account, lease, missing);
    return true;
  }

  /** For what was served the open tranche is closed, where that is enough. */
  #makeAvailable(account: ModelAccount, lease: ModelLease, amount: number): boolean {
    const day = account.days.get(lease.day)!;
    const isAvailable = () => amount <= account.available && (day.budget === null || day.taken + amount <= day.budget);
    const { tranche } = account;
    const isEnough = tranche !== null && account.available + tranche.parked >= amount;
    const isOfDay = day.budget === null || tranche?.day === lease.day;
    if (!isAvailable() && isEnough && isOfDay) this.#closeOpenTranche(account);
    return isAvailable();
  }

  #take(account: ModelAccount, lease: ModelLease, amount: number): void {
    this.#hold(lease, { held: amount, reserved: 0 });
    account.available -= amount;
    account.days.get(lease.day)!.taken += amount;
    this.#record(account.terms.accountId, 'budget', leaseName(lease.grant), amount);
  }

  /** Leases from before a cut may hold more than the budget that is left. */
  #bears(account: ModelAccount, lease: ModelLease, amount: number): boolean {
    const { budget, spent } = account.days.get(lease.day)!;
    return account.spent + amount <= account.terms.budget && (budget === null || spent + amount <= budget);
  }

  #spend(account: ModelAccount, lease: ModelLease, amount: number): void {
    this.#hold(lease, { held: -amount, reserved: 0 });
    account.spent += amount;
    account.days.get(lease.day)!.spent += amount;
    this.#record(account.terms.accountId, leaseName(lease.grant), 'spent', amount);
  }

  #absorb(account: ModelAccount, amount: number): void {
    account.absorbed += amount;
    this.#record(account.terms.accountId, 'absorbed-cost', 'publisher', amount);
  }

  #release(charge: ModelCharge, after: 'expired' | 'released'): void {
    const { state, amount } = charge;
    charge.state = after;
    if (state !== 'reserved') return;
    const lease = charge.lease!;
    this.#endReservation(charge);
    this.#giveBack(lease, amount);
  }

  #refund(charge: ModelCharge): void {
    const { state, amount, lease } = charge;
    if (state !== 'billed' && state !== 'absorbed') return;
    const account = this.#accounts.get(charge.accountId!)!;
    charge.state = 'refunded';
    if (state === 'absorbed') {
      account.absorbed -= amount;
      this.#record(account.terms.accountId, 'publisher', 'absorbed-cost', amount);
      return;
    }
    account.spent -= amount;
    account.days.get(lease!.day)!.spent -= amount;
    this.#return(account, lease!.day, { from: 'spent', amount });
  }

  #closeLease(over: LeaseReturn): void {
    const lease = this.#leases.get(leaseName(over));
    if (lease?.state !== 'live') return;
    this.#giveBack(lease, Math.min(over.unspent, freeOf(lease)));
    lease.closesAtMs = Math.max(lease.closesAtMs, this.#options.nowMs() + this.#options.billingHorizonMs);
    if (freeOf(lease) === 0) this.#close(lease);
    else lease.state = 'closing';
  }

  #giveBack(lease: ModelLease, amount: number): void {
    this.#hold(lease, { held: -amount, reserved: 0 });
    lease.returned += amount;
    const account = this.#accounts.get(lease.grant.accountId)!;
    this.#return(account, lease.day, { from: leaseName(lease.grant), amount });
  }

  #hold(lease: ModelLease, by: { readonly held: number; readonly reserved: number }): void {
    const account = this.#accounts.get(lease.grant.accountId)!;
    for (const holder of [lease, account]) {
      holder.held += by.held;
      holder.reserved += by.reserved;
    }
  }

  #endReservation(charge: ModelCharge): void {
    this.#chargesOpen.delete(charge);
    this.#hold(charge.lease!, { held: 0, reserved: -charge.amount });
  }

  #close(lease: ModelLease): void {
    lease.state = 'closed';
    this.#leasesOpen.delete(lease);
  }

  #closeOpenTranche(account: ModelAccount): void {
    const { tranche } = account;
    if (tranche === null) return;
    account.tranche = null;
    this.#return(account, tranche.day, { from: `tranche ${tranche.epoch}`, amount: tranche.parked });
  }

  #return(
    account: ModelAccount,
    day: string,
    { from, amount }: { readonly from: string; readonly amount: number },
  ): void {
    account.available += amount;
    account.days.get(day)!.taken -= amount;
    this.#record(account.terms.accountId, from, 'budget', amount);
    this.#fund(account);
  }

  /** The books show the budget; after a cut, what is out is taken when it comes back. */
  #fund(account: ModelAccount): void {
    const { accountId, budget } = account.terms;
    const funded = account.available + (account.tranche?.parked ?? 0) + account.held + account.spent;
    const change = Math.max(budget - funded, -account.available);
    account.available += change;
    if (change > 0) this.#record(accountId, 'advertiser', 'budget', change);
    else this.#record(accountId, 'budget', 'advertiser', -change);
  }

  #grantable(account: ModelAccount): number {
    const { budget, taken } = this.#today(account);
    return budget === null ? account.available : Math.min(account.available, budget - taken);
  }

  #describe(account: ModelAccount, { epoch, amount, notAfterMs }: ModelTranche): Tranche {
    const { accountId } = account.terms;
    return { accountId, epoch, amount, budgetLeft: Math.max(0, this.#grantable(account)), notAfterMs };
  }

  #today(account: ModelAccount): ModelDay {
    const name = this.#dayNow(account);
    const day = account.days.get(name) ?? { budget: null, taken: 0, spent: 0 };
    day.budget = account.terms.dailyBudget;
    account.days.set(name, day);
    return day;
  }

  #dayNow({ calendar }: ModelAccount): string {
    const nowMs = this.#options.nowMs();
    return this.dayMs === REAL_DAY_MS ? budgetDay(calendar, nowMs) : String(Math.floor(nowMs / this.dayMs));
  }

  #notAfterMs({ terms: { endAtMs }, calendar }: ModelAccount): number {
    const nowMs = this.#options.nowMs();
    const isLocal = this.dayMs === REAL_DAY_MS;
    const dayEndMs = isLocal ? budgetDayEnd(calendar, nowMs) : (Math.floor(nowMs / this.dayMs) + 1) * this.dayMs;
    return Math.min(dayEndMs, endAtMs ?? Infinity);
  }

  #record(accountId: string, from: string, to: string, amount: number): void {
    if (amount !== 0) this.transfers.push({ atMs: this.#options.nowMs(), accountId, from, to, amount });
  }
}

function isOver(tranche: ModelTranche | null, atMs: number): boolean {
  return tranche !== null && tranche.notAfterMs <= atMs;
}

function isUnbilled({ state }: ModelCharge): boolean {
  return state === 'reserved' || state === 'shared' || state === 'uncovered' || state === 'expired';
}

function freeOf({ held, reserved }: ModelLease): number {
  return held - reserved;
}

function isSame(before: Required<ModelAccountTerms>, after: Required<ModelAccountTerms>): boolean {
  return (Object.keys(before) as (keyof ModelAccountTerms)[]).every((name) => before[name] === after[name]);
}

function isSameGrant(one: LeaseGrant, other: LeaseGrant): boolean {
  return one.requestId === other.requestId && one.processId === other.processId && one.amount === other.amount;
}

function leaseName({ accountId, epoch, sequence }: LeaseKey): string {
  return `lease ${accountId} ${epoch}.${sequence}`;
}
