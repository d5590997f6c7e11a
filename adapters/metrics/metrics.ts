/** All metrics of one engine process, and the calls that feed them. Names and meaning: docs/metrics.md. */
import { collectDefaultMetrics, Registry } from 'prom-client';
import type { QualityReport } from '../../engine/estimation/quality/estimate-quality.ts';
import type { AuctionEvent } from '../../engine/exchange/auction-event.ts';
import type { Notice } from '../../engine/ports/notice-sender.ts';
import { AdmissionMetrics } from './admission-metrics.ts';
import { ArchiveMetrics } from './archive-metrics.ts';
import { AuctionMetrics } from './auction-metrics.ts';
import { BudgetMetrics } from './budget-metrics.ts';
import { ConsumerMetrics } from './consumer-metrics.ts';
import { Counter, CountersByLabel } from './counter.ts';
import { CountingMetrics } from './counting-metrics.ts';
import { type DeletionFigures, DeletionMetrics } from './deletion-metrics.ts';
import { DspMetrics } from './dsp-metrics.ts';
import { countOutcomes, readEstimateQuality } from './estimate-quality-metrics.ts';
import { EstimationMetrics } from './estimation-metrics.ts';
import { type MetricSnapshot, register } from './exposition.ts';
import { Gauge } from './gauge.ts';
import { OutboxMetrics } from './outbox-metrics.ts';
import { ReconciliationMetrics } from './reconciliation-metrics.ts';
import { RemoteModelMetrics } from './remote-model-metrics.ts';
import { RetentionMetrics } from './retention-metrics.ts';
import { TrackingMetrics } from './tracking-metrics.ts';

export interface MetricsOptions {
  /** Every configured DSP gets its own series; an id that is not among them counts under `other`. */
  readonly dspIds: readonly string[];
  readonly version: string;
  /** Commit of the build, when known. */
  readonly commit?: string;
}

/** Closed list, the `queue` label of `rtb_queue_refused_total` (docs/architecture.md, "Queues and their limits"). */
export type QueueName = 'ad-requests' | 'markup-fetches' | 'name-lookups' | 'awaited-outcomes' | 'shadow-scores';

export type Metrics = ReturnType<typeof createMetrics>;

/** None of the calls on the path of an auction allocates per call or hashes labels; they may be passed around unbound. */
export function createMetrics(options: MetricsOptions) {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const counter = (name: string, help: string) => register(registry, new Counter(name, help));
  const gauge = (name: string, help: string) => register(registry, new Gauge(name, help));

  const auctions = new AuctionMetrics(registry);
  const admission = new AdmissionMetrics(registry);
  const clicks = new EstimationMetrics(registry, 'clicks');
  const conversions = new EstimationMetrics(registry, 'conversions');
  const dsps = new DspMetrics(registry, options.dspIds);
  const acknowledged = counter('rtb_events_acknowledged_total', 'Outcome events the event log has taken.').cell();
  const droppedEvents = counter('rtb_events_dropped_total', 'Outcome events that were lost.');
  const eventsDropped = new CountersByLabel(droppedEvents, { label: 'reason', valuesMax: 8 });
  const mailboxDropped = counter('rtb_mailbox_dropped_total', 'Messages dropped by full mailboxes.');
  const mailboxes = new Map<string, CountersByLabel>();
  const mailboxOf = (actor: string): CountersByLabel => {
    const known = mailboxes.get(actor);
    if (known !== undefined) return known;
    const policies = new CountersByLabel(mailboxDropped, { label: 'policy', valuesMax: 4, fixed: { actor } });
    mailboxes.set(actor, policies);
    return policies;
  };
  const queueRefused = counter('rtb_queue_refused_total', 'What a full queue did not take.');
  const queuesRefused = new CountersByLabel(queueRefused, { label: 'queue', valuesMax: 8 });
  const cut = counter('rtb_client_connections_cut_total', 'Client connections that were closed on the client.');
  const cutReasons = new CountersByLabel(cut, { label: 'reason', valuesMax: 8 });
  const clientConnections = gauge('rtb_client_connections', 'Open client connections.');
  const processFaults = counter('rtb_process_faults_total', 'Faults of our own code outside actors, by where.');
  const faultOrigins = new CountersByLabel(processFaults, { label: 'origin', valuesMax: 8 });
  const restartWanted = gauge('rtb_restart_wanted', '1 once the process has asked to be replaced.');
  const actorFaults = counter('rtb_actor_faults_total', 'Actors that threw, by what supervision did.');
  const faultDecisions = new CountersByLabel(actorFaults, { label: 'decision', valuesMax: 8 });
  const noticeQueueLength = gauge('rtb_notice_queue_length', 'Notices accepted and not yet settled.');
  const eventLogBytes = gauge('rtb_event_log_bytes', 'Size of the event log on disk.');
  const eventLogUnread = gauge(
    'rtb_event_log_unread_events',
    'Events that the log keeps for a consumer, which has not passed them.',
  );
  const missingEvents = counter('rtb_event_log_missing_total', 'Stored events that a reader found damaged, or gone.');
  const eventsMissing = new CountersByLabel(missingEvents, { label: 'reader', valuesMax: 8 });
  const unstorable = gauge(
    'rtb_events_unstorable',
    '1 while no outcome event can be stored, and house campaigns are not sold.',
  );
  const outbox = new OutboxMetrics(registry);
  const build = new Gauge('rtb_build_info', 'Always 1; the labels say which build runs.', 'first');
  register(registry, build).readFrom(() => 1, {
    version: options.version,
    commit: options.commit ?? 'unknown',
  });

  return {
    contentType: registry.contentType,
    text: (): Promise<string> => registry.metrics(),
    /** The same as data, to be put together with that of other processes (metric-sums.ts). */
    /** One of them by its name; null: there is none. Reading all costs a hundred times as much. */
    one: async (name: string): Promise<MetricSnapshot | null> =>
      ((await registry.getSingleMetric(name)?.get()) as MetricSnapshot | undefined) ?? null,
    snapshot: async (): Promise<readonly MetricSnapshot[]> =>
      (await registry.getMetricsAsJSON()) as unknown as readonly MetricSnapshot[],

    intake: auctions.intake,
    inFlight: auctions.inFlight,
    shed: admission.shed,
    admission: admission.readFrom.bind(admission),
    estimation: { clicks, conversions },
    /** Once, for a model behind a server. */
    remoteModel: () => new RemoteModelMetrics(registry),
    /** Once, for campaigns of our own. */
    budgets: () => new BudgetMetrics(registry),
    /** Once, for whoever bills what events say. */
    consumer: () => new ConsumerMetrics(registry),
    /** Once, for whoever archives events. */
    archive: () => new ArchiveMetrics(registry),
    /** Once, for whoever counts events. */
    counting: () => new CountingMetrics(registry),
    /** Once, for the deletion of users. */
    deletions: (figures: DeletionFigures) => new DeletionMetrics(registry, figures),
    /** Once, for what has the books. */
    retention: () => new RetentionMetrics(registry),
    /** Once, for whoever compares books and archive. */
    reconciliation: () => new ReconciliationMetrics(registry),
    /** Once, for tracking URLs. */
    tracking: () => new TrackingMetrics(registry),
    outcomesReported: countOutcomes(registry),
    estimateQuality: (read: () => QualityReport): void => readEstimateQuality(registry, read),
    auctionEnded: (event: AuctionEvent): void => {
      auctions.ended(event);
      dsps.rejectedBids(event);
    },

    /** The observer of one DSP's actor. */
    dsp: (dspId: string) => dsps.cells(dspId),
    dspConnections: dsps.readConnections.bind(dsps),
    dspHealth: dsps.readHealth.bind(dsps),

    noticeResult: (dspId: string, kind: Notice['kind'], result: string): void =>
      dsps.cells(dspId).notices[kind].add(result),
    noticeQueueLength: (read: () => number): void => noticeQueueLength.readFrom(read),

    eventsAcknowledged: (count: number): void => acknowledged.add(count),
    eventsDropped: (count: number, reason: string): void => eventsDropped.add(reason, count),
    eventLogBytes: (read: () => number): void => eventLogBytes.readFrom(read),
    eventLogUnread: (consumer: string, read: () => number): void => eventLogUnread.readFrom(read, { consumer }),
    eventsMissing: (reader: string, count: number): void => eventsMissing.add(reader, count),
    eventsUnstorable: (read: () => boolean): void => unstorable.readFrom(() => (read() ? 1 : 0)),
    outbox,

    queueRefused: (queue: QueueName): void => queuesRefused.add(queue),
    clientConnectionCut: (reason: string): void => cutReasons.add(reason),
    clientConnections: (read: () => number): void => clientConnections.readFrom(read),
    processFault: (origin: string): void => faultOrigins.add(origin),
    restartWanted: (read: () => boolean): void => restartWanted.readFrom(() => (read() ? 1 : 0)),

    mailboxDropped: (actor: string, policy: string): void => mailboxOf(actor).add(policy),
    actorFault: (decision: string): void => faultDecisions.add(decision),
  };
}
