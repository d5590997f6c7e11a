/** What every part of one engine is opened with. */
import { type ActorFault, restartWithin, type Supervisor } from '../actors/supervision.ts';
import type { Log } from '../adapters/log.ts';
import type { Metrics } from '../adapters/metrics/metrics.ts';
import type { FaultOrigin } from '../adapters/process/fault-policy.ts';
import type { Config } from '../config/types.ts';
import type { Clock, Timers } from '../engine/ports/clock.ts';
import type { Random } from '../engine/ports/random.ts';

export interface Parts {
  readonly config: Config;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly metrics: Metrics;
  readonly log: Log;
  /** Takes what is to be closed at the end, in reverse. */
  readonly closing: (close: () => Promise<void>) => void;
  readonly onActorFault: (fault: ActorFault) => void;
  /** For faults of our own code outside actors. */
  readonly onProcessFault: (origin: FaultOrigin, error: unknown) => void;
}

/** A process-lived actor that fails more often than this is broken, not unlucky. */
const RESTARTS = { restartsMax: 5, windowMs: 60_000 };

/** Of one process-lived actor. */
export function supervisorOf({ onActorFault }: Parts): Supervisor {
  return restartWithin(RESTARTS, onActorFault);
}
