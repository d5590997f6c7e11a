/** Metrics of what is made of stored events (meaning: docs/metrics.md). */
import type { Registry } from 'prom-client';
import { OUTCOME_TYPES, type OutcomeType } from '../../engine/estimation/quality/awaited-outcomes.ts';
import type { BillingObserver } from '../../engine/events/billing-consumer.ts';
import type { FilterObserver } from '../../engine/events/filtered-books.ts';
import type { BillResult } from '../../engine/ports/budget-ledger.ts';
import type { Booked, Bookings, DeadLetter } from '../../engine/ports/event-books.ts';
import { Counter, CountersByLabel, cellsBy } from './counter.ts';
import { register } from './exposition.ts';
import { Gauge } from './gauge.ts';
import { Histogram } from './histogram.ts';

const RESULTS = [
  'billed',
  'absorbed',
  'repeated',
  'released-before',
  'unknown-account',
  'unknown-sale',
  'late',
] as const satisfies readonly (BillResult | 'unknown-sale' | 'late')[];
const ROWS_BOUNDS = [1, 10, 100, 500, 1000, 2000, 5000, 10_000];
/** `DeadLetter.reason`: few, and all ours. */
const REASONS_MAX = 16;

export class ConsumerMetrics {
  readonly #registry: Registry;
  readonly #house;
  readonly #dsp;
  readonly #duplicates;
  readonly #rows;
  readonly #deadLetters;
  readonly #fenced;
  readonly #failures;

  constructor(registry: Registry) {
    this.#registry = registry;
    const counter = (name: string, help: string) => register(registry, new Counter(name, help));
    const billed = counter('rtb_events_billed_total', 'Events that ads are paid by, by what they were billed as.');
    this.#house = cellsBy(billed, 'result', RESULTS, { payer: 'house' });
    this.#dsp = cellsBy(billed, 'result', RESULTS, { payer: 'dsp' });
    const duplicates = counter('rtb_event_duplicates_total', 'Events whose like was billed before.');
    this.#duplicates = cellsBy(duplicates, 'type', OUTCOME_TYPES);
    const rows = new Histogram('rtb_ledger_batch_rows', 'Bookings in one transaction.', ROWS_BOUNDS);
    this.#rows = register(registry, rows).cell();
    const letters = counter('rtb_event_dead_letters_total', 'Events that were set aside; somebody has to look.');
    this.#deadLetters = new CountersByLabel(letters, { label: 'reason', valuesMax: REASONS_MAX });
    this.#fenced = counter(
      'rtb_consumer_fenced_total',
      'Batches refused since another process had the partition.',
    ).cell();
    this.#failures = counter(
      'rtb_consumer_failures_total',
      'Batches that could not be booked, and were tried again.',
    ).cell();
  }

  /** `topic`: of Kafka, or `embedded`. */
  readLagFrom(topic: string, lagMs: () => number): void {
    const lag = new Gauge(
      'rtb_event_lag_seconds',
      'How long the oldest event may have waited that is not booked.',
      'max',
    );
    register(this.#registry, lag).readFrom(() => lagMs() / 1000, { topic });
  }

  /** Once, for the filter in front of the books. */
  filter(): FilterObserver {
    const counter = new Counter('rtb_event_filter_total', 'Bookings by what the fast filter knew of them.');
    const states = cellsBy(register(this.#registry, counter), 'state', ['absent', 'in-flight', 'done'] as const);
    const silent = new Counter(
      'rtb_event_filter_silent_total',
      'Batches about which the fast filter could not be asked.',
    );
    const silences = register(this.#registry, silent).cell();
    return {
      onAsked: (asked) => {
        for (const state of asked) states[state].add();
      },
      onSilent: () => silences.add(),
    };
  }

  readonly onFenced: BillingObserver['onFenced'] = () => this.#fenced.add();

  readonly onFailure = (): void => this.#failures.add();

  readonly onSetAside = ({ reason }: Pick<DeadLetter, 'reason'>): void => this.#deadLetters.add(reason);

  readonly onLate: BillingObserver['onLate'] = (payers) => {
    for (const payer of payers) (payer === 'house' ? this.#house : this.#dsp).late.add();
  };

  readonly onBooked = (bookings: Bookings, booked: Booked): void => {
    const { reservations, bills, releases, receivables, refunds } = bookings;
    this.#rows.observe(reservations.length + bills.length + releases.length + receivables.length + refunds.length);
    for (const [at, result] of booked.bills.entries()) {
      this.#house[result].add();
      if (result === 'repeated') this.#duplicate(bills[at]!.key);
      if (result === 'unknown-sale') this.#deadLetters.add(result);
    }
    for (const [at, result] of booked.receivables.entries()) {
      this.#dsp[result].add();
      if (result === 'repeated') this.#duplicate(receivables[at]!.key);
    }
  };

  /** Keys end with the type (`purchaseKey`). */
  #duplicate(key: string): void {
    this.#duplicates[key.slice(key.lastIndexOf('/') + 1) as OutcomeType].add();
  }
}
