/** The supervisor of several engine processes (docs/processes.md): it accepts for them and runs no auction itself. */
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { systemClock, systemTimers } from '../adapters/clock.ts';
import { FolderLockedError, lockFolder } from '../adapters/event-log/folder-lock.ts';
import { eventLogFolder, workerDataDirectory, workerNumbers } from '../adapters/event-log/log-folders.ts';
import { startAdminServer } from '../adapters/http/admin-server.ts';
import { createLog, type Log } from '../adapters/log.ts';
import type { MetricSnapshot } from '../adapters/metrics/exposition.ts';
import { MetricSums } from '../adapters/metrics/metric-sums.ts';
import { SupervisorMetrics } from '../adapters/metrics/supervisor-metrics.ts';
import { createFaultPolicy, UNCAUGHT_FAULTS } from '../adapters/process/fault-policy.ts';
import { Confirmations } from '../adapters/workers/confirmations.ts';
import { ConnectionDealer } from '../adapters/workers/connection-dealer.ts';
import { dspsOfWorkers } from '../adapters/workers/dsp-states.ts';
import { Gathering } from '../adapters/workers/gathering.ts';
import type {
  DspState,
  FromWorker,
  ReportKind,
  WorkerCounts,
  WorkerReport,
  WorkerReports,
} from '../adapters/workers/messages.ts';
import { OutcomeBroadcast } from '../adapters/workers/outcome-broadcast.ts';
import { SharedReading } from '../adapters/workers/shared-reading.ts';
import { type PoolWorker, type PoolWorkerEnd, WorkerPool } from '../adapters/workers/worker-pool.ts';
import { forkWorkers } from '../adapters/workers/worker-process.ts';
import {
  type ConsumerName,
  openCampaignBooks,
  openDeletionDesk,
  type RunningConsumer,
  startEventConsumer,
  withKeptSecrets,
} from '../compose.ts';
import { adminTokens } from '../config/admin-tokens.ts';
import { areCountersShared, isCountingHere } from '../config/counters.ts';
import { isBilling, isBillingHere, keepsBooks } from '../config/event-billing.ts';
import { trackingAt } from '../config/tracking.ts';
import type { Config } from '../config/types.ts';
import { VERSION } from '../config/version.ts';
import { workerShare } from '../config/worker-share.ts';
import type { OutcomesTaken } from '../engine/desk/outcome-billing.ts';
import type { Outcome } from '../engine/estimation/quality/awaited-outcomes.ts';
import { EventLogError } from '../engine/ports/event-log.ts';
import type { WorkerStart } from './worker.ts';

export interface RunningWorkers {
  /** Where publishers connect. */
  readonly url: string;
  /** As `Gavel.uncaught`, for faults of the supervisor itself. */
  readonly uncaught: (origin: 'exception' | 'rejection', error: unknown) => 'go-on' | 'drain';
  /** Stops accepting, drains all workers, resolves when they have ended. */
  readonly close: () => Promise<void>;
}

/** What a worker that hangs may cost whoever reads `/metrics`. */
const REPORT_MS_MAX = 1000;
/** Between two sums of all metrics: they take some percent of the loop at most. */
const METRICS_PAUSE_MS = 250;

/** Rejects when the port or the data folder cannot be had, or when no worker starts: with the first one's error. */
export async function startWorkers(config: Config): Promise<RunningWorkers> {
  const log = createLog(config.log.level);
  const opened: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const closeOne of opened.splice(0).reverse()) await closeOne();
  };
  try {
    opened.push(await lockData(config.dataDirectory));
    const kept = await withKeptSecrets(config);
    const supervisor = new Supervisor(kept, log, await foreignNumbers(config.dataDirectory));
    opened.push(supervisor.close);
    const consumer = await startConsumer(config, log);
    if (consumer !== null) {
      opened.push(consumer.close);
      supervisor.readAlso(consumer.metrics);
    }
    const url = await supervisor.start();
    const tokens = adminTokens(config.admin);
    if (tokens.length > 0) {
      const { host, port } = config.admin;
      const books = keepsBooks(config)
        ? await openCampaignBooks(config, systemClock, (err) => log.warn({ err }, 'a connection to the database broke'))
        : null;
      if (books !== null) opened.push(books.close);
      const admin = await startAdminServer({
        host,
        port,
        tokens,
        campaigns: config.campaigns.enabled ? (books?.api ?? null) : null,
        counters: consumer?.counters ?? null,
        deletions: books === null ? null : openDeletionDesk(books.database, kept.events.userSecret),
        refunds: isBilling(config) ? (books?.refunds ?? null) : null,
        dsps: supervisor.dsps,
        invalidateEstimates: config.estimation.model.source === 'remote' ? supervisor.invalidateEstimates : null,
        onChange: (change) => log.info(change, 'changed by an admin'),
        onFault: (err) => log.error({ err }, 'an admin request failed'),
        estimates: supervisor.estimates,
        reportOutcomes: supervisor.reportOutcomes,
      });
      opened.push(admin.close);
      log.info({ url: admin.url }, 'admin listener opened');
    }
    const policy = createFaultPolicy(UNCAUGHT_FAULTS, systemClock);
    return {
      url,
      uncaught: (origin, err) => {
        log.error({ err, origin }, 'supervisor fault');
        return policy();
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** What is made of the workers' logs; null: nothing. */
async function startConsumer(config: Config, log: Log): Promise<RunningConsumer | null> {
  const consumers: ConsumerName[] = [];
  if (isBillingHere(config)) consumers.push('billing');
  if (isCountingHere(config)) consumers.push('counters');
  if (consumers.length === 0 && !areCountersShared(config)) return null;
  return startEventConsumer(config, { log, consumers, fromStart: false });
}

/** One supervisor or one engine per data folder: both hold the same lock. */
async function lockData(dataDirectory: string): Promise<() => Promise<void>> {
  const folder = eventLogFolder(dataDirectory);
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    throw new EventLogError('io', `event log open failed: ${(error as Error).message}`, { cause: error });
  }
  return lockFolder(folder);
}

/** Folders that workers of a killed supervisor still drain into: another number is as good. */
async function foreignNumbers(dataDirectory: string): Promise<Set<number>> {
  const foreign = new Set<number>();
  for (const number of await workerNumbers(dataDirectory)) {
    try {
      const unlock = await lockFolder(eventLogFolder(workerDataDirectory(dataDirectory, number)));
      await unlock();
    } catch (error) {
      // What else may be wrong with the folder, its worker will say.
      if (error instanceof FolderLockedError) foreign.add(number);
    }
  }
  return foreign;
}

class Supervisor {
  /** That of the whole; workers get their share. */
  #config: Config;
  readonly #log: Log;
  readonly #metrics = new SupervisorMetrics();
  readonly #parts: (() => Promise<readonly MetricSnapshot[]>)[] = [];
  readonly #sums = new MetricSums();
  readonly #dealer = new ConnectionDealer({ timers: systemTimers, onRefused: this.#metrics.connectionRefused });
  readonly #pool: WorkerPool<WorkerStart>;
  readonly #workerMetrics: Gathering<readonly MetricSnapshot[]>;
  readonly #workerDsps: Gathering<readonly DspState[]>;
  readonly #invalidations = new Confirmations({ timers: systemTimers, timeoutMs: REPORT_MS_MAX });
  readonly #workerEstimates: Gathering<WorkerReports['estimates']>;
  readonly #outcomes = new OutcomeBroadcast({
    timers: systemTimers,
    timeoutMs: REPORT_MS_MAX,
    tell: (number, id, { outcomes, isBilling }) =>
      this.#workerOf(number)?.process.send({ kind: 'outcomes', id, outcomes, isBilling }),
  });
  /** Anybody may ask for it, and it costs milliseconds of the loop that accepts connections. */
  readonly #metricsText = new SharedReading({
    timers: systemTimers,
    pauseMs: METRICS_PAUSE_MS,
    read: () => this.#sumOfMetrics(),
  });

  constructor(config: Config, log: Log, takenNumbers: ReadonlySet<number>) {
    this.#config = config;
    this.#log = log;
    this.#pool = new WorkerPool({
      configured: config.server.workers,
      clock: systemClock,
      timers: systemTimers,
      spawn: forkWorkers(workerEntry(), systemTimers),
      startOf: (number, place) => ({
        number,
        config: {
          ...workerShare(this.#config, place),
          dataDirectory: workerDataDirectory(config.dataDirectory, number),
        },
        // A number may be no longer used, and its worker have been killed.
        inheritedDataDirectory: place === 0 ? config.dataDirectory : null,
      }),
      takenNumbers,
      observer: {
        onServing: (worker) => {
          log.info({ worker: worker.number, pid: worker.process.pid }, 'worker serves');
          this.#dealer.add(worker.process);
        },
        onDraining: (worker) => this.#dealer.remove(worker.process),
        onEnded: (worker, end) => this.#onEnded(worker, end),
        onMessage: (worker, message) => void this.#onMessage(worker, message),
        onCounts: (counts) => this.#onCounts(counts),
      },
    });
    this.#workerMetrics = this.#gathering('metrics');
    this.#workerDsps = this.#gathering('dsps');
    this.#workerEstimates = this.#gathering('estimates');
  }

  /** Where it listens. The port comes first: that it is taken is known before any process is started. */
  async start(): Promise<string> {
    const { host, port, workers } = this.#config.server;
    this.#log.info({ version: VERSION, workers }, 'starting workers');
    const url = await this.#dealer.listen(host, port);
    this.#config = trackingAt(this.#config, url);
    await this.#pool.start();
    return url;
  }

  /** Metrics of another part of this process. */
  readAlso(read: () => Promise<readonly MetricSnapshot[]>): void {
    this.#parts.push(read);
  }

  readonly close = async (): Promise<void> => {
    // Who stops a whole process group signals the workers too: they stay until everything is dealt.
    this.#pool.keep();
    await this.#dealer.close();
    await this.#pool.close();
  };

  /** Body of `GET /admin/dsps`. */
  readonly dsps = async (): Promise<object> =>
    dspsOfWorkers(
      await this.#workerDsps.gather(this.#startedNumbers()),
      this.#config.dsps.map(({ id }) => id),
    );

  /** In every worker, and through their shared cache in all other processes; rejects when not all may know it. */
  readonly invalidateEstimates = (tag: number): Promise<void> =>
    this.#invalidations.all(this.#startedNumbers(), (number, id) =>
      this.#workerOf(number)?.process.send({ kind: 'invalidate', id, tag }),
    );
  /** Body of `GET /admin/estimates`: each worker judges the auctions that it ran. */
  readonly estimates = async (): Promise<object> => {
    const reports = await this.#workerEstimates.gather(this.#startedNumbers());
    const workers = [...reports].sort(([a], [b]) => a - b).map(([worker, report]) => ({ worker, ...report }));
    return { workers };
  };

  readonly reportOutcomes = async (outcomes: readonly Outcome[]): Promise<OutcomesTaken> => {
    const areBilled = this.#config.campaigns.enabled;
    const taken = await this.#outcomes.report(this.#startedNumbers(), { outcomes, areBilled });
    this.#metrics.outcomesReported(taken);
    return taken;
  };

  /** For estimates alone: whoever bills them reads the log. */
  #passOn(outcomes: readonly Outcome[]): void {
    this.#outcomes
      .report(this.#startedNumbers(), { outcomes, areBilled: false })
      .then(this.#metrics.outcomesReported, (err: unknown) =>
        this.#log.warn({ err }, 'outcomes of estimates were lost on their way between workers'),
      );
  }

  #gathering<Report>(what: ReportKind): Gathering<Report> {
    return new Gathering({
      timers: systemTimers,
      timeoutMs: REPORT_MS_MAX,
      ask: (number, id) => this.#workerOf(number)?.process.send({ kind: 'report', id, what }),
    });
  }

  #startedNumbers(): number[] {
    return this.#pool.started().map(({ number }) => number);
  }

  #workerOf(number: number): PoolWorker<WorkerStart> | undefined {
    return this.#pool.started().find((worker) => worker.number === number);
  }

  async #onMessage({ number, process }: PoolWorker<WorkerStart>, message: FromWorker): Promise<void> {
    switch (message.kind) {
      case 'report':
        this.#reported(number, message);
        return;
      case 'outcomes':
        this.#outcomes.answered(number, message.id, message.taken);
        return;
      case 'foreign-outcomes':
        this.#passOn(message.outcomes);
        return;
      case 'invalidated':
        this.#invalidations.confirmed(number, message.id, message.failure);
        return;
      case 'last-metrics':
        this.#workerMetrics.updated(number, message.metrics);
        return;
      case 'sum-metrics':
        process.send({ kind: 'metrics-sum', id: message.id, text: await this.#metricsText.read() });
        return;
    }
  }

  #reported(number: number, { id, ...reported }: WorkerReport): void {
    switch (reported.what) {
      case 'metrics':
        this.#workerMetrics.answered(number, id, reported.report);
        return;
      case 'dsps':
        this.#workerDsps.answered(number, id, reported.report);
        return;
      case 'estimates':
        this.#workerEstimates.answered(number, id, reported.report);
        return;
    }
  }

  async #sumOfMetrics(): Promise<string> {
    const own = await Promise.all([this.#metrics.snapshot(), ...this.#parts.map((read) => read())]);
    const workers = await this.#workerMetrics.gather(this.#startedNumbers());
    return this.#sums.text([...own, ...workers.values()]);
  }

  #onEnded({ number, process }: PoolWorker<WorkerStart>, { why, failure, respawnInMs }: PoolWorkerEnd): void {
    this.#dealer.remove(process);
    this.#metrics.ended(why);
    const counted = this.#workerMetrics.forget(number);
    if (counted !== undefined) this.#sums.keep(counted);
    this.#workerDsps.forget(number);
    this.#invalidations.forget(number);
    this.#workerEstimates.forget(number);
    this.#outcomes.forget(number);
    if (failure === null) this.#log.info({ worker: number, why }, 'worker ended');
    else this.#log.error({ worker: number, why, failure, respawnInMs }, 'worker failed');
  }

  #onCounts(counts: WorkerCounts): void {
    this.#metrics.counts = counts;
    for (const { process } of this.#pool.started()) process.send({ kind: 'counts', counts });
  }
}

/** Beside this file: worker.js in a build, worker.ts where the runtime reads TypeScript. */
function workerEntry(): string {
  const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'));
  return fileURLToPath(new URL(`./worker${extension}`, import.meta.url));
}
