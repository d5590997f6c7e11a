/**
 * Judges what happened by what was recorded alone: O1 (every transfer comes from where the money is), O2 (spend is within the
 * budget at every prefix, of the day too), and that every reservation was made from a lease that was live at the ledger.
 */
import type { LocalReservation } from '../local-account.ts';
import type { LedgerUnderTest, Transfer } from './ledger-model.ts';

export class MoneyError extends Error {
  override readonly name = 'MoneyError';
}

interface CheckedAccount {
  readonly dailyBudget: number | null;
  readonly balances: Map<string, number>;
  /** Of the moment: what was out when it was cut is not spent above it. */
  budget: number;
  readonly dayOfTranche: Map<string, number>;
  readonly spentByDay: Map<number, number>;
}

export class MoneyChecker {
  readonly #ledger: LedgerUnderTest;
  readonly #accounts = new Map<string, CheckedAccount>();
  /** By lease: reserved and not released. */
  readonly #reserved = new Map<string, number>();
  #checked = 0;

  constructor(ledger: LedgerUnderTest) {
    this.#ledger = ledger;
  }

  addAccount(accountId: string, budget: number, dailyBudget: number | null): void {
    const account = {
      dailyBudget,
      balances: new Map(),
      budget,
      dayOfTranche: new Map(),
      spentByDay: new Map(),
    };
    this.#accounts.set(accountId, account);
  }

  /** Call before it is changed at the ledger. */
  budgetChanges(accountId: string, budget: number): void {
    this.check();
    this.#accounts.get(accountId)!.budget = budget;
  }

  /** Reads the transfers that are new. */
  check(): void {
    const { transfers } = this.#ledger;
    for (; this.#checked < transfers.length; this.#checked++) this.#apply(transfers[this.#checked]!);
  }

  reserved({ lease, amount }: LocalReservation, atMs: number): void {
    const name = `lease ${lease.accountId} ${lease.epoch}.${lease.sequence}`;
    const live = this.#ledger.liveLease(lease);
    if (live === null) throw new MoneyError(`${name} is spent from and not live at ${atMs}`);
    const total = (this.#reserved.get(name) ?? 0) + amount;
    this.#reserved.set(name, total);
    if (total > live.amount) throw new MoneyError(`${name} of ${live.amount} is reserved up to ${total}`);
  }

  released({ lease, amount }: LocalReservation): void {
    const name = `lease ${lease.accountId} ${lease.epoch}.${lease.sequence}`;
    this.#reserved.set(name, this.#reserved.get(name)! - amount);
  }

  /** The ledger's own figures are those of its transfers. */
  async checkFigures(): Promise<void> {
    this.check();
    for (const [accountId, { balances }] of this.#accounts) {
      const [figures] = await this.#ledger.figures([accountId]);
      const { budget, available, leased, reserved, spent } = figures!;
      const total = available + leased + reserved + spent;
      // More than the budget only after a cut below what was out, and then nothing is free.
      if (total !== budget && (total < budget || available > 0n)) throw new MoneyError(`${accountId} does not add up`);
      const outside = available - BigInt(balances.get('budget') ?? 0);
      const spending = spent - BigInt(balances.get('spent') ?? 0);
      if (outside !== 0n || spending !== 0n) throw new MoneyError(`${accountId} differs from its transfers`);
    }
  }

  #apply({ accountId, from, to, amount, atMs }: Transfer): void {
    const account = this.#accounts.get(accountId)!;
    const { balances } = account;
    const rest = (balances.get(from) ?? 0) - amount;
    const isOutside = from === 'advertiser' || from === 'absorbed-cost';
    if (rest < 0 && !isOutside)
      throw new MoneyError(`${accountId}: ${amount} from ${from}, which is short of ${-rest}`);
    balances.set(from, rest);
    balances.set(to, (balances.get(to) ?? 0) + amount);
    if (to.startsWith('tranche')) account.dayOfTranche.set(to, Math.floor(atMs / this.#ledger.dayMs));
    if (to === 'spent') this.#spend(account, accountId, from, amount);
  }

  #spend(account: CheckedAccount, accountId: string, lease: string, amount: number): void {
    const spent = account.balances.get('spent')!;
    if (spent > account.budget) throw new MoneyError(`${accountId} spent ${spent} of ${account.budget}`);
    if (account.dailyBudget === null) return;
    const epoch = lease.slice(lease.lastIndexOf(' ') + 1).split('.')[0];
    const day = account.dayOfTranche.get(`tranche ${epoch}`)!;
    const spentThen = (account.spentByDay.get(day) ?? 0) + amount;
    account.spentByDay.set(day, spentThen);
    if (spentThen > account.dailyBudget) throw new MoneyError(`${accountId} spent ${spentThen} on day ${day}`);
  }
}
