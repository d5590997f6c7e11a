/** Knows when our own event loop was blocked, so that nobody else is blamed for it. */
export interface LoopWatch {
  /** For how long the loop was blocked between two monotonic moments, ms. */
  readonly blockedMsBetween: (fromMs: number, toMs: number) => number;
}
