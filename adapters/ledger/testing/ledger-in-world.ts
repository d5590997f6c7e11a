/** The real ledger as the world of leases wants it: under virtual time, its journal read after each call. */

import type { OpenLedger } from '../../../engine/budget/testing/lease-world.ts';
import type { LedgerUnderTest, ModelAccountTerms, Transfer } from '../../../engine/budget/testing/ledger-model.ts';
import type { VirtualTime } from '../../../engine/budget/testing/virtual-time.ts';
import { WORLD } from '../../../engine/budget/testing/world-options.ts';
import type { BudgetLedger, LeaseKey } from '../../../engine/ports/budget-ledger.ts';
import { setAccountTerms } from '../accounts.ts';
import type { Database } from '../database.ts';
import { openBudgetLedger } from '../ledger.ts';

const DAY_MS = 86_400_000;
/** Real days are long: one ends in the middle of the run. */
const START_MS = Date.UTC(2026, 2, 11) - WORLD.endsAtMs / 2;

export function ledgerInWorld(database: Database): OpenLedger {
  return async (time) => new LedgerInWorld(database, time);
}

class LedgerInWorld implements LedgerUnderTest {
  readonly dayMs = DAY_MS;
  readonly transfers: Transfer[] = [];
  readonly #database: Database;
  readonly #time: VirtualTime;
  readonly #ledger: BudgetLedger;
  readonly #terms = new Map<string, Terms>();
  /** Of the last transfer read, by account: within one they commit in order. */
  readonly #readUpTo = new Map<string, bigint>();
  readonly #leases = new Map<string, { readonly amount: number; readonly endsAtMs: number }>();
  #reading: Promise<void> = Promise.resolve();

  constructor(database: Database, time: VirtualTime) {
    this.#database = database;
    this.#time = time;
    this.#ledger = openBudgetLedger(database, {
      processId: 'world',
      billingHorizonMs: WORLD.billingHorizonMs,
      feePpm: 100_000,
      nowMs: () => this.#nowMs(),
    });
  }

  readonly addAccount = async ({ accountId, ...terms }: ModelAccountTerms): Promise<void> => {
    this.#readUpTo.set(accountId, 0n);
    await this.#setTerms(accountId, { ...terms, status: 'active' });
  };

  readonly setBudget = (accountId: string, budget: number): Promise<void> =>
    this.#setTerms(accountId, { ...this.#terms.get(accountId)!, budget });

  readonly setStatus = (accountId: string, status: Terms['status']): Promise<void> =>
    this.#setTerms(accountId, { ...this.#terms.get(accountId)!, status });

  readonly liveLease: LedgerUnderTest['liveLease'] = (key) => {
    const lease = this.#leases.get(nameOf(key));
    return lease === undefined || this.#nowMs() >= lease.endsAtMs ? null : lease;
  };

  readonly openTranche: BudgetLedger['openTranche'] = (wanted) => this.#real(() => this.#ledger.openTranche(wanted));

  readonly closeTranche: BudgetLedger['closeTranche'] = (accountId, epoch) =>
    this.#real(() => this.#ledger.closeTranche(accountId, epoch));

  readonly confirmLeases: BudgetLedger['confirmLeases'] = (grants) =>
    this.#real(async () => {
      const confirmations = await this.#ledger.confirmLeases(grants);
      for (const [index, confirmation] of confirmations.entries()) {
        const grant = grants[index]!;
        if (confirmation.kind !== 'live') continue;
        this.#leases.set(nameOf(grant), { amount: grant.amount, endsAtMs: this.#nowMs() + confirmation.termMs });
      }
      return confirmations;
    });

  readonly closeLeases: BudgetLedger['closeLeases'] = (returns) =>
    this.#real(async () => {
      await this.#ledger.closeLeases(returns);
      for (const over of returns) this.#leases.delete(nameOf(over));
    });

  readonly reserve: BudgetLedger['reserve'] = (reservations) => this.#real(() => this.#ledger.reserve(reservations));

  readonly billReports: BudgetLedger['billReports'] = (reports) =>
    this.#real(() =>
      this.#ledger.billReports(reports.map((each) => ({ ...each, atMs: Math.floor(each.atMs + START_MS) }))),
    );

  readonly bill: BudgetLedger['bill'] = (bills) =>
    this.#real(() => this.#ledger.bill(bills.map((each) => ({ ...each, atMs: Math.floor(each.atMs + START_MS) }))));

  readonly release: BudgetLedger['release'] = (keys, reason) => this.#real(() => this.#ledger.release(keys, reason));

  readonly sweep: BudgetLedger['sweep'] = (nowMs) => this.#real(() => this.#ledger.sweep(nowMs + START_MS));

  readonly figures: BudgetLedger['figures'] = (accountIds) => this.#real(() => this.#ledger.figures(accountIds));

  readonly close: BudgetLedger['close'] = async () => {};

  #nowMs(): number {
    return START_MS + this.#time.nowMs;
  }

  async #setTerms(accountId: string, terms: Terms): Promise<void> {
    this.#terms.set(accountId, terms);
    const { unit, budget, dailyBudget, status } = terms;
    const wanted = {
      ...{ accountId, unit, currency: 'USD', timeZone: 'UTC', status, endAtMs: null },
      budget: BigInt(budget),
      dailyBudget: dailyBudget === null ? null : BigInt(dailyBudget),
    };
    await this.#real(() =>
      this.#database.transaction((tx) => setAccountTerms(tx, [wanted], { actor: 'world', nowMs: this.#nowMs() })),
    );
  }

  async #real<Result>(call: () => Promise<Result>): Promise<Result> {
    this.#time.realCalls++;
    try {
      const result = await call();
      this.#reading = this.#reading.then(() => this.#readJournal());
      await this.#reading;
      return result;
    } finally {
      this.#time.realCalls--;
    }
  }

  async #readJournal(): Promise<void> {
    for (const [accountId, upTo] of this.#readUpTo) {
      const rows = await this.#database.query<JournalRow>(
        'SELECT id, kind, from_book, epoch, sequence, amount, at_ms FROM transfer WHERE account_id = $1 AND id > $2 ORDER BY id',
        [accountId, upTo],
      );
      for (const row of rows) {
        const lease = `lease ${accountId} ${row.epoch}.${row.sequence}`;
        const moves = [MOVES[row.kind]?.(`tranche ${row.epoch}`, lease) ?? []];
        // What is paid past its lease is of that lease's day all the same.
        if (row.kind === 'bill' && row.from_book === 'available') moves.unshift(['budget', lease]);
        for (const [from, to] of moves) {
          if (from === undefined || to === undefined) continue;
          this.transfers.push({ atMs: Number(row.at_ms), accountId, from, to, amount: Number(row.amount) });
        }
        this.#readUpTo.set(accountId, row.id);
      }
    }
  }
}

interface Terms extends Omit<ModelAccountTerms, 'accountId'> {
  readonly status: 'active' | 'paused' | 'ended';
}

interface JournalRow extends Record<string, unknown> {
  readonly id: bigint;
  readonly kind: string;
  readonly from_book: string;
  readonly epoch: bigint | null;
  readonly sequence: bigint | null;
  readonly amount: bigint;
  readonly at_ms: bigint;
}

/** In the checker's words; what moves within a lease is none. */
const MOVES: Readonly<Record<string, (tranche: string, lease: string) => readonly string[]>> = {
  fund: () => ['advertiser', 'budget'],
  defund: () => ['budget', 'advertiser'],
  'open-tranche': (tranche) => ['budget', tranche],
  'close-tranche': (tranche) => [tranche, 'budget'],
  lease: (tranche, lease) => [tranche, lease],
  return: (_tranche, lease) => [lease, 'budget'],
  'take-back': (_tranche, lease) => ['budget', lease],
  bill: (_tranche, lease) => [lease, 'spent'],
  absorb: () => ['absorbed-cost', 'publisher'],
};

function nameOf({ accountId, epoch, sequence }: LeaseKey): string {
  return `${accountId}#${epoch}.${sequence}`;
}
