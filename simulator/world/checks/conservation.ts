/** O1: nothing is spent that was not there, and at the end the books are what their journal says. */
import type { AccountAtRest, LeaseName, MoneyPlace, Observation } from '../history.ts';
import type { Check, Verdict } from './check.ts';

type Transfer = Extract<Observation, { kind: 'transfer' }>;
type Receivable = Extract<Observation, { kind: 'receivable' }>;

export const conservation: Check = {
  id: 'O1',
  name: 'conservation of money',
  judge: ({ observations, rest }, verdict) => {
    const journal = new Journal(verdict);
    for (const seen of observations) {
      if (seen.kind === 'transfer') journal.apply(seen);
      else if (seen.kind === 'receivable') judgeReceivable(seen, verdict);
    }
    for (const account of rest?.accounts ?? []) journal.compare(account);
  },
};

/** Outside of budgets: these may go below zero. */
const OUTSIDE: ReadonlySet<MoneyPlace> = new Set(['advertiser', 'absorbed']);

class Journal {
  readonly #verdict: Verdict;
  readonly #balances = new Map<string, number>();

  constructor(verdict: Verdict) {
    this.#verdict = verdict;
  }

  apply({ accountId, from, to, amount, lease, atMs }: Transfer): void {
    const verdict = this.#verdict;
    verdict.expect(Number.isSafeInteger(amount) && amount > 0, () => `${accountId}: ${amount} from ${from} to ${to}`);
    const rest = this.#move(`${accountId} ${from}`, -amount);
    if (!OUTSIDE.has(from)) {
      verdict.expect(rest >= 0, () => `${accountId} at ${atMs} ms: ${amount} from ${from}, which is short of ${-rest}`);
    }
    this.#move(`${accountId} ${to}`, amount);
    if (lease === null) return;
    const name = leaseText(accountId, lease);
    if (to === 'leased') this.#move(name, amount);
    else if (from === 'leased') {
      const held = this.#move(name, -amount);
      verdict.expect(held >= 0, () => `${name} at ${atMs} ms: ${amount} taken, which it is short of by ${-held}`);
    }
  }

  compare(account: AccountAtRest): void {
    const { accountId, budget, available, leased, reserved, spent, absorbed } = account;
    const verdict = this.#verdict;
    const total = available + leased + reserved + spent;
    // More than the budget only after a cut below what was out by then; nothing is free then.
    verdict.expect(
      total === budget || (total > budget && available === 0),
      () => `${accountId}: a budget of ${budget} is ${total} by its parts`,
    );
    const journal = (place: MoneyPlace): number => this.#balances.get(`${accountId} ${place}`) ?? 0;
    const pairs: readonly (readonly [string, number, number])[] = [
      ['available', available, journal('available')],
      ['leased', leased, journal('tranched') + journal('leased')],
      ['reserved', reserved, journal('reserved')],
      ['spent', spent, journal('spent')],
      ['absorbed', absorbed, -journal('absorbed')],
    ];
    for (const [place, said, moved] of pairs) {
      verdict.expect(said === moved, () => `${accountId}: ${place} is ${said}, by the journal ${moved}`);
    }
  }

  #move(name: string, amount: number): number {
    const balance = (this.#balances.get(name) ?? 0) + amount;
    this.#balances.set(name, balance);
    return balance;
  }
}

export function leaseText(accountId: string, { epoch, sequence }: Omit<LeaseName, 'processId'>): string {
  return `lease ${accountId} ${epoch}.${sequence}`;
}

function judgeReceivable({ key, amount, publisherPayable, exchangeFee }: Receivable, verdict: Verdict): void {
  verdict.expect(
    amount === publisherPayable + exchangeFee && publisherPayable >= 0 && exchangeFee >= 0,
    () => `${key}: a DSP owes ${amount}, ${publisherPayable} and ${exchangeFee} are had`,
  );
}
