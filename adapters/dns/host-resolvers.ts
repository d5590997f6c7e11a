/** Name resolution for the whole process: one pair serves everybody, so its bounds hold for all. */

import { promises } from 'node:dns';
import { lookup } from 'node:dns/promises';
import type { Clock } from '../../engine/ports/clock.ts';
import { boundLookups } from './bounded-lookups.ts';
import { cacheAddresses } from './cached-addresses.ts';
import { hostsFileResolver } from './hosts-file.ts';
import type { ResolvedAddress, ResolveHost } from './resolve-host.ts';

export interface HostResolvers {
  /** For hosts that a DSP names: nothing but name servers, so nothing that only this machine knows. */
  readonly public: ResolveHost;
  /** For hosts that the configuration names, such as the DSPs themselves: whatever the machine knows, kept and renewed. */
  readonly configured: ResolveHost;
}

export interface HostResolversOptions {
  readonly clock: Clock;
  /** A lookup failed at once because too many were waiting. */
  readonly onRefused?: () => void;
  /** Name servers, `address` or `address:port`; those of the system when absent. */
  readonly nameServers?: readonly string[];
  /** Asked last; the resolver of the system when absent. */
  readonly system?: ResolveHost;
}

/** Per name server, which is asked once. */
const NAME_SERVER_TIMEOUT_MS = 500;
/**
 * The system's resolver holds one of libuv's four threads, up to half a minute when name servers are silent, and nobody can
 * hurry it. Files are written by the other three.
 */
const SYSTEM_LOOKUPS_MAX = 1;

export function createHostResolvers(options: HostResolversOptions): HostResolvers {
  const { clock, onRefused = () => {}, nameServers, system = resolveWithSystem } = options;
  const askNameServers = boundLookups(nameServerResolver(nameServers), { clock, onRefused });
  const askSystem = boundLookups(system, { clock, onRefused, underWayMax: SYSTEM_LOOKUPS_MAX });
  const configured = firstOf([hostsFileResolver(), askNameServers, askSystem]);
  return { public: askNameServers, configured: cacheAddresses(configured, clock) };
}

/** The first answer in this order; rejects as the last does. */
function firstOf(resolvers: readonly [ResolveHost, ...ResolveHost[]]): ResolveHost {
  const [first, second, ...rest] = resolvers;
  if (second === undefined) return first;
  const next = firstOf([second, ...rest]);
  return (hostname) => first(hostname).catch(() => next(hostname));
}

/** Also knows what only the system is configured for: search domains, multicast names. */
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
