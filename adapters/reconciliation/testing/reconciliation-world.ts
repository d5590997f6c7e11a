/** Books, their consumer and an archive, fed with the same events, by hand. */
import type { OutcomeEvent } from '../../../engine/events/outcome-events.ts';
import type { SourcedEvent } from '../../../engine/ports/event-source.ts';
import type { ChargeReconciliation, Difference } from '../../../engine/reconciliation/charge-verdict.ts';
import { writeRawFiles } from '../../archive/raw-files.ts';
import { openTestArchive, type TestArchive } from '../../archive/testing/archive-folder.ts';
import { BILLABLE_MS, openTestBooks, sourced, TestConsumer } from '../../ledger/testing/billing-world.ts';
import type { TestDatabase } from '../../ledger/testing/databases.ts';
import { FEE_PPM, LedgerWorld, START_MS } from '../../ledger/testing/world.ts';
import type { PaidWithinMs } from '../archived-charges.ts';
import { type ChargeReconciliationOptions, reconcileCharges } from '../reconcile-charges.ts';

export const SOURCE = 'log';
export const HOUR_MS = 3_600_000;
export const PAID_WITHIN_MS = Object.fromEntries(
  ['click', 'conversion', 'banner', 'audio', 'video', 'native'].map((name) => [name, BILLABLE_MS]),
) as unknown as PaidWithinMs;

export class ReconciliationWorld extends LedgerWorld {
  readonly consumer = new TestConsumer(openTestBooks(this.database, SOURCE));
  readonly archive: TestArchive;
  #offset = 0;

  private constructor(test: TestDatabase, archive: TestArchive) {
    super(test);
    this.archive = archive;
  }

  static async open(test: TestDatabase): Promise<ReconciliationWorld> {
    const world = new ReconciliationWorld(test, await openTestArchive());
    await world.consumer.consumer.positionOf(0);
    return world;
  }

  /** As they stand in the log. */
  logged(events: readonly OutcomeEvent[]): SourcedEvent[] {
    return events.map((event) => sourced(event, this.#offset++));
  }

  /** To books and archive, each once. */
  async takeBoth(...events: OutcomeEvent[]): Promise<void> {
    const stored = this.logged(events);
    await this.consumer.take(stored);
    await this.archiveEvents(stored);
  }

  async archiveEvents(stored: readonly SourcedEvent[]): Promise<void> {
    const events = stored.map((event) => ({ ...event, partition: 0 }));
    const { db, folder } = this.archive;
    await writeRawFiles(db, folder, events, { nowMs: this.nowMs, keptFromMs: 0 });
  }

  /** The hour around `START_MS`, looked at a day later, but for the changes. */
  reconcile(changes: Partial<ChargeReconciliationOptions> = {}): Promise<ChargeReconciliation> {
    return reconcileCharges({
      books: this.database,
      archive: this.archive.folder,
      window: { fromMs: START_MS, toMs: START_MS + HOUR_MS },
      source: SOURCE,
      feePpm: FEE_PPM,
      paidWithinMs: PAID_WITHIN_MS,
      nowMs: START_MS + 24 * HOUR_MS,
      settleMs: 900_000,
      bounds: { threads: 1, memoryBytesMax: 256 * 1024 * 1024 },
      differencesMax: 100,
      ...changes,
    });
  }

  async differences(changes: Partial<ChargeReconciliationOptions> = {}): Promise<Record<string, Difference>> {
    const { differences } = await this.reconcile(changes);
    return Object.fromEntries(differences.map(({ key, verdict }) => [key, verdict]));
  }

  /** As somebody does who may do anything. */
  async tamper(sql: string): Promise<void> {
    const tables = ['transfer', 'dsp_transfer'];
    await this.database.script(
      [
        ...tables.map((table) => `ALTER TABLE ${table} DISABLE TRIGGER append_only`),
        sql,
        ...tables.map((table) => `ALTER TABLE ${table} ENABLE TRIGGER append_only`),
      ].join(';\n'),
    );
  }

  override async dispose(): Promise<void> {
    await this.archive.dispose();
    await super.dispose();
  }
}
