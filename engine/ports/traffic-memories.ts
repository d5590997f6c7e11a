/** What pacing has learned of the traffic of each account, kept over restarts (`adapters/ledger/traffic-memories.ts`). */

/** All of it (`engine/budget/pacing/traffic-curve.ts`): by slot of the week and of the day. Single precision: 6 KB. */
export interface TrafficMemory {
  readonly weekEvents: Float32Array;
  readonly weekMs: Float32Array;
  readonly dayEvents: Float32Array;
  readonly dayMs: Float32Array;
}

export interface TrafficMemories {
  /** Accounts of which nothing is kept are left out. */
  readonly read: (accountIds: readonly string[]) => Promise<ReadonlyMap<string, TrafficMemory>>;
  /**
   * The last one of an account stands; but one that has seen less than half of what the kept one had comes from a process
   * that hardly knows, and stands only when nobody else has kept one for a day.
   */
  readonly keep: (memories: ReadonlyMap<string, TrafficMemory>) => Promise<void>;
}
