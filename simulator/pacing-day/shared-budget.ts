/**
 * A budget that several processes lease from: a stand-in for store and ledger that answers at once, around the product's
 * own lease accounts and lease sizes.
 */
import { LEASE_POLICY_DEFAULTS } from '../../engine/budget/lease-policy.ts';
import { leaseAmount } from '../../engine/budget/lease-size.ts';
import { LocalAccount } from '../../engine/budget/local-account.ts';

const LAPSE_MS = 60_000;
const DEMAND_KEPT_MS = 30_000;

export class SharedBudget {
  readonly budget: number;
  /** In no lease. */
  #unleased: number;
  #billed = 0;
  #sequence = 0;
  readonly #wanted: Float64Array;
  readonly #wantedAtMs: Float64Array;
  readonly #accounts: LocalAccount[];

  /** `priceMax`: the dearest price; 1 where impressions are counted. */
  constructor(budget: number, priceMax: number, processes: number, nowMs: number) {
    this.budget = budget;
    this.#unleased = budget;
    this.#wanted = new Float64Array(processes);
    this.#wantedAtMs = new Float64Array(processes).fill(Number.NEGATIVE_INFINITY);
    const account = (): LocalAccount => new LocalAccount('account', priceMax, LEASE_POLICY_DEFAULTS, nowMs);
    this.#accounts = Array.from({ length: processes }, account);
  }

  get unspent(): number {
    return this.budget - this.#billed;
  }

  get billed(): number {
    return this.#billed;
  }

  /** Money that is neither billed, nor leased, nor there: 0, or the leases lost or made some. */
  lost(nowMs: number): number {
    for (let process = 0; process < this.#accounts.length; process++) this.settle(process, nowMs);
    const held = this.#accounts.reduce((sum, account) => sum + account.figures(nowMs).free, 0);
    return this.budget - this.#billed - this.#unleased - held;
  }

  /** Reserves and bills one impression; false when the process has no lease for it. */
  spend(process: number, amount: number, nowMs: number): boolean {
    const account = this.#accounts[process]!;
    const key = String(this.#sequence++);
    let reservation = account.reserve(key, amount, LAPSE_MS, nowMs);
    if (typeof reservation === 'string') {
      this.#refill(process, nowMs);
      reservation = account.reserve(key, amount, LAPSE_MS, nowMs);
    }
    if (typeof reservation === 'string') return false;
    account.bill(key);
    this.#billed += amount;
    return true;
  }

  settle(process: number, nowMs: number): void {
    for (const { unspent } of this.#accounts[process]!.settle(nowMs)) this.#unleased += unspent;
  }

  #refill(process: number, nowMs: number): void {
    const account = this.#accounts[process]!;
    const need = account.need(nowMs);
    if (need === null) return;
    const { amount: wanted, amountMin, termMs, accountId } = need;
    this.#wanted[process] = wanted;
    this.#wantedAtMs[process] = nowMs;
    const share = wanted / this.#demand(nowMs);
    const amount = leaseAmount({ wanted, amountMin, share, remaining: this.#unleased, budgetLeft: 0 });
    if (amount === 0) {
      account.refused('exhausted', nowMs);
      return;
    }
    this.#unleased -= amount;
    this.#sequence += 1;
    account.accept({ accountId, epoch: 1, sequence: this.#sequence, amount, endsAtMs: nowMs + termMs }, nowMs);
  }

  #demand(nowMs: number): number {
    let demand = 0;
    for (let process = 0; process < this.#wanted.length; process++) {
      if (nowMs < this.#wantedAtMs[process]! + DEMAND_KEPT_MS) demand += this.#wanted[process]!;
    }
    return demand;
  }
}
