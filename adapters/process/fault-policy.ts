/**
 * What the process does about a fault that nobody caught: it goes on, for one request's fault is no reason to lose the
 * others. But what comes again and again is not cured by going on, and what such faults leave behind adds up: above the
 * limit the process is to drain and be replaced, as a process-lived actor is that fails too often.
 */
import type { Clock } from '../../engine/ports/clock.ts';

/** Closed list, the `origin` label of `rtb_process_faults_total`. The first two were caught by nobody. */
export const FAULT_ORIGINS = [
  /** Thrown where nobody catches: a callback of a socket or a timer. */
  'exception',
  /** A promise that nobody waits for was rejected. */
  'rejection',
  /** Thrown while a client's request was handled; it was answered 500. */
  'request',
  /** Thrown while a DSP's answer was read; it took no part in its auction. */
  'reply',
  /** Thrown when a call to a DSP ran out of time. */
  'deadline',
] as const;

export type FaultOrigin = (typeof FAULT_ORIGINS)[number];

export interface FaultLimits {
  readonly faultsMax: number;
  readonly windowMs: number;
}

/** As many as a process-lived actor may fail. */
export const UNCAUGHT_FAULTS: FaultLimits = { faultsMax: 5, windowMs: 60_000 };

/** Told of every uncaught fault, says whether to go on with the process. */
export function createFaultPolicy(limits: FaultLimits, clock: Clock): () => 'go-on' | 'drain' {
  let timesMs: number[] = [];
  return () => {
    const nowMs = clock.monotonicMs();
    timesMs = timesMs.filter((atMs) => nowMs - atMs < limits.windowMs);
    timesMs.push(nowMs);
    return timesMs.length > limits.faultsMax ? 'drain' : 'go-on';
  };
}
