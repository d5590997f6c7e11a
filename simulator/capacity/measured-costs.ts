/** What a machine was measured to need for an auction, and what its services can do: figures of `gavel bench --json`. */

/** As the bench prints it. */
export interface BenchFigure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
}

export interface MeasuredCosts {
  /** CPU of an auction that calls nobody, all threads, us; and of each DSP call on top: a line through the widths measured. */
  readonly auctionFixedUs: number;
  readonly callUs: number;
  /** CPU of an engine for sending an event to Kafka, us. */
  readonly drainEventUs: number;
  /** What one PostgreSQL books, events/s, and CPU of the consumer for each, us. */
  readonly ledgerEventsPerSec: number;
  readonly ledgerEventUs: number;
  /** CPU of the consumer, and of Redis, for each event that is counted, us. */
  readonly counterEventUs: number;
  readonly counterRedisUs: number;
  readonly archiveEventUs: number;
  /** CPU of Redis for looking up what a user has seen and taking an impression, and for granting a lease, us. */
  readonly frequencyRedisUs: number;
  readonly leaseRedisUs: number;
}

/** Widths of fan-out that the bench measures. */
const WIDTHS = [5, 20, 50];

/** Names that the model reads, beside those of fan-out. */
const NAMES = {
  drainEventUs: 'events.kafka_cpu_us.outbox',
  ledgerEventsPerSec: 'events.ledger_rate',
  ledgerEventUs: 'events.ledger_cpu_us',
  counterEventUs: 'events.counter_cpu_us',
  counterRedisUs: 'redis.counter_us',
  archiveEventUs: 'events.archive_cpu_us',
  frequencyRedisUs: 'redis.frequency_us',
  leaseRedisUs: 'redis.lease_us',
} as const;

/** What the file lacks is taken from elsewhere, and said. */
export interface ReadCosts {
  readonly costs: MeasuredCosts;
  /** Names that the figures did not have. */
  readonly missing: readonly string[];
}

/** Costs by the figures of a bench, and where those have none by `standard`. */
export function costsOf(figures: readonly BenchFigure[], standard: MeasuredCosts): ReadCosts {
  const values = new Map(figures.map(({ name, value }) => [name, value]));
  const line = fanOutLine(values);
  const read = Object.entries(NAMES).flatMap(([key, name]) => (values.has(name) ? [[key, values.get(name)!]] : []));
  const missing = Object.values(NAMES).filter((name) => !values.has(name));
  return {
    costs: { ...standard, ...line, ...Object.fromEntries(read) },
    missing: line === null ? ['fanout.cpu_us.engine.N, of two N at least', ...missing] : missing,
  };
}

/** Least squares of CPU over calls; null with less than two widths. */
function fanOutLine(values: ReadonlyMap<string, number>): { auctionFixedUs: number; callUs: number } | null {
  const points = WIDTHS.flatMap((calls) => {
    const us = values.get(`fanout.cpu_us.engine.${calls}`);
    return us === undefined ? [] : [{ calls, us }];
  });
  if (points.length < 2) return null;
  const mean = (of: (point: { calls: number; us: number }) => number): number =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [calls, us] = [mean((point) => point.calls), mean((point) => point.us)];
  const callUs = mean((point) => (point.calls - calls) * (point.us - us)) / mean((point) => (point.calls - calls) ** 2);
  return { auctionFixedUs: us - callUs * calls, callUs };
}
