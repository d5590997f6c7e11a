/**
 * BudgetLedger in memory: what the port says, as plainly as can be, for tests of who uses it. Keeps every transfer, so that
 * a checker can replay them. Time is the ledger's own clock.
 */
import type {
  AccountFigures,
  Bill,
  BillResult,
  BudgetLedger,
  BudgetUnit,
  KnownCharge,
  LeaseConfirmation,
  LeaseGrant,
  LeaseKey,
  Reservation,
  Tranche,
  TrancheRefusal,
  TrancheWanted,
} from '../../ports/budget-ledger.ts';

export interface ModelAccountTerms {
  readonly accountId: string;
  readonly unit: BudgetUnit;
  readonly budget: number;
  readonly dailyBudget: number | null;
}

/** The model, or a real ledger with what the world and its checker want of it besides. All amounts are of one day's zone, UTC. */
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
  readonly dayMs: number;
  /** After its end, until which a lease may still be billed, ms. */
  readonly billingHorizonMs: number;
}

interface ModelAccount {
  readonly terms: ModelAccountTerms;
  budget: number;
  status: 'active' | 'paused' | 'ended';
  epoch: number;
  tranche: ModelTranche | null;
  available: number;
  spent: number;
  absorbed: number;
  /** Out of the budget, by the day that it was taken on. */
  readonly takenByDay: Map<number, number>;
}

interface ModelTranche {
  readonly epoch: number;
  readonly amount: number;
  readonly day: number;
  parked: number;
}

interface ModelLease {
  readonly grant: LeaseGrant;
  readonly day: number;
  readonly endsAtMs: number;
  /** Neither billed nor back in the budget: reservations are within. */
  held: number;
  reserved: number;
  isClosed: boolean;
}

interface ModelReservation {
  readonly reservation: Reservation;
  state: 'open' | 'released' | 'billed';
}

export class LedgerModel implements LedgerUnderTest {
  readonly dayMs: number;
  readonly transfers: Transfer[] = [];
  readonly #options: LedgerModelOptions;
  readonly #accounts = new Map<string, ModelAccount>();
  readonly #leases = new Map<string, ModelLease>();
  readonly #reservations = new Map<string, ModelReservation>();
  readonly #bills = new Set<string>();

  constructor(options: LedgerModelOptions) {
    this.#options = options;
    this.dayMs = options.dayMs;
  }

  addAccount(terms: ModelAccountTerms): void {
    this.#accounts.set(terms.accountId, {
      terms,
      budget: terms.budget,
      status: 'active',
      epoch: 0,
      tranche: null,
      available: terms.budget,
      spent: 0,
      absorbed: 0,
      takenByDay: new Map(),
    });
    this.#record(terms.accountId, 'advertiser', 'budget', terms.budget);
  }

  /** What is out already stays out; what is parked comes back when the budget no longer covers it. */
  setBudget(accountId: string, budget: number): void {
    const account = this.#accounts.get(accountId)!;
    this.#record(accountId, 'advertiser', 'budget', budget - account.budget);
    account.available += budget - account.budget;
    account.budget = budget;
    if (account.available < 0) this.#closeOpenTranche(account);
  }

  setStatus(accountId: string, status: 'active' | 'paused' | 'ended'): void {
    const account = this.#accounts.get(accountId)!;
    account.status = status;
    if (status !== 'active') this.#closeOpenTranche(account);
  }

  liveLease(key: LeaseKey): { readonly amount: number } | null {
    const lease = this.#leases.get(leaseName(key));
    return lease === undefined || lease.isClosed || this.#options.nowMs() >= lease.endsAtMs ? null : lease.grant;
  }

  readonly openTranche = async (wanted: TrancheWanted): Promise<Tranche | TrancheRefusal> => {
    const account = this.#accounts.get(wanted.accountId);
    if (account === undefined) return 'unknown-account';
    const current = account.tranche;
    const isLost = wanted.afterEpoch === 0 && current !== null && current.parked < current.amount;
    const isNewer = current !== null && current.epoch > wanted.afterEpoch;
    const isShared = isNewer && !isLost && current.day === this.#day();
    if (!isShared) this.#closeOpenTranche(account);
    if (account.status !== 'active') return account.status;
    if (isShared) return this.#describe(account, current);
    const amount = Math.min(wanted.amount, this.#grantable(account));
    if (amount < wanted.amountMin) return 'exhausted';
    account.epoch = Math.max(account.epoch, wanted.afterEpoch) + 1;
    const tranche: ModelTranche = { epoch: account.epoch, amount, day: this.#day(), parked: amount };
    account.tranche = tranche;
    account.available -= amount;
    account.takenByDay.set(tranche.day, (account.takenByDay.get(tranche.day) ?? 0) + amount);
    this.#record(wanted.accountId, 'budget', `tranche ${tranche.epoch}`, amount);
    return this.#describe(account, tranche);
  };

  readonly closeTranche = async (accountId: string, epoch: number): Promise<void> => {
    const account = this.#accounts.get(accountId);
    if (account?.tranche?.epoch === epoch) this.#closeOpenTranche(account);
  };

  readonly confirmLeases = async (grants: readonly LeaseGrant[]): Promise<readonly LeaseConfirmation[]> =>
    grants.map((grant) => this.#confirm(grant));

  readonly closeLease = async (key: LeaseKey, unspent: number): Promise<void> => {
    const lease = this.#leases.get(leaseName(key));
    if (lease === undefined || lease.isClosed) return;
    lease.isClosed = true;
    this.#giveBack(lease, Math.min(unspent, lease.held - lease.reserved));
  };

  readonly reserve = async (reservations: readonly Reservation[]): Promise<void> => {
    for (const reservation of reservations) {
      const lease = this.#leases.get(leaseName(reservation));
      if (lease === undefined || this.#reservations.has(reservation.key)) continue;
      if (lease.held - lease.reserved < reservation.amount) continue;
      lease.reserved += reservation.amount;
      this.#reservations.set(reservation.key, { reservation, state: 'open' });
    }
  };

  readonly charges = async (keys: readonly string[]): Promise<readonly KnownCharge[]> =>
    keys.flatMap((key) => this.#reservations.get(key)?.reservation ?? []);

  readonly bill = async (bills: readonly Bill[]): Promise<readonly BillResult[]> =>
    bills.map((bill) => this.#bill(bill));

  readonly release = async (keys: readonly string[]): Promise<void> => {
    for (const key of keys) {
      const found = this.#reservations.get(key);
      if (found?.state === 'open') this.#release(found);
    }
  };

  readonly sweep = async (nowMs: number): Promise<{ readonly reservations: number; readonly leases: number }> => {
    let reservations = 0;
    for (const found of this.#reservations.values()) {
      if (found.state !== 'open' || found.reservation.expiresAtMs > nowMs) continue;
      this.#release(found);
      reservations++;
    }
    let leases = 0;
    for (const lease of this.#leases.values()) {
      if (lease.held === 0 || lease.endsAtMs + this.#options.billingHorizonMs > nowMs) continue;
      lease.isClosed = true;
      this.#giveBack(lease, lease.held);
      leases++;
    }
    return { reservations, leases };
  };

  readonly figures = async (accountIds: readonly string[]): Promise<readonly AccountFigures[]> =>
    accountIds.flatMap((accountId) => {
      const account = this.#accounts.get(accountId);
      if (account === undefined) return [];
      let held = 0;
      let reserved = 0;
      for (const lease of this.#leases.values()) {
        if (lease.grant.accountId !== accountId) continue;
        held += lease.held;
        reserved += lease.reserved;
      }
      return {
        accountId,
        unit: account.terms.unit,
        budget: BigInt(account.budget),
        available: BigInt(account.available),
        leased: BigInt(held - reserved + (account.tranche?.parked ?? 0)),
        reserved: BigInt(reserved),
        spent: BigInt(account.spent),
        absorbed: BigInt(account.absorbed),
      };
    });

  readonly close = async (): Promise<void> => {};

  #confirm(grant: LeaseGrant): LeaseConfirmation {
    const nowMs = this.#options.nowMs();
    const before = this.#leases.get(leaseName(grant));
    if (before !== undefined) {
      const isSame = before.grant.requestId === grant.requestId && before.grant.amount === grant.amount;
      if (!isSame || before.isClosed) return { kind: 'fenced' };
      return { kind: 'live', termMs: Math.max(0, before.endsAtMs - nowMs) };
    }
    const account = this.#accounts.get(grant.accountId);
    const tranche = account?.tranche;
    if (tranche?.epoch !== grant.epoch || tranche.day !== this.#day() || tranche.parked < grant.amount) {
      return { kind: 'fenced' };
    }
    tranche.parked -= grant.amount;
    const termMs = Math.min(grant.termMs, this.#dayEndsAtMs(tranche.day) - nowMs);
    const lease = {
      grant,
      day: tranche.day,
      endsAtMs: nowMs + termMs,
      held: grant.amount,
      reserved: 0,
      isClosed: false,
    };
    this.#leases.set(leaseName(grant), lease);
    this.#record(grant.accountId, `tranche ${grant.epoch}`, leaseName(grant), grant.amount);
    return { kind: 'live', termMs };
  }

  #bill(bill: Bill): BillResult {
    if (this.#bills.has(bill.key)) return 'repeated';
    const found = this.#reservations.get(bill.key);
    if (found?.state === 'released') return 'released-before';
    this.#bills.add(bill.key);
    const account = this.#accounts.get(bill.accountId)!;
    const lease = this.#leases.get(leaseName(bill));
    const isReserved = found?.state === 'open';
    const free = lease === undefined ? 0 : lease.held - lease.reserved + (isReserved ? found.reservation.amount : 0);
    if (isReserved) {
      found.state = 'billed';
      lease!.reserved -= found.reservation.amount;
    }
    if (lease === undefined || free < bill.amount) {
      account.absorbed += bill.amount;
      this.#record(bill.accountId, 'absorbed-cost', 'publisher', bill.amount);
      return 'absorbed';
    }
    lease.held -= bill.amount;
    account.spent += bill.amount;
    this.#record(bill.accountId, leaseName(bill), 'spent', bill.amount);
    return 'billed';
  }

  #release(found: ModelReservation): void {
    const lease = this.#leases.get(leaseName(found.reservation))!;
    found.state = 'released';
    lease.reserved -= found.reservation.amount;
    if (lease.isClosed) this.#giveBack(lease, found.reservation.amount);
  }

  #giveBack(lease: ModelLease, amount: number): void {
    const { accountId } = lease.grant;
    lease.held -= amount;
    this.#return(this.#accounts.get(accountId)!, lease.day, amount);
    this.#record(accountId, leaseName(lease.grant), 'budget', amount);
  }

  #closeOpenTranche(account: ModelAccount): void {
    const { tranche } = account;
    if (tranche === null) return;
    account.tranche = null;
    this.#return(account, tranche.day, tranche.parked);
    this.#record(account.terms.accountId, `tranche ${tranche.epoch}`, 'budget', tranche.parked);
  }

  #return(account: ModelAccount, day: number, amount: number): void {
    account.available += amount;
    account.takenByDay.set(day, account.takenByDay.get(day)! - amount);
  }

  #grantable(account: ModelAccount): number {
    const { dailyBudget } = account.terms;
    if (dailyBudget === null) return account.available;
    return Math.min(account.available, dailyBudget - (account.takenByDay.get(this.#day()) ?? 0));
  }

  #describe(account: ModelAccount, { epoch, amount, day }: ModelTranche): Tranche {
    const { accountId, dailyBudget } = account.terms;
    const notAfterMs = dailyBudget === null ? null : this.#dayEndsAtMs(day);
    return { accountId, epoch, amount, budgetLeft: Math.max(0, this.#grantable(account)), notAfterMs };
  }

  #day(): number {
    return Math.floor(this.#options.nowMs() / this.#options.dayMs);
  }

  #dayEndsAtMs(day: number): number {
    return (day + 1) * this.#options.dayMs;
  }

  #record(accountId: string, from: string, to: string, amount: number): void {
    if (amount !== 0) this.transfers.push({ atMs: this.#options.nowMs(), accountId, from, to, amount });
  }
}

function leaseName({ accountId, epoch, sequence }: LeaseKey): string {
  return `lease ${accountId} ${epoch}.${sequence}`;
}
