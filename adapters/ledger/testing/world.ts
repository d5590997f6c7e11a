/** A ledger under a clock of its own, with the words that tests of it use. */

import { LedgerModel } from '../../../engine/budget/testing/ledger-model.ts';
import type {
  Bill,
  BillResult,
  BudgetLedger,
  LeaseConfirmation,
  LeaseGrant,
  OutcomeReport,
  ReportResult,
  Tranche,
  TrancheWanted,
} from '../../../engine/ports/budget-ledger.ts';
import { type AccountTerms, setAccountTerms } from '../accounts.ts';
import { checkLedger } from '../checks.ts';
import type { Database } from '../database.ts';
import { openBudgetLedger } from '../ledger.ts';
import type { TestDatabase } from './databases.ts';

/** 2026-03-10 12:00 UTC, a Tuesday. */
export const START_MS = Date.UTC(2026, 2, 10, 12);
export const HORIZON_MS = 60_000;
export const FEE_PPM = 200_000;
/** Of what is waited for, at most. */
export const BACKLOG_MS = 3_600_000;
/** Few, so that they can be seen to find no room. */
const REPORTS_MAX = 3;

/** Whatever keeps the books. */
export abstract class AnyLedgerWorld {
  nowMs = START_MS;
  abstract readonly ledger: BudgetLedger;
  #requests = 0;
  /** Of the latest tranche given, by account: the next is asked for as by who used it up. */
  readonly #epochs = new Map<string, number>();

  /** Of `c1`: 1000 nanos of US dollars in UTC, without end, but for the changes. */
  async setTerms(changes: Partial<AccountTerms> = {}): Promise<void> {
    await this.setAllTerms({
      accountId: 'c1',
      unit: 'nanos',
      currency: 'USD',
      timeZone: 'UTC',
      status: 'active',
      endAtMs: null,
      budget: 1000n,
      dailyBudget: null,
      ...changes,
    });
  }

  protected abstract setAllTerms(terms: AccountTerms): Promise<void>;

  /** What is wrong with the books by themselves. */
  abstract problems(): Promise<readonly object[]>;

  abstract dispose(): Promise<void>;

  nextRequestId(): string {
    this.#requests += 1;
    return `request-${this.#requests}`;
  }

  wanted(amount: number, changes: Partial<TrancheWanted> = {}): TrancheWanted {
    const accountId = changes.accountId ?? 'c1';
    const afterEpoch = this.#epochs.get(accountId) ?? 0;
    return { accountId, amount, amountMin: 1, afterEpoch, ...changes };
  }

  async openTranche(amount: number, accountId = 'c1'): Promise<Tranche> {
    const tranche = await this.ledger.openTranche(this.wanted(amount, { accountId }));
    if (typeof tranche === 'string') throw new Error(tranche);
    this.#epochs.set(accountId, tranche.epoch);
    return tranche;
  }

  grant(tranche: Pick<Tranche, 'accountId' | 'epoch'>, changes: Partial<LeaseGrant> = {}): LeaseGrant {
    const { accountId, epoch } = tranche;
    const requestId = this.nextRequestId();
    return { accountId, epoch, sequence: 1, requestId, processId: 'p1', amount: 100, termMs: 10_000, ...changes };
  }

  async confirm(grant: LeaseGrant): Promise<LeaseConfirmation['kind']> {
    const [confirmation] = await this.ledger.confirmLeases([grant]);
    return confirmation!.kind;
  }

  /** A live lease of a tranche of its own. */
  async lease(amount: number, accountId = 'c1'): Promise<LeaseGrant> {
    const grant = this.grant(await this.openTranche(amount, accountId), { amount });
    if ((await this.confirm(grant)) !== 'live') throw new Error('fenced');
    return grant;
  }

  billOf({ accountId, epoch, sequence }: LeaseGrant, key: string, amount: number): Bill {
    return { accountId, epoch, sequence, key, amount, publisherId: 'pub1', atMs: this.nowMs };
  }

  async bill(lease: LeaseGrant, key: string, amount: number): Promise<BillResult> {
    const [result] = await this.ledger.bill([this.billOf(lease, key, amount)]);
    return result!;
  }

  reserve(
    { accountId, epoch, sequence }: LeaseGrant,
    key: string,
    amount: number,
    heldMs = 5000,
  ): Promise<readonly BillResult[]> {
    return this.ledger.reserve([{ accountId, epoch, sequence, key, amount, publisherId: 'pub', heldMs }]);
  }

  share({ accountId, epoch, sequence }: LeaseGrant, key: string, amount: number, forMs: number) {
    const known = { accountId, epoch, sequence, key, amount, publisherId: 'pub' };
    return this.ledger.reserve([{ ...known, heldMs: forMs, isShared: true }]);
  }

  reportOf(key: string, mayBecomeKnown = true): OutcomeReport {
    return { key, atMs: this.nowMs, mayBecomeKnown };
  }

  async report(key: string): Promise<ReportResult> {
    const [result] = await this.ledger.billReports([this.reportOf(key)]);
    return result!;
  }

  /** Balances as numbers. */
  async figures(accountId = 'c1'): Promise<Record<string, number>> {
    const [figures] = await this.ledger.figures([accountId]);
    const { budget, available, leased, reserved, spent, absorbed } = figures!;
    return Object.fromEntries(
      Object.entries({ budget, available, leased, reserved, spent, absorbed }).map(([name, of]) => [name, Number(of)]),
    );
  }
}

/** On a database. */
export class LedgerWorld extends AnyLedgerWorld {
  readonly database: Database;
  readonly ledger: BudgetLedger;
  /** Holds that ended too early, and until when events were booked. */
  readonly overruns: [number, number][] = [];
  readonly #test: TestDatabase;

  constructor(test: TestDatabase) {
    super();
    this.#test = test;
    this.database = test.database;
    this.ledger = this.openLedger(test.database);
  }

  /** As of another process. */
  anotherLedger(): BudgetLedger {
    return this.openLedger(this.#test.another());
  }

  openLedger(database: Database): BudgetLedger {
    return openBudgetLedger(database, {
      processId: 'test',
      billingHorizonMs: HORIZON_MS,
      feePpm: FEE_PPM,
      reportsMax: REPORTS_MAX,
      nowMs: () => this.nowMs,
      backlog: { maxMs: BACKLOG_MS, onOverrun: (...overrun) => this.overruns.push(overrun) },
    });
  }

  protected async setAllTerms(terms: AccountTerms): Promise<void> {
    await this.database.transaction((tx) => setAccountTerms(tx, [terms], { actor: 'tester', nowMs: this.nowMs }));
  }

  problems(): ReturnType<typeof checkLedger> {
    return checkLedger(this.database);
  }

  dispose(): Promise<void> {
    return this.#test.dispose();
  }
}

/** The model that others are tested with. */
export class ModelWorld extends AnyLedgerWorld {
  readonly ledger: LedgerModel;
  readonly #known = new Set<string>();

  constructor() {
    super();
    this.ledger = new LedgerModel({
      nowMs: () => this.nowMs,
      dayMs: 86_400_000,
      billingHorizonMs: HORIZON_MS,
      reportsMax: REPORTS_MAX,
    });
  }

  protected async setAllTerms({ accountId, currency: _, budget, dailyBudget, ...terms }: AccountTerms): Promise<void> {
    const numbers = { budget: Number(budget), dailyBudget: dailyBudget === null ? null : Number(dailyBudget) };
    if (this.#known.has(accountId)) this.ledger.setTerms({ accountId, ...numbers, ...terms });
    else this.ledger.addAccount({ accountId, ...numbers, ...terms });
    this.#known.add(accountId);
  }

  /** Every balance of an account is at least nothing, and all of its budget is somewhere. */
  async problems(): Promise<readonly object[]> {
    const figures = await this.ledger.figures([...this.#known]);
    return figures.filter(({ budget, available, leased, reserved, spent, absorbed }) => {
      const funded = available + leased + reserved + spent;
      const isShort = [available, leased, reserved, spent, absorbed].some((balance) => balance < 0n);
      return isShort || funded < budget || (funded > budget && available > 0n);
    });
  }

  async dispose(): Promise<void> {}
}
