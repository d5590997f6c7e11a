/** What every part of one engine is opened with. */
import { type ActorFault, restartWithin, type Supervisor } from '../actors/supervision.ts';
import { systemClock, systemTimers } from '../adapters/clock.ts';
import { createLog, type Log } from '../adapters/log.ts';
import { createMetrics, type Metrics } from '../adapters/metrics/metrics.ts';
import type { FaultOrigin } from '../adapters/process/fault-policy.ts';
import type { Config } from '../config/types.ts';
import { VERSION } from '../config/version.ts';
import type { Clock, Timers } from '../engine/ports/clock.ts';
import type { Random } from '../engine/ports/random.ts';
import type { Books } from './books.ts';

export interface Parts {
  readonly config: Config;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly metrics: Metrics;
  readonly log: Log;
  /** Null: those of the database that is configured. */
  readonly books: Books | null;
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
  readonly log: Log;
  readonly books: Books;
}

export function createParts(config: Config, outside: Partial<OutsideParts>, closing: Parts['closing']): Parts {
  const log = outside.log ?? createLog(config.log.level);
  const metrics = createMetrics({ dspIds: config.dsps.map((dsp) => dsp.id), version: VERSION });
  return {
    config,
    clock: outside.clock ?? systemClock,
    timers: outside.timers ?? systemTimers,
    random: outside.random ?? Math.random,
    metrics,
    log,
    books: outside.books ?? null,
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
