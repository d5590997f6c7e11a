/** Metrics of the archive of events (meaning: docs/metrics.md). */
import type { Registry } from 'prom-client';
import type { WrittenRows } from '../archive/raw-files.ts';
import { Counter } from './counter.ts';
import { register } from './exposition.ts';
import { Gauge } from './gauge.ts';

export class ArchiveMetrics {
  readonly #registry: Registry;
  readonly #rows;
  readonly #files;
  readonly #tooOld;
  readonly #failures;
  readonly #keepingFailures;
  readonly #damaged;

  constructor(registry: Registry) {
    this.#registry = registry;
    const counter = (name: string, help: string) => register(registry, new Counter(name, help)).cell();
    this.#rows = counter('rtb_archive_events_total', 'Events that were written to the archive.');
    this.#files = counter('rtb_archive_files_total', 'Files that events were written to.');
    this.#tooOld = counter('rtb_archive_too_old_total', 'Events left out: of hours that are no longer kept.');
    this.#failures = counter('rtb_archive_failures_total', 'Writes to the archive that failed and were tried again.');
    this.#keepingFailures = counter(
      'rtb_archive_keeping_failures_total',
      'Rounds of merging, summing up and removing that failed; the next one tries again.',
    );
    this.#damaged = counter('rtb_archive_damaged_files_total', 'Files that could not be read, and were set aside.');
  }

  readWaitingFrom(count: () => number): void {
    const gauge = new Gauge('rtb_archive_events_waiting', 'Events that wait to be written to the archive.');
    register(this.#registry, gauge).readFrom(count);
  }

  readonly onWritten = ({ rows, files, tooOld }: WrittenRows): void => {
    this.#rows.add(rows);
    this.#files.add(files);
    this.#tooOld.add(tooOld);
  };

  readonly onFailure = (): void => this.#failures.add();

  readonly onKeepingFailed = (): void => this.#keepingFailures.add();

  readonly onDamaged = (): void => this.#damaged.add();
}
