/**
 * Configuration in, one running engine out: with `compose/`, the only place that knows which adapter serves which port. The
 * simulator and tests pass stand-ins for the outside; every decision stays the product's own.
 */
import type { Socket } from 'node:net';
import nact from 'nact';
import { eachForItself } from './actors/behind-answer.ts';
import { createIntake } from './actors/intake.ts';
import { spawnParent } from './actors/mailbox.ts';
import type { HouseDemand, RequestEnvironment } from './actors/request-actor.ts';
import { createHostResolvers, type HostResolvers } from './adapters/dns/host-resolvers.ts';
import { eventLogFolder, eventLogFolders } from './adapters/event-log/log-folders.ts';
import { userKeyOf } from './adapters/frequency/user-key.ts';
import type { EventDesk } from './adapters/http/event-endpoint.ts';
import type { MetricSnapshot } from './adapters/metrics/exposition.ts';
import { UnlinkedUsers } from './adapters/privacy/unlinked-users.ts';
import { createFaultPolicy, UNCAUGHT_FAULTS } from './adapters/process/fault-policy.ts';
import { allocateYoungOnly } from './adapters/process/young-generation.ts';
import type { DspState } from './adapters/workers/messages.ts';
import type { readArchiveReport as ReadArchiveReport } from './compose/archive-reports.ts';
import { storeBookedEvents } from './compose/booked-events.ts';
import { openBooks } from './compose/campaign-books.ts';
import { type Campaigns, openCampaigns } from './compose/campaigns.ts';
import { openCounterReading, openCounting } from './compose/counters.ts';
import { openDeletionDesk } from './compose/deletion-desk.ts';
import { openDeletions } from './compose/deletions.ts';
import type { DrainedEventLog } from './compose/drain.ts';
import { openDsps, openShaping, openTransport, readDspStates, teachingRules } from './compose/dsps.ts';
import { type EstimateQualityStatus, openEstimateQuality } from './compose/estimate-quality.ts';
import { openEstimation } from './compose/estimation.ts';
import { embeddedSource, openEventBilling } from './compose/event-billing.ts';
import { openEmbeddedLog, openEvents } from './compose/events.ts';
import { sortOutcomes } from './compose/foreign-outcomes.ts';
import { openHandingOn } from './compose/handing-on.ts';
import type { applyAllTopics as ApplyAllTopics } from './compose/kafka.ts';
import { withKeptSecrets, withPassingSecrets } from './compose/kept-secrets.ts';
import { openAdmin, openPublicDoor, type PublicDoor } from './compose/listeners.ts';
import { openMarkupFetcher, openNotices } from './compose/notices.ts';
import { createParts, type OutsideParts, type Parts } from './compose/parts.ts';
import { openGate, watchProcess } from './compose/process.ts';
import { randomTag } from './compose/random-tag.ts';
import type { compareSystems as CompareSystems, reconcile as Reconcile } from './compose/reconciliation.ts';
import { openReconciliation } from './compose/reconciliation-job.ts';
import type { recordedEvents as RecordedEventsOf } from './compose/recorded-events.ts';
import { openReserves } from './compose/reserves.ts';
import { openRetention } from './compose/retention.ts';
import { openTracking } from './compose/tracking.ts';
import { isCountingHere } from './config/counters.ts';
import { effectiveConfig } from './config/effective.ts';
import { decisionRules, exchangeRules, waitingOptions } from './config/engine-options.ts';
import { isBilling, isBillingHere, keepsBooks } from './config/event-billing.ts';
import { isReconciling } from './config/reconciliation.ts';
import type { Config } from './config/types.ts';
import { VERSION } from './config/version.ts';
import type { OutcomesTaken } from './engine/desk/outcome-billing.ts';
import type { Outcome } from './engine/estimation/quality/awaited-outcomes.ts';
import { lossEvents, winEvents } from './engine/events/auction-outcomes.ts';
import type { AuctionEvent } from './engine/exchange/auction-event.ts';
import type { Decision } from './engine/exchange/decision.ts';
import { inExchangeCurrency } from './engine/exchange/reserve-lessons.ts';
import type { SoldAd } from './engine/exchange/sale.ts';
import type { AdRequests } from './engine/ports/ad-requests.ts';
import type { Clock } from './engine/ports/clock.ts';
import type { DspTransport } from './engine/ports/dsp-transport.ts';
import type { Entropy } from './engine/ports/entropy.ts';
import type { EventLog } from './engine/ports/event-log.ts';
import { createRequestReader } from './openrtb/read-request.ts';

export { BudgetMemory } from './adapters/budget-store/budget-store.embedded.ts';
export { type CounterBounds, CounterMemory } from './adapters/counters/counter-store.embedded.ts';
export { eventLogFolder } from './adapters/event-log/log-folders.ts';
export { readEvents } from './adapters/event-log/reader.ts';
export { FrequencyMemory } from './adapters/frequency/frequency-store.embedded.ts';
export { importBookings } from './adapters/http/admin-api/import.ts';
export { MemoryDatabase } from './adapters/ledger/database.memory.ts';
export type { Database } from './adapters/ledger/database.ts';
export type { RowChange } from './adapters/ledger/memory/memory-table.ts';
export type { DspTransferRow, Tables } from './adapters/ledger/memory/tables.ts';
export type { AccountRow, AuditRow, ChargeRow, TransferRow } from './adapters/ledger/rows.ts';
export type { GetOutcome, GuardedHttp } from './adapters/notices/guarded-http.ts';
export { type Books, sqlBooks } from './compose/books.ts';
export { BOOKS_TIMEOUT_MS, openCampaignBooks, readCampaignBooks } from './compose/campaign-books.ts';
export { type AccountDelivery, type CampaignDelivery, campaignDelivery } from './compose/campaign-delivery.ts';
export { openDeletionDesk } from './compose/deletion-desk.ts';
export type { DrainedEventLog } from './compose/drain.ts';
export { CONSUMERS, type ConsumerName, type RunningConsumer, startEventConsumer } from './compose/event-consumer.ts';
export { withKeptSecrets } from './compose/kept-secrets.ts';
export type { OutsideDisk, OutsideKafka, OutsideStores } from './compose/outside-stores.ts';
export type { OutsideParts } from './compose/parts.ts';
export type { Reconciliation } from './compose/reconciliation.ts';
export type { RecordingPlace } from './compose/recorded-events.ts';
export { REDIS_TIMEOUTS_MS } from './compose/redis-timeouts.ts';

/** Of `compose/drain.ts`: for a data folder whose engines have ended. */
export async function drainEventLogs(config: Config, onDrained: (log: DrainedEventLog) => void): Promise<number> {
  const { drainEventLogs: drain } = await import('./compose/drain.ts');
  return drain(
    createParts(config, {}, () => {}),
    onDrained,
  );
}

/** Of `compose/kafka.ts`, whose client is loaded where there is a Kafka only. */
export const applyAllTopics: typeof ApplyAllTopics = async (...args) =>
  (await import('./compose/kafka.ts')).applyAllTopics(...args);

/** Loads what is loaded where there is a Kafka only: whoever starts with one then reads no files for it. */
export async function loadKafkaParts(): Promise<void> {
  await Promise.all([import('./compose/outbox.ts'), import('./compose/kafka-source.ts')]);
}

/** Of `compose/reconciliation.ts`, whose DuckDB is loaded where something is reconciled only. */
export const reconcile: typeof Reconcile = async (...args) =>
  (await import('./compose/reconciliation.ts')).reconcile(...args);
export const compareSystems: typeof CompareSystems = async (...args) =>
  (await import('./compose/reconciliation.ts')).compareSystems(...args);

/** Of `compose/archive-reports.ts`, whose DuckDB is loaded where it is asked only. */
export const readArchiveReport: typeof ReadArchiveReport = async (...args) =>
  (await import('./compose/archive-reports.ts')).readArchiveReport(...args);

/** Of `compose/recorded-events.ts`, whose DuckDB is loaded where something is replayed only. */
export const recordedEvents: typeof RecordedEventsOf = async (...args) =>
  (await import('./compose/recorded-events.ts')).recordedEvents(...args);

export interface Gavel {
  /** Where publishers connect; empty in a worker, which has no port of its own. */
  readonly url: string;
  /** In a worker: serves a connection that its supervisor has accepted. */
  readonly takeConnection: (socket: Socket) => void;
  /** All metrics of this process, as data. Also after `close`. */
  readonly metrics: () => Promise<readonly MetricSnapshot[]>;
  /** One of them by its name; null: there is none. */
  readonly metric: (name: string) => Promise<MetricSnapshot | null>;
  /** State of each DSP as this process sees it: body of `GET /admin/dsps`. */
  readonly dsps: () => DspState[];
  /** See `Estimation.invalidate`. */
  readonly invalidateEstimates: ((tag: number) => Promise<void>) | null;
  /**
   * Takes what is known to have become of impressions; what this process knows nothing of is counted. `isBilling` false:
   * another one bills them. Rejects when they could not all be billed or kept: they may be reported again.
   */
  readonly reportOutcomes: (outcomes: readonly Outcome[], isBilling?: boolean) => Promise<OutcomesTaken>;
  /** Campaigns of our own; null: they are not enabled. */
  readonly campaigns: Pick<Campaigns, 'books' | 'ledger' | 'signalOf'> | null;
  /** How good its click estimates were: body of `GET /admin/estimates`. */
  readonly estimates: () => EstimateQualityStatus;
  /** Takes a fault that nobody caught, counts and logs it, and says what the process does next (docs/overload.md). */
  readonly uncaught: (origin: 'exception' | 'rejection', error: unknown) => 'go-on' | 'drain';
  /** Finishes auctions under way, flushes events, sends what notices it can, closes everything. */
  readonly close: () => Promise<void>;
  /** For one that was killed where the process goes on (a world): nothing is finished, and what nact holds of it is let go. */
  readonly abandon: () => void;
}

/** Stand-ins for the outside world; what is absent is the real thing. */
export interface Outside extends OutsideParts {
  readonly transport: DspTransport;
  readonly resolvers: HostResolvers;
  readonly eventLog: EventLog;
  /** Runs when everything but the listener is open. */
  readonly beforeListening: () => Promise<void>;
  /** In place of the public and the admin listener: takes what is behind the public one. */
  readonly openDoor: (door: PublicService) => Door;
  /** Set in one of several processes: it opens neither the public port nor the admin listener. */
  readonly supervisor: WorkerSupervisor;
}

export interface Door {
  readonly url: string;
  /** Lets nobody in any more. Resolves when all who are in have been answered, as a listener does. */
  readonly close: () => Promise<void>;
}

/** What is behind the public port. */
export interface PublicService {
  readonly adRequests: AdRequests;
  /** Null: nothing is tracked. */
  readonly events: EventDesk | null;
}

/** What a worker leaves to the process above it, or learns from it. */
export interface WorkerSupervisor {
  /** Body of `GET /metrics`: the sum over all workers. Rejects when the supervisor does not answer. */
  readonly metricsText: () => Promise<string>;
  /** Part of `GET /status`. */
  readonly status: () => object;
  /** The heap does not get better by itself. */
  readonly replaceMe: () => void;
  /** The data folder above all workers', for the one that looks after what any of them has left; null: another one does. */
  readonly inheritedDataDirectory: string | null;
  /** To all workers: one of them has run their auctions. */
  readonly passOnOutcomes: (outcomes: readonly Outcome[]) => void;
}

/** Rejects when a port, a folder or an address cannot be had; nothing is left running then. */
export async function startGavel(config: Config, outside: Partial<Outside> = {}): Promise<Gavel> {
  allocateYoungOnly();
  const opened: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const closeOne of opened.splice(0).reverse()) await closeOne();
  };
  try {
    const parts = createParts(await withSecrets(config, outside), outside, (closeOne) => opened.push(closeOne));
    parts.log.info({ version: VERSION, config: effectiveConfig(config) }, 'starting');
    return { ...(await open(parts, outside)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** An engine whose events go elsewhere writes nothing to its data folder: its secrets live as long as it does. */
async function withSecrets(config: Config, { eventLog, stores }: Partial<Outside>): Promise<Config> {
  return eventLog === undefined && stores?.disk === undefined ? withKeptSecrets(config) : withPassingSecrets(config);
}

/** Opens from the inside out: stores, actors, then the doors. */
async function open(parts: Parts, outside: Partial<Outside>): Promise<Omit<Gavel, 'close'>> {
  const { config, clock, timers, metrics, closing } = parts;
  const eventLog =
    outside.eventLog === undefined
      ? await openEmbeddedLog(parts)
      : { log: outside.eventLog, isHealthy: () => true, isStoring: () => true, segments: null, outbox: null };
  closing(() => eventLog.log.close());
  const resolvers =
    outside.resolvers ?? createHostResolvers({ clock, onRefused: () => metrics.queueRefused('name-lookups') });
  const transport = outside.transport ?? (await openTransport(parts, resolvers));
  closing(() => transport.close());
  const markupFetcher = openMarkupFetcher(parts, resolvers);
  const quality = await openEstimateQuality(parts);

  const system = nact.start();
  closing(async () => nact.stop(system as never));
  const residents = spawnParent(system, 'residents');
  const requests = spawnParent(system, 'requests');
  const unlinked = new UnlinkedUsers(clock.wallMs);
  const events = openEvents(parts, residents, eventLog.log, unlinked);
  const notices = openNotices(parts, resolvers, events);
  const reserves = openReserves(parts, residents);
  const watch = watchProcess(parts, () => outside.supervisor?.replaceMe());
  const dsps = openDsps(parts, residents, { transport, loop: watch.loop });
  const gate = openGate(parts, watch);
  const estimation = await openEstimation(parts, residents, () => gate?.degradeLevel() ?? 0);

  const auctionIds = createAuctionIds(clock, parts.entropy);
  const campaigns = await openCampaigns(parts, residents, {
    isOwn: auctionIds.isOwn,
    eventFolders: await foldersOfPast(config, outside),
    unlinked,
  });
  const isKeeping = eventLog.segments !== null && keepsBooks(config);
  const books = campaigns?.books ?? (isKeeping ? await openBooks(parts) : null);
  const storeBooked = books === null ? null : storeBookedEvents(parts, { books, events });
  const database = books?.database ?? null;
  // Of several workers their supervisor does it.
  if (books !== null && outside.supervisor === undefined && eventLog.segments !== null && isBillingHere(config)) {
    await openEventBilling(parts, { books, notices }, await embeddedSource(parts));
    if (database !== null && isReconciling(config)) openReconciliation(parts, database);
  }
  if (books !== null && eventLog.outbox !== null) await openHandingOn(parts, books, eventLog.outbox);
  if (database !== null) openRetention(parts, database);
  if (database !== null && eventLog.segments !== null) {
    await openDeletions(parts, {
      database,
      unlinked,
      events,
      segments: eventLog.segments,
      inheritedDataDirectory:
        outside.supervisor === undefined ? config.dataDirectory : outside.supervisor.inheritedDataDirectory,
      caps: campaigns?.caps ?? null,
      invalidatePredictions: estimation.invalidate,
    });
  }

  const isCounting = outside.eventLog === undefined && isCountingHere(config);
  const counters =
    outside.supervisor === undefined ? await (isCounting ? openCounting(parts) : openCounterReading(parts)) : null;

  const reportHere = (outcomes: readonly Outcome[]): void => metrics.outcomesReported(quality.reportOutcomes(outcomes));
  const tracking = openTracking(parts, {
    events,
    notices,
    onOutcome:
      outside.supervisor === undefined
        ? (outcome) => reportHere([outcome])
        : sortOutcomes(parts, { isOwn: auctionIds.isOwn, reportHere, passOn: outside.supervisor.passOnOutcomes }),
  });

  const rules = exchangeRules(config);
  const { lossSampleRate } = config.events;
  const recordOutcomes = (event: AuctionEvent, decision: Decision, sales: readonly SoldAd[]): void => {
    for (const win of winEvents(event, decision, sales)) events.record(win);
    const isSampled = (): boolean => parts.random() < lossSampleRate;
    for (const loss of lossEvents(event, decision, lossSampleRate, isSampled)) events.record(loss);
  };
  const environment: RequestEnvironment = {
    clock,
    timers,
    rules: decisionRules(config, estimation.estimates, estimation.conversionEstimates),
    dsps: dsps.map((dsp) => dsp.mailbox),
    decisionReserveMs: config.auction.decisionReserveMs,
    waiting: config.auction.progressive ? waitingOptions(config) : null,
    shaping: openShaping(parts, residents),
    estimating: estimation.estimating,
    teaching: teachingRules(config, dsps),
    houseDemand: campaigns === null ? null : storableHouseDemand(campaigns.desk, eventLog.isStoring),
    markupFetcher,
    tracker: tracking?.tracker ?? null,
    userKeyOf: (request) => userKeyOf(request, config.events.userSecret),
    onFault: parts.onActorFault,
    onBegun: (auctionId) => gate?.auctionBegan(auctionId),
    onLate: (dspId) => metrics.dsp(dspId).onLate(dspId),
    onConcluded: eachForItself(
      [
        // What was won is served by now: its money comes first.
        (event, _decision, _notices, _subject, sales) => campaigns?.auctionEnded(event, sales),
        (event) => gate?.auctionEnded(event),
        (event) => metrics.auctionEnded(event),
        (event) => events.record(event),
        (event, decision, _plan, _subject, sales) => {
          if (decision !== null) recordOutcomes(event, decision, sales);
        },
        (event, _decision, _plan, subject) => quality.auctionEnded(event, subject),
        (_event, _decision, { now }) => {
          for (const notice of now) notices.send(notice);
        },
        (event, decision) => {
          if (decision !== null && !event.isTest) reserves?.observe(inExchangeCurrency(decision, rules));
        },
      ],
      (error) => parts.onProcessFault('exception', error),
    ),
  };
  const adRequests = createIntake({
    parent: requests,
    environment,
    gate,
    readRequest: createRequestReader(),
    strictness: config.server.publisherStrictness,
    exchangeRules: rules,
    learnedReserves: reserves?.published ?? (() => 0),
    deadlines: config.auction,
    outgoing: {
      seller: config.exchange,
      forwardedExtensions: new Set(config.exchange.forwardedExtensions),
    },
    nextAuctionId: auctionIds.next,
    isSelling: () => config.events.sellUnstored === 'dsps' || eventLog.isStoring(),
    observer: metrics.intake,
  });
  const reportOutcomes: Gavel['reportOutcomes'] = async (outcomes, isBilling = true) => {
    const bills = isBilling ? await campaigns?.bill(outcomes) : undefined;
    // Whoever reads the log finds what was billed, before anybody is told that it was.
    if (bills !== undefined) await storeBooked?.();
    const counts = quality.reportOutcomes(outcomes);
    return bills === undefined ? counts : { ...counts, bills };
  };
  if (outside.eventLog === undefined) await estimation.warmUp(eventLogFolder(config.dataDirectory));
  await outside.beforeListening?.();

  const dspStates = readDspStates(config, dsps);
  if (outside.supervisor === undefined && outside.openDoor === undefined) {
    await openAdmin(parts, {
      dsps: dspStates,
      ...quality,
      reportOutcomes,
      invalidateEstimates: estimation.invalidate,
      campaigns: campaigns?.books.api ?? null,
      counters,
      deletions: database === null ? null : openDeletionDesk(database, config.events.userSecret),
      refunds: isBilling(config) ? (books?.refunds ?? null) : null,
    });
  }
  const door: PublicDoor = {
    adRequests,
    tracking,
    listens: outside.supervisor === undefined,
    metricsText: outside.supervisor?.metricsText ?? metrics.text,
    status: () => ({
      status: eventLog.isHealthy() ? 'ok' : 'degraded',
      version: VERSION,
      dsps: config.dsps.length,
      auctionsUnderWay: metrics.inFlight(),
      ...estimation.status(),
      ...(campaigns === null ? {} : { campaigns: campaigns.status() }),
      ...outside.supervisor?.status(),
    }),
  };
  const server =
    outside.openDoor === undefined
      ? await openPublicDoor(parts, door)
      : openOutsideDoor(parts, outside.openDoor({ adRequests, events: tracking?.desk ?? null }));
  tracking?.listensAt(server.url);
  const policy = createFaultPolicy(UNCAUGHT_FAULTS, clock);
  return {
    url: server.url,
    takeConnection: server.take,
    metrics: metrics.snapshot,
    metric: metrics.one,
    dsps: dspStates,
    invalidateEstimates: estimation.invalidate,
    reportOutcomes,
    campaigns,
    estimates: quality.status,
    uncaught: (origin, error) => {
      parts.onProcessFault(origin, error);
      return policy();
    },
    abandon: () => nact.stop(system as never),
  };
}

function openOutsideDoor({ closing }: Parts, { url, close }: Door): { url: string; take: (socket: Socket) => void } {
  closing(close);
  return { url, take: refuseConnection };
}

function refuseConnection(socket: Socket): void {
  socket.destroy();
}

/** Of all event logs of the data folder, or that of a disk of the process's own. */
async function foldersOfPast(
  { dataDirectory }: Config,
  { eventLog, stores, supervisor }: Partial<Outside>,
): Promise<readonly string[]> {
  if (eventLog !== undefined) return [];
  if (stores?.disk !== undefined) return [eventLogFolder(dataDirectory)];
  return eventLogFolders(supervisor?.inheritedDataDirectory ?? dataDirectory);
}

/** What of ours is sold is billed by its events: without them it stays away. */
function storableHouseDemand(desk: HouseDemand, isStoring: () => boolean): HouseDemand {
  return { enter: (subject, terms, nowMs) => (isStoring() ? desk.enter(subject, terms, nowMs) : null) };
}

/** Start time and a random tag make ids unique over processes and restarts; the counter keeps them short and sortable. */
function createAuctionIds(
  clock: Clock,
  entropy: Entropy,
): {
  readonly next: () => string;
  readonly isOwn: (auctionId: string) => boolean;
} {
  const prefix = `${Math.floor(clock.wallMs()).toString(36)}-${randomTag(entropy)}-`;
  let count = 0;
  return { next: () => `${prefix}${(count++).toString(36)}`, isOwn: (auctionId) => auctionId.startsWith(prefix) };
}
