/** Name resolution as a function, and as what a socket asks for. */
import type { LookupFunction } from 'node:net';

export interface ResolvedAddress {
  readonly address: string;
  readonly family: 4 | 6;
}

/** All addresses of a host name. Rejects as `dns.lookup` does. */
export type ResolveHost = (hostname: string) => Promise<readonly ResolvedAddress[]>;

/** For `net.connect`. `check` throws when the addresses may not be connected to; by default all may. */
export function lookupFunction(
  resolve: ResolveHost,
  check: (hostname: string, addresses: readonly ResolvedAddress[]) => void = () => {},
): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname)
      .then((addresses) => {
        const first = addresses[0];
        if (first === undefined) throw Object.assign(new Error(`${hostname} has no address`), { code: 'ENOTFOUND' });
        check(hostname, addresses);
        return { first, all: addresses.map(({ address, family }) => ({ address, family })) };
      })
      .then(
        ({ first, all }) => (options.all ? callback(null, all) : callback(null, first.address, first.family)),
        (error: NodeJS.ErrnoException) => callback(error, '', 0),
      );
  };
}
