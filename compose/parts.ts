/** What every part of one engine is opened with. */

import { hostname } from 'node:os';
import { type ActorFault, restartWithin, type Supervisor } from '../actors/supervision.ts';
import { systemClock, systemTimers } from '../adapters/clock.ts';
import { systemEntropy } from '../adapters/entropy.ts';
import { createLog, type Log } from '../adapters/log.ts';
import { createMetrics, type Metrics } from '../adapters/metrics/metrics.ts';
import { createGuardedHttp, type GuardedHttp, type GuardedHttpOptions } from '../adapters/notices/guarded-http.ts';
import type { FaultOrigin } from '../adapters/process/fault-policy.ts';
import { v8HeapShare } from '../adapters/process/heap.ts';
import type { Config } from '../config/types.ts';
import { VERSION } from '../config/version.ts';
import type { Clock, Timers } from '../engine/ports/clock.ts';
import type { Entropy } from '../engine/ports/entropy.ts';
import type { Random } from '../engine/ports/random.ts';
import type { Books } from './books.ts';
import type { OutsideStores } from './outside-stores.ts';

export interface Parts {
  readonly config: Config;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly entropy: Entropy;
  /** No other process has it at the same time. */
  readonly processName: string;
  /** Used part of the largest heap that this process may have, 0..1. */
  readonly readHeapShare: () => number;
  /** For URLs that came from DSPs. */
  readonly openGuardedHttp: (options: GuardedHttpOptions) => GuardedHttp;
  readonly metrics: Metrics;
  readonly log: Log;
  /** Null: those of the database that is configured. */
  readonly books: Books | null;
  /** What is absent is what is configured. */
  readonly stores: Partial<OutsideStores>;
  /** Takes what is to be closed at the end, in reverse. */
  readonly closing: (close: () => Promise<void>) => void;
  readonly onActorFault: (fault: ActorFault) => void;
  /** For faults of our own code outside actors. */
  readonly onProcessFault: (origin: FaultOrigin, error: unknown) => void;
}

/** Stand-ins of tests and of those who have several processes; what is absent is the real thing. */
export interface OutsideParts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly entropy: Entropy;
  readonly processName: string;
  readonly readHeapShare: () => number;
  readonly openGuardedHttp: (options: GuardedHttpOptions) => GuardedHttp;
  readonly log: Log;
  readonly books: Books;
  readonly stores: Partial<OutsideStores>;
}

export function createParts(config: Config, outside: Partial<OutsideParts>, closing: Parts['closing']): Parts {
  const log = outside.log ?? createLog(config.log.level);
  const metrics = createMetrics({ dspIds: config.dsps.map((dsp) => dsp.id), version: VERSION });
  return {
    config,
    clock: outside.clock ?? systemClock,
    timers: outside.timers ?? systemTimers,
    random: outside.random ?? Math.random,
    entropy: outside.entropy ?? systemEntropy,
    processName: outside.processName ?? `${hostname()}-${process.pid}`,
    readHeapShare: outside.readHeapShare ?? v8HeapShare,
    openGuardedHttp: outside.openGuardedHttp ?? createGuardedHttp,
    metrics,
    log,
    books: outside.books ?? null,
    stores: outside.stores ?? {},
    closing,
    onActorFault: ({ error, actorName, decision }) => {
      metrics.actorFault(decision);
      log.error({ err: error, actor: actorName, decision }, 'actor fault');
    },
    onProcessFault: (origin, err) => {
      metrics.processFault(origin);
      log.error({ err, origin }, 'process fault');
    },
  };
}

/** A process-lived actor that fails more often than this is broken, not unlucky. */
const RESTARTS = { restartsMax: 5, windowMs: 60_000 };

/** Of one process-lived actor. */
export function supervisorOf({ onActorFault }: Parts): Supervisor {
  return restartWithin(RESTARTS, onActorFault);
}
