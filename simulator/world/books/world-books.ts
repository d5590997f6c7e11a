/**
 * The PostgreSQL of a world, with the product's own books in it: what they decide, the product decides; only the tables are a
 * stand-in. Each process has a way of its own to it.
 */
import {
  type Books,
  type CampaignDelivery,
  campaignDelivery,
  MemoryDatabase,
  type RowChange,
  sqlBooks,
  type TransferRow,
} from '../../../compose.ts';
import type { AccountAtRest, MoneyObservation } from '../history.ts';
import { directLink, type Link } from '../link.ts';
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

  campaignIds(): readonly string[] {
    return [...this.#database.tables.campaign.rows()].map(({ id }) => id).sort();
  }

  /** As the admin API has it; null: there is no such campaign. `atMs`: epoch. */
  delivery(campaignId: string, atMs: number): Promise<CampaignDelivery | null> {
    const { store, reports, figures, traffic } = this.over(directLink);
    return campaignDelivery({ store, reports, figures, traffic, nowMs: () => atMs }, campaignId, {});
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
