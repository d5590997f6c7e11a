/** Metrics of our own campaigns and their money (meaning: docs/metrics.md). */
import type { Registry } from 'prom-client';
import type { DeliveryAlerts } from '../../engine/desk/delivery-alerts.ts';
import type { DeskFigures } from '../../engine/desk/desk-figures.ts';
import { BILLING_RESULTS, type BillingCounts } from '../../engine/desk/outcome-billing.ts';
import type { MoneySurvey } from '../ledger/money-survey.ts';
import { Counter, cellsBy } from './counter.ts';
import { register } from './exposition.ts';
import { Gauge } from './gauge.ts';

const LEASE_ANSWERS = ['granted', 'exhausted', 'paused', 'ended', 'unknown-account', 'fenced', 'unavailable'] as const;
const RESERVE_RESULTS = ['reserved', 'budget-refused', 'frequency-capped'] as const;
const OPERATIONS = [
  'obtain',
  'close',
  'leave',
  'reserve',
  'funds',
  'frequency',
  'refresh',
  'sweep',
  'bill',
  'survey',
  'traffic',
] as const;

export type BudgetOperation = (typeof OPERATIONS)[number];

export class BudgetMetrics {
  readonly #registry: Registry;
  readonly #answers;
  readonly #reserved;
  readonly #bills;
  readonly #faults;
  readonly #fenced;
  readonly #returnsDropped;
  readonly #setAside;
  readonly #overruns;

  constructor(registry: Registry) {
    this.#registry = registry;
    const counter = (name: string, help: string) => register(registry, new Counter(name, help));
    const grants = counter('rtb_budget_lease_grants_total', 'Leases asked for, by what came of it.');
    this.#answers = cellsBy(grants, 'result', LEASE_ANSWERS);
    const reserved = counter('rtb_budget_reservations_total', 'House wins, by whether they could be paid and shown.');
    this.#reserved = cellsBy(reserved, 'result', RESERVE_RESULTS);
    const bills = counter('rtb_budget_bills_total', 'Reported outcomes, by what they were billed as.');
    this.#bills = cellsBy(bills, 'result', BILLING_RESULTS);
    const faults = counter('rtb_budget_faults_total', 'Calls of ledger and stores that failed, by what for.');
    this.#faults = cellsBy(faults, 'operation', OPERATIONS);
    this.#fenced = counter(
      'rtb_budget_fenced_total',
      'Leases that the store granted and the ledger did not confirm.',
    ).cell();
    this.#returnsDropped = counter(
      'rtb_budget_returns_dropped_total',
      'Leases that the ledger takes back later.',
    ).cell();
    this.#setAside = counter(
      'rtb_budget_reservations_set_aside_total',
      'Wins that the ledger refuses to hear of: nobody is billed for them.',
    ).cell();
    this.#overruns = counter(
      'rtb_budget_hold_overruns_total',
      'Holds that ended while events that may bill them were not booked, after the longest wait for these.',
    ).cell();
  }

  readonly onLeaseAnswer = (result: (typeof LEASE_ANSWERS)[number]): void => this.#answers[result].add();
  readonly onReserved = (result: (typeof RESERVE_RESULTS)[number]): void => this.#reserved[result].add();
  readonly onFault = (operation: BudgetOperation): void => this.#faults[operation].add();
  readonly onFenced = (): void => this.#fenced.add();
  readonly onReturnDropped = (): void => this.#returnsDropped.add();
  readonly onHeldOverrun = (count: number): void => this.#overruns.add(count);
  readonly onReservationSetAside = (): void => this.#setAside.add();

  readonly onBilled = (counts: BillingCounts): void => {
    for (const result of BILLING_RESULTS) this.#bills[result].add(counts[result]);
  };

  /** Parked, and nobody has ever reserved them. */
  readonly onReportsForgotten = (count: number): void => this.#bills.unmatched.add(count);

  /** Of this process. */
  readFrom(read: () => DeskFigures): void {
    const readings = oncePerTurn(read);
    const gauge = (name: string, help: string, value: (readings: DeskFigures) => number): void =>
      register(this.#registry, new Gauge(name, help)).readFrom(() => value(readings()));
    gauge('rtb_campaign_line_items', 'Line items that may serve.', ({ lineItems }) => lineItems);
    gauge('rtb_budget_accounts', 'Budgets known to the process.', ({ accounts }) => accounts);
    gauge('rtb_budget_leases', 'Leases held.', ({ leases }) => leases);
    gauge('rtb_budget_reservations_untold', 'Wins that the ledger has still to hear of.', ({ untold }) => untold);
    gauge('rtb_budget_leases_returning', 'Leases on their way back.', ({ returning }) => returning);
    const micros = register(
      this.#registry,
      new Gauge('rtb_budget_lease_micros', 'Money in leases, in the currencies of its advertisers.'),
    );
    micros.readFrom(() => readings().freeNanos / 1000, { state: 'free' });
    micros.readFrom(() => readings().reservedNanos / 1000, { state: 'reserved' });
  }

  /** Of all processes, which therefore tell the same; null: not known yet. */
  readSharedFrom(alerts: () => DeliveryAlerts, survey: () => MoneySurvey | null): void {
    const shared = (name: string, help: string): Gauge => register(this.#registry, new Gauge(name, help, 'max'));
    const readAlerts = oncePerTurn(alerts);
    const alert = shared('rtb_campaign_alerts', 'Budgets that people should look at, by why.');
    alert.readFrom(() => readAlerts().lowBalance.count, { kind: 'low-balance' });
    alert.readFrom(() => readAlerts().underDelivery.count, { kind: 'under-delivery' });
    const stranded = shared('rtb_budget_stranded_micros', 'Money that nobody can spend for now, by where it is.');
    stranded.readFrom(() => micros(survey()?.strandedInLeases), { in: 'lease' });
    stranded.readFrom(() => micros(survey()?.strandedInTranches), { in: 'tranche' });
    const overspend = register(
      this.#registry,
      new Counter('rtb_budget_overspend_micros_total', 'Served beyond what budgets bear: our own cost.', 'max'),
    );
    overspend.readFrom(() => micros(survey()?.absorbed));
  }
}

/** Several series of one scrape are of one reading, which walks over all accounts. */
function oncePerTurn<Readings>(read: () => Readings): () => Readings {
  let current: Readings | null = null;
  return () => {
    if (current === null) {
      current = read();
      setImmediate(() => {
        current = null;
      });
    }
    return current;
  };
}

function micros(nanos = 0n): number {
  return Number(nanos) / 1000;
}
