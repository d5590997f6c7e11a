/** A fault of a world: what goes wrong with whom, when, and how much. As scenario files have it. */
export interface FaultSpec {
  readonly kind: FaultKind;
  /** A DSP, a process, or a store. */
  readonly target: string;
  /** Virtual seconds since the world began. */
  readonly fromSec: number;
  /** What was hurt is well again then; of what takes no time (a flush) until its effect is over. */
  readonly forSec: number;
  /** How much of it: in the unit that the catalogue says, where it says one. Absent: as the catalogue says. */
  readonly by?: number;
}

export const FAULT_KINDS = [
  'dsp-slow',
  'dsp-silent',
  'dsp-malformed',
  'dsp-bursty',
  'dsp-down',
  'late-reports',
  'repeated-reports',
  'redis-outage',
  'redis-slow',
  'redis-flush',
  'redis-failover',
  'ledger-outage',
  'ledger-slow',
  'kafka-outage',
  'kafka-slow',
  'answers-lost',
  'kill',
  'kill-at-task',
  'stop',
  'stall',
  'clock-jump',
  'partition',
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];
