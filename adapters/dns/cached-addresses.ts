/**
 * Keeps name resolution off the path of connections: a known name is answered at once, an old answer is renewed behind
 * the caller's back, and stays in use while it cannot be renewed. Only the first caller of a name waits.
 */
import type { Clock } from '../../engine/ports/clock.ts';
import type { ResolvedAddress, ResolveHost } from './resolve-host.ts';

/** About the time to live of names that balance load. */
export const ADDRESSES_FRESH_MS = 30_000;

interface Known {
  readonly addresses: readonly ResolvedAddress[];
  readonly atMs: number;
  /** The address that the next caller gets first, so that connections spread over all. */
  next: number;
}

/** For names that the configuration says, whose number is bounded: nothing is forgotten. */
export function cacheAddresses(resolve: ResolveHost, clock: Clock): ResolveHost {
  const known = new Map<string, Known>();
  const underWay = new Map<string, Promise<Known>>();

  const renew = (hostname: string): Promise<Known> => {
    const open = underWay.get(hostname);
    if (open !== undefined) return open;
    const renewal = resolve(hostname)
      .then((addresses) => {
        const entry = { addresses, atMs: clock.monotonicMs(), next: 0 };
        known.set(hostname, entry);
        return entry;
      })
      .finally(() => underWay.delete(hostname));
    underWay.set(hostname, renewal);
    return renewal;
  };

  return async (hostname) => {
    const entry = known.get(hostname);
    if (entry === undefined) return inTurn(await renew(hostname));
    if (clock.monotonicMs() - entry.atMs >= ADDRESSES_FRESH_MS) renew(hostname).catch(() => {});
    return inTurn(entry);
  };
}

function inTurn(entry: Known): readonly ResolvedAddress[] {
  const { addresses, next } = entry;
  if (addresses.length < 2) return addresses;
  entry.next = (next + 1) % addresses.length;
  return [...addresses.slice(next), ...addresses.slice(0, next)];
}
