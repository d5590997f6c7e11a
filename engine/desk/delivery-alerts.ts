/**
 * Which accounts people should look at, as far as one process knows: little of the budget left, or behind plan. Both are
 * of all processes, since they are judged by the ledger's figures.
 */
import type { SpendingAccount } from '../budget/spending-account.ts';

export interface AlertLimits {
  /** Of the budget: below this the balance is low. */
  readonly lowBalanceShare: number;
  /** Of the plan: below this it delivers too little. */
  readonly paceMin: number;
}

export interface Alert {
  readonly count: number;
  /** Accounts, the worst first; at most `NAMED_MAX`. */
  readonly accountIds: readonly string[];
}

export interface DeliveryAlerts {
  readonly lowBalance: Alert;
  readonly underDelivery: Alert;
}

export const NAMED_MAX = 5;

/** `nowMs`: wall clock. What is switched off, has not begun or has ended is nobody's concern. */
export function deliveryAlerts(
  accounts: Iterable<Pick<SpendingAccount, 'plan' | 'standing'>>,
  { lowBalanceShare, paceMin }: AlertLimits,
  nowMs: number,
): DeliveryAlerts {
  const low = new Worst();
  const behind = new Worst();
  for (const { plan, standing } of accounts) {
    const { startAt, endAt } = plan.flight;
    if (standing === null || !plan.isSwitchedOn || nowMs < startAt || (endAt !== null && nowMs >= endAt)) continue;
    const { leftShare, pace } = standing;
    if (leftShare < lowBalanceShare) low.add(plan.accountId, leftShare);
    // Without money it is not behind: it has delivered.
    if (pace !== null && pace < paceMin && leftShare > 0) behind.add(plan.accountId, pace);
  }
  return { lowBalance: low.alert, underDelivery: behind.alert };
}

class Worst {
  readonly #named: { readonly accountId: string; readonly figure: number }[] = [];
  #count = 0;

  add(accountId: string, figure: number): void {
    this.#count++;
    const named = this.#named;
    if (named.length === NAMED_MAX && figure >= named.at(-1)!.figure) return;
    const place = named.findIndex((other) => figure < other.figure);
    named.splice(place === -1 ? named.length : place, 0, { accountId, figure });
    if (named.length > NAMED_MAX) named.pop();
  }

  get alert(): Alert {
    return { count: this.#count, accountIds: this.#named.map(({ accountId }) => accountId) };
  }
}
