/** How long a budget store remembers what. */

/** Two terms of a lease: who has not asked for so long spends nothing, and has no share. */
export const DEMAND_KEPT_MS = 60_000;

/** By request id. A request is repeated within half a term of its lease; a copy that is later still finds its answer. */
export const ANSWER_KEPT_MS = 60_000;

/** Of an account that nobody asked for; whoever comes then is given the ledger's next tranche. */
export const IDLE_KEPT_MS = 7 * 86_400_000;
