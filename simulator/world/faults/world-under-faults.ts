/** What faults can do to a world: the handles that whoever builds it gives them. All act at once. */
import type { SeededRandom } from '../../random.ts';
import type { DspSickness } from './dsp-sickness.ts';

export interface WorldUnderFaults {
  /** A stream of their own. */
  readonly random: SeededRandom;
  /** Virtual ms since the world began. */
  readonly nowMs: () => number;
  /** Runs it at that moment, on no process of the world, so that no fault stops a fault. */
  readonly at: (atMs: number, run: () => void) => void;
  readonly engines: readonly string[];
  readonly consumers: readonly string[];
  readonly dsps: readonly string[];
  readonly stores: readonly StoreName[];
  /** Null: it is well. */
  readonly sicken: (dspId: string, sickness: DspSickness | null) => void;
  /** A DSP or a store refuses connections; what it keeps, it keeps. */
  readonly setReachable: (name: string, isReachable: boolean) => void;
  /** Of an engine or consumer: nothing that it has begun goes on. */
  readonly kill: (process: string) => void;
  /** The same when it has done so many more tasks. */
  readonly killAfterTasks: (process: string, tasks: number) => void;
  /** In order, as by SIGTERM; it ends by itself. */
  readonly stop: (process: string) => void;
  /** Begins the next life of one that is down; of one that is up, or not yet down, nothing. */
  readonly start: (process: string) => void;
  /** Its processor is busy for so long. */
  readonly stall: (process: string, ms: number) => void;
  readonly setWallAheadMs: (process: string, ms: number) => void;
  /** Both ways between a process and a store, times as long, this share of the answers lost. Null: as it was. */
  readonly disturb: (process: string | null, store: StoreName, trouble: LinkTrouble | null) => void;
  /** Nothing gets from the process to any store or back. Gives the end of it. */
  readonly cutOff: (process: string) => () => void;
  readonly flushRedis: () => void;
  /** Remembers what a replica has by now. Gives the failover to it. */
  readonly replicateRedis: () => () => void;
  /** Of what users report from now on: how long each waits besides, and how often it comes. */
  readonly setReporting: (reporting: Reporting) => void;
}

export const STORE_NAMES = ['redis', 'ledger', 'kafka'] as const;
export type StoreName = (typeof STORE_NAMES)[number];

export interface LinkTrouble {
  /** Of a message's usual time. */
  readonly times: number;
  /** Of answers, 0..1: the work was done, and nobody learns of it. */
  readonly answersLost: number;
}

export interface Reporting {
  readonly delayMs: number;
  /** 1: as it should be. */
  readonly repeats: number;
}
