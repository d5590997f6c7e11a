/**
 * How the time to end is spent. One number for the whole, because whoever sent the signal waits no longer, and each part
 * within it: a part that may take longer than its share gets cut by the one above it.
 */

/** From the signal to the end of the process; then it is cut. */
export const DRAIN_MS_MAX = 10_000;

/** A supervisor first deals what it has accepted. */
export const DEALING_MS_MAX = 1000;
/** What is left to a supervisor when it has to kill a worker: to see it end, and to end itself. */
const LAST_MS = 500;
/** One worker, and so every engine. */
export const WORKER_DRAIN_MS_MAX = DRAIN_MS_MAX - DEALING_MS_MAX - LAST_MS;

/** Of an engine's: for clients that are still sending their request, behind `server.drainIdleMs`. */
export const SLOW_CLIENT_PATIENCE_MS = 2000;
/** Of an engine's: for notices, once all auctions are over. */
export const NOTICE_DRAIN_MS = 3000;
/** Of an engine's: to tell the ledger of the last house wins, and as long again to give leases back. */
export const DESK_DRAIN_MS = 1000;
/** Of an engine's: to send what waits in the outbox. What is left goes out behind the next start. */
export const OUTBOX_DRAIN_MS = 500;
