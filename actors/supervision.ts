/**
 * Supervision: a crashed actor restarts with fresh state, at most `restartsMax` times in `windowMs`; after that it stays
 * stopped, because a fault that comes back at once is not cured by another restart.
 */

export type SupervisionDecision = 'restart' | 'stop';

export interface Supervisor {
  readonly decide: (actorName: string, error: unknown, nowMs: number) => SupervisionDecision;
}

export interface ActorFault {
  readonly actorName: string;
  readonly error: unknown;
  readonly decision: SupervisionDecision;
}

/** For process-lived actors: one supervisor per actor, since it remembers that actor's faults. */
export function restartWithin(
  limits: { readonly restartsMax: number; readonly windowMs: number },
  onFault: (fault: ActorFault) => void,
): Supervisor {
  let faultTimesMs: number[] = [];
  return {
    decide(actorName, error, nowMs) {
      faultTimesMs = faultTimesMs.filter((atMs) => nowMs - atMs < limits.windowMs);
      faultTimesMs.push(nowMs);
      const decision = faultTimesMs.length > limits.restartsMax ? 'stop' : 'restart';
      onFault({ actorName, error, decision });
      return decision;
    },
  };
}

/** For one-job actors (a request): a fault ends the job. */
export function stopOnFault(onFault: (fault: ActorFault) => void): Supervisor {
  return {
    decide(actorName, error) {
      onFault({ actorName, error, decision: 'stop' });
      return 'stop';
    },
  };
}
