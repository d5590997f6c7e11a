/**
 * Entry of a worker process: one engine whose connections, metrics and end are its supervisor's (`serve-workers.ts`). It
 * drains and ends when told to, and when the supervisor is gone, however that came about.
 */
import type { Socket } from 'node:net';
import closeWithGrace from 'close-with-grace';
import { systemTimers } from '../adapters/clock.ts';
import { createLog } from '../adapters/log.ts';
import { WORKER_DRAIN_MS_MAX } from '../adapters/process/drain-budget.ts';
import type { FromWorker, LeaveReason, ReportKind, ToWorker, WorkerCounts } from '../adapters/workers/messages.ts';
import { SharedReading } from '../adapters/workers/shared-reading.ts';
import { type Gavel, startGavel } from '../compose.ts';
import type { Config } from '../config/types.ts';
import type { Outcome } from '../engine/estimation/quality/awaited-outcomes.ts';
import { warmUp } from './warm-up.ts';

/** What a worker is told to be. */
export interface WorkerStart {
  readonly number: number;
  /** Its share of the whole (`config/worker-share.ts`), with a data folder of its own. */
  readonly config: Config;
  /** See `WorkerSupervisor`. */
  readonly inheritedDataDirectory: string | null;
}

/** The supervisor gives up on slow workers before that: longer than this, it hangs itself. */
const METRICS_SUM_MS_MAX = 2000;

let gavel: Gavel | null = null;
let counts: WorkerCounts = { configured: 0, serving: 0 };
const metricsWanted = new Map<number, (text: string) => void>();
let lastId = 0;
/** Asked for once at a time; the supervisor says how often. */
const metricsSum = new SharedReading({ timers: systemTimers, pauseMs: 0, read: sumOfMetrics });

/** How long one that crashed waits to be told to drain: until then its supervisor may hand it connections. */
const DRAIN_ORDER_MS_MAX = 1000;
/** Whoever sends one of these to a worker wants that process gone: it leaves through its supervisor. */
const LEAVE_SIGNALS = ['SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2'] as const;

let isEnding = false;
const ending = closeWithGrace(
  {
    delay: WORKER_DRAIN_MS_MAX,
    logger: false,
    skip: [...LEAVE_SIGNALS, 'SIGINT', 'uncaughtException', 'unhandledRejection'],
  },
  async () => {
    isEnding = true;
    await gavel?.close();
    if (gavel !== null) await say({ kind: 'last-metrics', metrics: await gavel.metrics() });
  },
);
const end = (): void => {
  if (!isEnding) void ending.close();
};
/** Goes on after a few, as a single engine does (docs/overload.md); one that cannot start has nothing to go on with. */
const onUncaught = (origin: 'exception' | 'rejection', error: unknown): void => {
  if (gavel === null) process.stderr.write(`gavel: ${error instanceof Error ? error.stack : error}\n`);
  else if (gavel.uncaught(origin, error) === 'go-on') return;
  leave('crash');
  // A supervisor that hangs does not say it.
  setTimeout(end, DRAIN_ORDER_MS_MAX);
};

process.on('uncaughtException', (error) => onUncaught('exception', error));
process.on('unhandledRejection', (reason) => onUncaught('rejection', reason));

process.on('disconnect', end);
for (const signal of LEAVE_SIGNALS) process.on(signal, () => leave('signal'));
// Ctrl-C reaches the whole process group: the supervisor says what is to be done.
process.on('SIGINT', () => {});
process.on('message', (message: ToWorker<WorkerStart>, socket: Socket | undefined) => {
  switch (message.kind) {
    case 'start':
      void start(message.start);
      return;
    case 'connection':
      void say({ kind: 'taken', id: message.id });
      // Absent when the client has left meanwhile.
      if (socket !== undefined) gavel?.takeConnection(socket);
      return;
    case 'confirm':
      void say({ kind: 'all-taken', untilId: message.untilId });
      return;
    case 'report':
      void report(message.id, message.what);
      return;
    case 'invalidate':
      void invalidate(message.id, message.tag);
      return;
    case 'outcomes':
      void reportOutcomes(message.id, message.outcomes, message.isBilling);
      return;
    case 'counts':
      counts = message.counts;
      return;
    case 'metrics-sum':
      metricsWanted.get(message.id)?.(message.text);
      return;
    case 'drain':
      end();
      return;
  }
});

async function start({ number, config, inheritedDataDirectory }: WorkerStart): Promise<void> {
  try {
    gavel = await startGavel(config, {
      log: createLog(config.log.level).child({ worker: number }),
      beforeListening: () => warmUp(config),
      supervisor: {
        metricsText: () => metricsSum.read(),
        status: () => ({ worker: number, workers: counts }),
        replaceMe: () => leave('heap'),
        inheritedDataDirectory,
        passOnOutcomes: (outcomes) => void say({ kind: 'foreign-outcomes', outcomes }),
      },
    });
  } catch (error) {
    const { name, code, message, stack } = error as NodeJS.ErrnoException;
    await say({ kind: 'failed', name, code, message, stack });
    process.exit(1);
  }
  await say({ kind: 'serving' });
}

async function report(id: number, what: ReportKind): Promise<void> {
  if (gavel === null) return;
  switch (what) {
    case 'metrics':
      return say({ kind: 'report', id, what, report: await gavel.metrics() });
    case 'dsps':
      return say({ kind: 'report', id, what, report: gavel.dsps() });
    case 'estimates':
      return say({ kind: 'report', id, what, report: gavel.estimates() });
  }
}

async function reportOutcomes(id: number, outcomes: readonly Outcome[], isBilling: boolean): Promise<void> {
  const taken = await gavel?.reportOutcomes(outcomes, isBilling).catch(({ message }: Error) => ({ failure: message }));
  if (taken !== undefined) await say({ kind: 'outcomes', id, taken });
}

/** One that is still starting has nothing to forget. */
async function invalidate(id: number, tag: number): Promise<void> {
  const failure = await gavel?.invalidateEstimates?.(tag).then(
    () => null,
    (error: Error) => error.message,
  );
  await say({ kind: 'invalidated', id, failure: failure ?? null });
}

function sumOfMetrics(): Promise<string> {
  const id = ++lastId;
  return new Promise<string>((resolve, reject) => {
    const timer = setTimeout(() => {
      metricsWanted.delete(id);
      reject(new Error('the supervisor does not answer'));
    }, METRICS_SUM_MS_MAX);
    metricsWanted.set(id, (text) => {
      clearTimeout(timer);
      metricsWanted.delete(id);
      resolve(text);
    });
    void say({ kind: 'sum-metrics', id });
  });
}

function leave(reason: LeaveReason): void {
  void say({ kind: 'leaving', reason });
}

/** Resolves when the message is on its way; a supervisor that has gone hears nothing, and `disconnect` follows. */
function say(message: FromWorker): Promise<void> {
  return new Promise((resolve) => {
    if (process.connected) process.send!(message, undefined, undefined, () => resolve());
    else resolve();
  });
}
