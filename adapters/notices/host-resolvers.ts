/** Name resolution for URLs that came from DSPs. One pair serves the whole process, so its bounds hold for all. */

import { promises } from 'node:dns';
import { lookup } from 'node:dns/promises';
import type { Clock } from '../../engine/ports/clock.ts';
import type { ResolvedAddress, ResolveHost } from './address-guard.ts';
import { boundLookups } from './bounded-lookups.ts';

export interface HostResolvers {
  /** For hosts that a DSP names. */
  readonly public: ResolveHost;
  /** For hosts that the configuration names. */
  readonly allowed: ResolveHost;
}

export interface HostResolversOptions {
  readonly clock: Clock;
  /** A lookup failed at once because too many were waiting. */
  readonly onRefused: () => void;
  /** Name servers, `address` or `address:port`; those of the system when absent. */
  readonly nameServers?: readonly string[];
}

/** Per name server, which is asked once. */
const NAME_SERVER_TIMEOUT_MS = 500;

export function createHostResolvers({ clock, onRefused, nameServers }: HostResolversOptions): HostResolvers {
  return {
    public: boundLookups(nameServerResolver(nameServers), clock, onRefused),
    allowed: boundLookups(resolveWithSystem, clock, onRefused),
  };
}

/** Knows `localhost` and the hosts file. It blocks a thread of the pool until it is done, which nobody can hurry. */
const resolveWithSystem: ResolveHost = async (hostname) => {
  const addresses = await lookup(hostname, { all: true });
  return addresses.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 }));
};

/** Asks name servers from the event loop: no thread is held. Knows neither the hosts file nor search domains. */
function nameServerResolver(nameServers?: readonly string[]): ResolveHost {
  const resolver = new promises.Resolver({ timeout: NAME_SERVER_TIMEOUT_MS, tries: 1 });
  if (nameServers !== undefined) resolver.setServers(nameServers);
  return async (hostname) => {
    const [four, six] = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)]);
    const addresses: ResolvedAddress[] = [];
    if (four.status === 'fulfilled') for (const address of four.value) addresses.push({ address, family: 4 });
    if (six.status === 'fulfilled') for (const address of six.value) addresses.push({ address, family: 6 });
    if (addresses.length === 0 && four.status === 'rejected') throw four.reason;
    return addresses;
  };
}
