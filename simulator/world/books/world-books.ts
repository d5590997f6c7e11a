/**
 * The PostgreSQL of a world, with the product's own books in it: what they decide, the product decides; only the tables are a
 * stand-in. Each process has a way of its own to it.
 */
import { type Books, MemoryDatabase, type RowChange, sqlBooks, type TransferRow } from '../../../compose.ts';
import { CampaignStoreError } from '../../../engine/ports/campaign-store.ts';
import { ScenarioError } from '../../scenario-file.ts';
import type { AccountAtRest, MoneyObservation } from '../history.ts';
import { directLink, type Link } from '../link.ts';
import type { WorldScenario } from '../scenario.ts';
import { placeOf, writesOf } from './booking-file.ts';
import { ledgerHash } from './ledger-hash.ts';
import { linkedDatabase } from './linked-database.ts';
import { moneyObservations } from './money-observations.ts';

export interface WorldBooksOptions {
  /** Its own clock, epoch ms: all money is by it. */
  readonly wallMs: () => number;
  /** Virtual, since the start of the world, ms: when something is seen. */
  readonly atMs: () => number;
  /** Each in the moment of its commit, in order. */
  readonly onMoney: (seen: MoneyObservation) => void;
}

export class WorldBooks {
  readonly #options: WorldBooksOptions;
  readonly #database: MemoryDatabase;

  constructor(options: WorldBooksOptions) {
    this.#options = options;
    this.#database = new MemoryDatabase({ nowMs: options.wallMs, onCommit: (changes) => this.#committed(changes) });
  }

  /** For one life of a process. */
  over(link: Link): Books {
    return sqlBooks(linkedDatabase(this.#database, link));
  }

  /** What the advertisers of a world have booked before it begins. Rejects with a `ScenarioError` when it does not fit together. */
  async book({ name, campaigns, startAt }: Pick<WorldScenario, 'name' | 'campaigns' | 'startAt'>): Promise<void> {
    try {
      await this.over(directLink).store.write(writesOf(campaigns, startAt), 'scenario');
    } catch (error) {
      if (!(error instanceof CampaignStoreError)) throw error;
      const [list, index] = placeOf(campaigns, error.index);
      throw new ScenarioError(`scenario "${name}"`, `campaigns.${list}[${index}]`, null, error.message);
    }
  }

  /** By their own balances. */
  accounts(): readonly AccountAtRest[] {
    return [...this.#database.tables.account.rows()].map((account) => ({
      accountId: account.id,
      budget: Number(account.budget),
      available: Number(account.available),
      leased: Number(account.tranched + account.leased),
      reserved: Number(account.reserved),
      spent: Number(account.spent),
      absorbed: Number(account.absorbed),
    }));
  }

  /** As `RunRecord.ledgerHash`. */
  ledgerHash(): string {
    return ledgerHash(this.#database.tables);
  }

  #committed(changes: readonly RowChange[]): void {
    const { atMs, onMoney } = this.#options;
    const processOf = (lease: Pick<TransferRow, 'account_id' | 'epoch' | 'sequence'>): string =>
      this.#database.tables.lease.find(lease)?.process_id ?? '';
    for (const seen of moneyObservations({ atMs: atMs(), changes, processOf })) onMoney(seen);
  }
}
