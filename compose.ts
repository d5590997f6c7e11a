/**
 * Configuration in, one running engine out: the only place that knows which adapter serves which port. The simulator and
 * tests pass stand-ins for the outside; every decision stays the product's own.
 */
import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import nact from 'nact';
import { AdmissionGate } from './actors/admission-gate.ts';
import { type DspActor, type DspActorOptions, spawnDspActor } from './actors/dsp-actor.ts';
import { spawnEventsActor } from './actors/events-actor.ts';
import { createIntake } from './actors/intake.ts';
import { spawnParent } from './actors/mailbox.ts';
import type { RequestEnvironment, TeachingRules } from './actors/request-actor.ts';
import { type ReserveActor, spawnReserveActor } from './actors/reserve-actor.ts';
import { type ShapingActor, spawnShapingActor } from './actors/shaping-actor.ts';
import { type ActorFault, restartWithin, type Supervisor } from './actors/supervision.ts';
import { systemClock, systemTimers } from './adapters/clock.ts';
import { createHostResolvers, type HostResolvers } from './adapters/dns/host-resolvers.ts';
import { createUndiciTransport, type UndiciTransport } from './adapters/dsp/undici-transport.ts';
import { openEventLog } from './adapters/event-log/event-log.embedded.ts';
import { eventLogFolder } from './adapters/event-log/log-folders.ts';
import { openReopeningEventLog } from './adapters/event-log/reopening-event-log.ts';
import { PAYLOAD_BYTES_MAX } from './adapters/event-log/segment-format.ts';
import { sparedLogFiles } from './adapters/event-log/spare-descriptors.ts';
import { startAdminServer } from './adapters/http/admin-server.ts';
import { startHttpServer } from './adapters/http/server.ts';
import { createLog, type Log } from './adapters/log.ts';
import type { MetricSnapshot } from './adapters/metrics/exposition.ts';
import { createMetrics, type Metrics } from './adapters/metrics/metrics.ts';
import { createMarkupFetcher } from './adapters/notices/markup-fetcher.ts';
import { createNoticeSender } from './adapters/notices/notice-sender.ts';
import { clientConnectionsWithin, descriptorLimit } from './adapters/process/descriptors.ts';
import { createFaultPolicy, type FaultOrigin, UNCAUGHT_FAULTS } from './adapters/process/fault-policy.ts';
import { v8HeapShare, watchHeap } from './adapters/process/heap.ts';
import { type LoopDelayWatch, watchLoopDelay } from './adapters/process/loop-delay.ts';
import { allocateYoungOnly } from './adapters/process/young-generation.ts';
import type { DspState } from './adapters/workers/messages.ts';
import { effectiveConfig } from './config/effective.ts';
import {
  admissionOptions,
  connectionsTo,
  decisionRules,
  exchangeRules,
  healthOptions,
  shaperOptions,
  thresholdOptions,
  waitingOptions,
} from './config/engine-options.ts';
import type { Config } from './config/types.ts';
import { VERSION } from './config/version.ts';
import { RESERVE_ESTIMATORS } from './engine/auction/reserve/estimator.ts';
import { type ReserveObservation, reserveObservations } from './engine/auction/reserve/observations.ts';
import { dialect } from './engine/dsp/solicitation.ts';
import type { ExchangeRules } from './engine/exchange/auction-terms.ts';
import type { Decision } from './engine/exchange/decision.ts';
import type { Clock, Timers } from './engine/ports/clock.ts';
import type { DspTransport } from './engine/ports/dsp-transport.ts';
import type { EventLog } from './engine/ports/event-log.ts';
import type { Random } from './engine/ports/random.ts';
import { rateBetween } from './openrtb/currency.ts';
import { createRequestReader } from './openrtb/read-request.ts';
import { createResponseReader } from './openrtb/read-response.ts';

export interface Gavel {
  /** Where publishers connect; empty in a worker, which has no port of its own. */
  readonly url: string;
  /** In a worker: serves a connection that its supervisor has accepted. */
  readonly takeConnection: (socket: Socket) => void;
  /** All metrics of this process, as data. Also after `close`. */
  readonly metrics: () => Promise<readonly MetricSnapshot[]>;
  /** State of each DSP as this process sees it: body of `GET /admin/dsps`. */
  readonly dsps: () => DspState[];
  /** Takes a fault that nobody caught, counts and logs it, and says what the process does next (docs/overload.md). */
  readonly uncaught: (origin: 'exception' | 'rejection', error: unknown) => 'go-on' | 'drain';
  /** Finishes auctions under way, flushes events, sends what notices it can, closes everything. */
  readonly close: () => Promise<void>;
}

/** Stand-ins for the outside world; what is absent is the real thing. */
export interface Outside {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly transport: DspTransport;
  readonly resolvers: HostResolvers;
  readonly eventLog: EventLog;
  readonly log: Log;
  /** Runs when everything but the listener is open. */
  readonly beforeListening: () => Promise<void>;
  /** Set in one of several processes: it opens neither the public port nor the admin listener. */
  readonly supervisor: WorkerSupervisor;
}

/** What a worker leaves to the process above it, or learns from it. */
export interface WorkerSupervisor {
  /** Body of `GET /metrics`: the sum over all workers. Rejects when the supervisor does not answer. */
  readonly metricsText: () => Promise<string>;
  /** Part of `GET /status`. */
  readonly status: () => object;
  /** The heap does not get better by itself. */
  readonly replaceMe: () => void;
}

/** A heap this full for 2 s does not get better by itself. */
const HEAP_SHARE_RESTART = 0.92;
/** Limits of the wire (docs/openrtb.md). */
const REQUEST_BYTES_MAX = 256 * 1024;
const RESPONSE_BYTES_MAX = 1024 * 1024;
/** A process-lived actor that fails more often than this is broken, not unlucky. */
const RESTARTS = { restartsMax: 5, windowMs: 60_000 };
/** What one DSP may hold of the notice queue: a dead one must not fill it. */
const NOTICE_SHARE_PER_DSP_MAX = 0.1;
/** How long notices may still go out when the process ends. */
const NOTICE_DRAIN_MS = 3000;

/** Rejects when a port, a folder or an address cannot be had; nothing is left running then. */
export async function startGavel(config: Config, outside: Partial<Outside> = {}): Promise<Gavel> {
  allocateYoungOnly();
  const log = outside.log ?? createLog(config.log.level);
  const opened: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const closeOne of opened.splice(0).reverse()) await closeOne();
  };
  try {
    log.info({ version: VERSION, config: effectiveConfig(config) }, 'starting');
    return { ...(await open(config, outside, log, opened)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Opens from the inside out: stores, actors, then the door. `opened` is closed in reverse. */
async function open(
  config: Config,
  outside: Partial<Outside>,
  log: Log,
  opened: (() => Promise<void>)[],
): Promise<Omit<Gavel, 'close'>> {
  const clock = outside.clock ?? systemClock;
  const timers = outside.timers ?? systemTimers;
  const metrics = createMetrics({ dspIds: config.dsps.map((dsp) => dsp.id), version: VERSION });
  const onFault = (fault: ActorFault): void => {
    metrics.actorFault(fault.decision);
    log.error({ err: fault.error, actor: fault.actorName, decision: fault.decision }, 'actor fault');
  };
  const supervisor = (): Supervisor => restartWithin(RESTARTS, onFault);
  const onProcessFault = (origin: FaultOrigin, err: unknown): void => {
    metrics.processFault(origin);
    log.error({ err, origin }, 'process fault');
  };

  const eventLog =
    outside.eventLog === undefined
      ? await openEvents(config, timers, metrics, log, opened)
      : { log: outside.eventLog, isHealthy: () => true };
  opened.push(() => eventLog.log.close());
  const resolvers =
    outside.resolvers ?? createHostResolvers({ clock, onRefused: () => metrics.queueRefused('name-lookups') });
  const transport =
    outside.transport ?? (await openTransport(config, clock, timers, resolvers, metrics, onProcessFault));
  opened.push(() => transport.close());
  const notices = createNoticeSender({
    timers,
    resolvers,
    recorder: { noticeResult: metrics.noticeResult },
    allowedHosts: config.notices.allowedHosts,
    queueLengthMax: config.notices.queueLengthMax,
    queueLengthPerDspMax: Math.ceil(config.notices.queueLengthMax * NOTICE_SHARE_PER_DSP_MAX),
    inFlightMax: config.notices.concurrencyMax,
    timeoutMs: config.notices.timeoutMs,
  });
  metrics.noticeQueueLength(notices.queueLength);
  opened.push(() => notices.close(NOTICE_DRAIN_MS));
  const markupFetcher = createMarkupFetcher({
    clock,
    timers,
    resolvers,
    allowedHosts: config.notices.allowedHosts,
    onRefused: () => metrics.queueRefused('markup-fetches'),
  });
  opened.push(markupFetcher.close);

  const system = nact.start();
  opened.push(async () => nact.stop(system as never));
  const residents = spawnParent(system, 'residents');
  const requests = spawnParent(system, 'requests');
  const events = spawnEventsActor(residents, {
    log: eventLog.log,
    clock,
    supervisor: supervisor(),
    pendingBytesMax: config.events.pendingBytesMax,
    eventBytesMax: PAYLOAD_BYTES_MAX,
    observer: {
      onAcknowledged: metrics.eventsAcknowledged,
      onDropped: metrics.eventsDropped,
      onError: (err) => log.error({ err }, 'outcome events could not be stored'),
    },
  });
  opened.push(events.flush);
  const reserves = openReserves(config, residents, clock, timers, supervisor(), metrics);
  opened.push(async () => reserves?.stop());
  const loop = watchLoopDelay({ clock, timers });
  opened.push(async () => loop.stop());
  const random = outside.random ?? Math.random;
  const dsps = openDsps(config, residents, { transport, clock, random, loop }, supervisor, metrics, onProcessFault);
  metrics.dspHealth(dsps);

  let isRestartWanted = false;
  metrics.restartWanted(() => isRestartWanted);
  const heap = watchHeap({
    timers,
    readShare: v8HeapShare,
    restartShare: HEAP_SHARE_RESTART,
    onRestartWanted: (heapShare) => {
      isRestartWanted = true;
      log.warn({ heapShare }, 'the heap is nearly full: this process is to be replaced');
      outside.supervisor?.replaceMe();
    },
  });
  opened.push(async () => heap.stop());
  const gate = openGate(config, { clock, timers, random, loop, heapShare: heap.share }, metrics);
  opened.push(async () => gate?.stop());

  const rules = exchangeRules(config);
  const environment: RequestEnvironment = {
    clock,
    timers,
    rules: decisionRules(config),
    dsps: dsps.map((dsp) => dsp.mailbox),
    decisionReserveMs: config.auction.decisionReserveMs,
    waiting: config.auction.progressive ? waitingOptions(config) : null,
    shaping: openShaping(config, residents, { clock, random }, supervisor(), metrics),
    teaching: teachingRules(config, dsps),
    markupFetcher,
    onFault,
    onBegun: (auctionId) => gate?.auctionBegan(auctionId),
    onConcluded: (event, decision, plan) => {
      gate?.auctionEnded(event);
      metrics.auctionEnded(event);
      events.record(event);
      for (const notice of plan.now) notices.send(notice);
      if (decision !== null && !event.isTest) reserves?.observe(inExchangeCurrency(decision, rules));
    },
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
    nextAuctionId: auctionIds(clock),
    observer: metrics.intake,
  });
  await outside.beforeListening?.();
  const origins = new Map(config.dsps.map(({ id, url }) => [id, new URL(url).origin]));
  // The path of a DSP's URL may be a secret between it and us.
  const dspStates = () =>
    dsps.map(({ id, snapshot, shapingSnapshot }) => ({
      id,
      origin: origins.get(id),
      ...snapshot(),
      shaping: shapingSnapshot(),
    }));
  if (outside.supervisor === undefined) await openAdmin(config, dspStates, log, opened);
  const server = await startHttpServer({
    ...config.server,
    connectionsMax: clientConnections(config, log),
    listens: outside.supervisor === undefined,
    requestBytesMax: REQUEST_BYTES_MAX,
    clock,
    adRequests,
    status: () => ({
      status: eventLog.isHealthy() ? 'ok' : 'degraded',
      version: VERSION,
      dsps: config.dsps.length,
      auctionsUnderWay: metrics.inFlight(),
      ...outside.supervisor?.status(),
    }),
    metrics: { contentType: metrics.contentType, text: outside.supervisor?.metricsText ?? metrics.text },
    observer: {
      onCut: metrics.clientConnectionCut,
      onRequestsFull: () => {
        metrics.queueRefused('ad-requests');
        metrics.intake.onRefused('overloaded');
      },
      onFault: (error) => onProcessFault('request', error),
    },
  });
  metrics.clientConnections(server.connectionCount);
  opened.push(() => server.close());
  const policy = createFaultPolicy(UNCAUGHT_FAULTS, clock);
  return {
    url: server.url,
    takeConnection: server.take,
    metrics: metrics.snapshot,
    dsps: dspStates,
    uncaught: (origin, error) => {
      onProcessFault(origin, error);
      return policy();
    },
  };
}

/** As configured, or fewer where the process may not open so many files. */
function clientConnections(config: Config, log: Log): number {
  const { connectionsMax } = config.server;
  const limit = descriptorLimit();
  if (limit === null) return connectionsMax;
  const toDsps = config.dsps.reduce((sum, dsp) => sum + connectionsTo(dsp, config), 0);
  const fitting = clientConnectionsWithin(limit, toDsps);
  if (fitting < connectionsMax) log.warn({ limit, fitting }, 'the limit of open files leaves fewer client connections');
  return Math.min(connectionsMax, fitting);
}

/** What `GET /status` wants to know of the event log. */
interface OpenedEventLog {
  readonly log: EventLog;
  readonly isHealthy: () => boolean;
}

async function openEvents(
  config: Config,
  timers: Timers,
  metrics: Metrics,
  log: Log,
  opened: (() => Promise<void>)[],
): Promise<OpenedEventLog> {
  const { segmentBytesMax, totalBytesMax, retention, syncIntervalMs } = config.events;
  const folder = eventLogFolder(config.dataDirectory);
  const files = sparedLogFiles();
  opened.push(async () => files.release());
  const eventLog = await openReopeningEventLog({
    open: () =>
      openEventLog({ folder, files, timers, segmentBytes: segmentBytesMax, totalBytesMax, retention, syncIntervalMs }),
    timers,
    observer: {
      onReopened: ({ recovery }) => log.info({ recovery }, 'event log reopened'),
      onReopenFailed: (err, retryInMs) => log.warn({ err, retryInMs }, 'event log could not be reopened'),
    },
  });
  metrics.outboxBytes(() => eventLog.current()?.stats().totalBytes ?? 0);
  log.info({ folder, recovery: eventLog.current()?.recovery }, 'event log opened');
  return { log: eventLog, isHealthy: eventLog.isHealthy };
}

async function openTransport(
  config: Config,
  clock: Clock,
  timers: Timers,
  resolvers: HostResolvers,
  metrics: Metrics,
  onProcessFault: (origin: FaultOrigin, error: unknown) => void,
): Promise<DspTransport> {
  const { dspDefaults } = config;
  const transport: UndiciTransport = createUndiciTransport({
    clock,
    timers,
    endpoints: config.dsps.map((dsp) => ({
      id: dsp.id,
      url: dsp.url,
      headers: dsp.headers,
      gzipRequests: dsp.gzipRequests,
      connections: connectionsTo(dsp, config),
      waitingMax: dspDefaults.waitingMax,
    })),
    resolveHost: resolvers.configured,
    responseBytesMax: RESPONSE_BYTES_MAX,
    connectTimeoutMs: dspDefaults.connectTimeoutMs,
    keepAliveMs: dspDefaults.keepAliveMs,
    onFault: (error) => onProcessFault('deadline', error),
  });
  metrics.dspConnections(transport.connections);
  await transport.preconnect();
  return transport;
}

function openDsps(
  config: Config,
  parent: ReturnType<typeof spawnParent>,
  around: Pick<DspActorOptions, 'transport' | 'clock' | 'random' | 'loop'>,
  supervisor: () => Supervisor,
  metrics: Metrics,
  onProcessFault: (origin: FaultOrigin, error: unknown) => void,
): DspActor[] {
  const readResponse = createResponseReader();
  return config.dsps.map((dsp) =>
    spawnDspActor(parent, {
      ...around,
      definition: {
        id: dsp.id,
        health: healthOptions(dsp, config),
        shaping: config.shaping.enabled ? shaperOptions(config) : null,
        dialect: dialect(dsp),
        reply: { strictness: dsp.strictness, readResponse },
      },
      supervisor: supervisor(),
      observer: { ...metrics.dsp(dsp.id), onReplyFault: (error) => onProcessFault('reply', error) },
      onOverflow: () => metrics.mailboxDropped('dsp', 'refuse-newest'),
    }),
  );
}

async function openAdmin(
  { admin }: Config,
  dsps: () => readonly DspState[],
  log: Log,
  opened: (() => Promise<void>)[],
): Promise<void> {
  if (admin.token === '') {
    log.info('no admin.token: GET /admin/dsps is not served');
    return;
  }
  const server = await startAdminServer({ ...admin, dsps });
  opened.push(server.close);
  log.info({ url: server.url }, 'admin listener opened');
}

function openGate(
  config: Config,
  around: {
    readonly clock: Clock;
    readonly timers: Timers;
    readonly random: Random;
    readonly loop: LoopDelayWatch;
    readonly heapShare: () => number;
  },
  metrics: Metrics,
): AdmissionGate | null {
  if (!config.admission.enabled) return null;
  const { currencies, exchange } = config;
  const gate = new AdmissionGate({
    ...around,
    admission: admissionOptions(config),
    dspIds: config.dsps.map(({ id }) => id),
    rateToExchange: (currency) => rateBetween(currencies, currency, exchange.currency) ?? 0,
    loopDelayMs: around.loop.delayMs,
    onShed: metrics.shed,
  });
  metrics.admission(gate.snapshot);
  return gate;
}

function openReserves(
  config: Config,
  parent: ReturnType<typeof spawnParent>,
  clock: Clock,
  timers: Timers,
  supervisor: Supervisor,
  metrics: Metrics,
): ReserveActor | null {
  const { estimator, windowSize, observationsMin, changeRatioMax, stepIntervalMs, placementsMax } =
    config.learnedReserve;
  if (estimator === 'off') return null;
  return spawnReserveActor(parent, {
    learning: {
      estimator: RESERVE_ESTIMATORS[estimator],
      windowCapacity: windowSize,
      observationsMin,
      stepRatioMax: changeRatioMax,
      placementsMax,
    },
    stepIntervalMs,
    clock,
    timers,
    supervisor,
    onOverflow: () => metrics.mailboxDropped('reserve', 'drop-oldest'),
  });
}

function openShaping(
  config: Config,
  parent: ReturnType<typeof spawnParent>,
  around: { readonly clock: Clock; readonly random: Random },
  supervisor: Supervisor,
  metrics: Metrics,
): ShapingActor | null {
  if (!config.shaping.enabled) return null;
  return spawnShapingActor(parent, {
    ...around,
    threshold: thresholdOptions(config),
    supervisor,
    onOverflow: () => metrics.mailboxDropped('shaping', 'drop-oldest'),
  });
}

function teachingRules({ auction, exchange, shaping }: Config, dsps: readonly DspActor[]): TeachingRules | null {
  if (!auction.progressive && !shaping.enabled) return null;
  return { currency: exchange.currency, dsps: new Map(dsps.map(({ id, mailbox }) => [id, mailbox])) };
}

/** Auctions run in the publisher's currency, reserves are learned in ours. */
function inExchangeCurrency({ input, outcome }: Decision, rules: ExchangeRules): ReserveObservation[] {
  const observations = reserveObservations(input, outcome);
  const rate = rateBetween(rules.currencies, input.currency, rules.currency) ?? 0;
  return rate === 1 ? observations : observations.map((one) => ({ ...one, ecpmMicros: one.ecpmMicros * rate }));
}

/** Start time and a random tag make ids unique over processes and restarts; the counter keeps them short and sortable. */
function auctionIds(clock: Clock): () => string {
  const prefix = `${Math.floor(clock.wallMs()).toString(36)}-${randomBytes(4).toString('hex')}`;
  let count = 0;
  return () => `${prefix}-${(count++).toString(36)}`;
}
