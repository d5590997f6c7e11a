/** How long a command to Redis may take, ms: then it has failed. */
export const REDIS_TIMEOUTS_MS = {
  /** Leases are asked for ahead of need: nobody waits for this. */
  budgets: 500,
  /** A winner with caps waits for this, behind its decision. */
  frequencies: 10,
  /** Nobody waits for it but the log. */
  counters: 2000,
} as const;
