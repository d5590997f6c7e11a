/**
 * File descriptors are shared by everything in a process: whoever takes the last one starves the others. Clients are the
 * only ones whose number we do not choose, so they get what the rest leaves.
 */
import { readFileSync } from 'node:fs';

/** Event log, listeners, log, libraries, the admin's connections, notices: measured about 40, and room to breathe. */
const OWN_DESCRIPTORS = 96;
/** However many DSPs there are, clients get this share of the limit: without them there are no auctions. */
const CLIENT_SHARE_MIN = 0.25;

/** Soft limit of open files; null where /proc does not tell, or there is none. Node raises it to the hard one at start. */
export function descriptorLimit(): number | null {
  try {
    const limit = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return limit === undefined ? null : Number(limit);
  } catch {
    return null;
  }
}

/** Client connections that fit beside so many connections to DSPs. */
export function clientConnectionsWithin(limit: number, dspConnections: number): number {
  const left = limit - OWN_DESCRIPTORS - dspConnections;
  return Math.max(1, Math.floor(Math.max(left, limit * CLIENT_SHARE_MIN)));
}
