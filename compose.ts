/**
 * Configuration in, one running engine out: the only place that knows which adapter serves which port. The simulator and
 * tests pass stand-ins for the outside; every decision stays the product's own.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import nact from 'nact';
import { AdmissionGate } from './actors/admission-gate.ts';
import { type DspActor, type DspActorOptions, spawnDspActor } from './actors/dsp-actor.ts';
import { spawnEventsActor } from './actors/events-actor.ts';
import { createIntake } from './actors/intake.ts';
import { spawnParent } from './actors/mailbox.ts';
import type { RequestEnvironment, WaitingRules } from './actors/request-actor.ts';
import { type ReserveActor, spawnReserveActor } from './actors/reserve-actor.ts';
import { type ActorFault, restartWithin, type Supervisor } from './actors/supervision.ts';
import { systemClock, systemTimers } from './adapters/clock.ts';
import { createUndiciTransport, type UndiciTransport } from './adapters/dsp/undici-transport.ts';
import { openEventLog } from './adapters/event-log/event-log.embedded.ts';
import { openReopeningEventLog } from './adapters/event-log/reopening-event-log.ts';
import { PAYLOAD_BYTES_MAX } from './adapters/event-log/segment-format.ts';
import { startAdminServer } from './adapters/http/admin-server.ts';
import { startHttpServer } from './adapters/http/server.ts';
import { createLog, type Log } from './adapters/log.ts';
import { createMetrics, type Metrics } from './adapters/metrics/metrics.ts';
import { createHostResolvers } from './adapters/notices/host-resolvers.ts';
import { createMarkupFetcher } from './adapters/notices/markup-fetcher.ts';
import { createNoticeSender } from './adapters/notices/notice-sender.ts';
import { v8HeapShare, watchHeap } from './adapters/process/heap.ts';
import { type LoopDelayWatch, watchLoopDelay } from './adapters/process/loop-delay.ts';
import { allocateYoungOnly } from './adapters/process/young-generation.ts';
import { effectiveConfig } from './config/effective.ts';
import {
  admissionOptions,
  connectionsTo,
  decisionRules,
  exchangeRules,
  healthOptions,
} from './config/engine-options.ts';
import type { Config } from './config/types.ts';
import { VERSION } from './config/version.ts';
import { RESERVE_ESTIMATORS } from './engine/auction/reserve/estimator.ts';
import { type ReserveObservation, reserveObservations } from './engine/auction/reserve/observations.ts';
import { dialect } from './engine/dsp/solicitation.ts';
import { WAITING_DEFAULTS } from './engine/dsp/waiting/waiting-value.ts';
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
  /** Where publishers connect. */
  readonly url: string;
  /** Finishes auctions under way, flushes events, sends what notices it can, closes everything. */
  readonly close: () => Promise<void>;
}

/** Stand-ins for the outside world; what is absent is the real thing. */
export interface Outside {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly transport: DspTransport;
  readonly eventLog: EventLog;
  readonly log: Log;
  /** Runs when everything but the listener is open. */
  readonly beforeListening: () => Promise<void>;
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
    const url = await open(config, outside, log, opened);
    return { url, close };
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
): Promise<string> {
  const clock = outside.clock ?? systemClock;
  const timers = outside.timers ?? systemTimers;
  const metrics = createMetrics({ dspIds: config.dsps.map((dsp) => dsp.id), version: VERSION });
  const onFault = (fault: ActorFault): void => {
    metrics.actorFault(fault.decision);
    log.error({ err: fault.error, actor: fault.actorName, decision: fault.decision }, 'actor fault');
  };
  const supervisor = (): Supervisor => restartWithin(RESTARTS, onFault);

  const eventLog =
    outside.eventLog === undefined
      ? await openEvents(config, timers, metrics, log)
      : { log: outside.eventLog, isHealthy: () => true };
  opened.push(() => eventLog.log.close());
  const transport = outside.transport ?? (await openTransport(config, clock, timers, metrics));
  opened.push(() => transport.close());
  const resolvers = createHostResolvers({ clock });
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
  const markupFetcher = createMarkupFetcher({ clock, timers, resolvers, allowedHosts: config.notices.allowedHosts });
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
  const dsps = openDsps(config, residents, { transport, clock, random, loop }, supervisor, metrics);
  metrics.dspHealth(dsps);

  const heap = watchHeap({
    timers,
    readShare: v8HeapShare,
    restartShare: HEAP_SHARE_RESTART,
    onRestartWanted: (heapShare) => log.warn({ heapShare }, 'the heap is nearly full: restart this process'),
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
    waiting: waitingRules(config, dsps),
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
  await openAdmin(config, dsps, log, opened);
  const server = await startHttpServer({
    ...config.server,
    requestBytesMax: REQUEST_BYTES_MAX,
    clock,
    adRequests,
    status: () => ({
      status: eventLog.isHealthy() ? 'ok' : 'degraded',
      version: VERSION,
      dsps: config.dsps.length,
      auctionsUnderWay: metrics.inFlight(),
    }),
    metrics,
  });
  opened.push(() => server.close());
  return server.url;
}

/** What `GET /status` wants to know of the event log. */
interface OpenedEventLog {
  readonly log: EventLog;
  readonly isHealthy: () => boolean;
}

async function openEvents(config: Config, timers: Timers, metrics: Metrics, log: Log): Promise<OpenedEventLog> {
  const { segmentBytesMax, totalBytesMax, retention, syncIntervalMs } = config.events;
  const folder = join(config.dataDirectory, 'events');
  const eventLog = await openReopeningEventLog({
    open: () =>
      openEventLog({ folder, timers, segmentBytes: segmentBytesMax, totalBytesMax, retention, syncIntervalMs }),
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

async function openTransport(config: Config, clock: Clock, timers: Timers, metrics: Metrics): Promise<DspTransport> {
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
    responseBytesMax: RESPONSE_BYTES_MAX,
    connectTimeoutMs: dspDefaults.connectTimeoutMs,
    keepAliveMs: dspDefaults.keepAliveMs,
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
): DspActor[] {
  const readResponse = createResponseReader();
  return config.dsps.map((dsp) =>
    spawnDspActor(parent, {
      ...around,
      definition: {
        id: dsp.id,
        health: healthOptions(dsp, config),
        dialect: dialect(dsp),
        reply: { strictness: dsp.strictness, readResponse },
      },
      supervisor: supervisor(),
      observer: metrics.dsp(dsp.id),
      onOverflow: () => metrics.mailboxDropped('dsp', 'refuse-newest'),
    }),
  );
}

async function openAdmin(
  config: Config,
  dsps: readonly DspActor[],
  log: Log,
  opened: (() => Promise<void>)[],
): Promise<void> {
  if (config.admin.token === '') {
    log.info('no admin.token: GET /admin/dsps is not served');
    return;
  }
  const origins = new Map(config.dsps.map(({ id, url }) => [id, new URL(url).origin]));
  const server = await startAdminServer({
    ...config.admin,
    // The path of a DSP's URL may be a secret between it and us.
    dsps: () => dsps.map(({ id, snapshot }) => ({ id, origin: origins.get(id), ...snapshot() })),
  });
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

function waitingRules({ auction, exchange }: Config, dsps: readonly DspActor[]): WaitingRules | null {
  if (!auction.progressive) return null;
  return {
    options: {
      ...WAITING_DEFAULTS,
      preliminaryMs: auction.preliminaryAtMs,
      costMicrosPerMs: auction.waitingCostMicrosPerMs,
    },
    currency: exchange.currency,
    dsps: new Map(dsps.map(({ id, mailbox }) => [id, mailbox])),
  };
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
