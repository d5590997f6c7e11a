/** The hosts file of the machine: what an operator wrote there holds before any name server is asked. */
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import type { ResolvedAddress, ResolveHost } from './resolve-host.ts';

/** Rejects with `ENOTFOUND` for a name that is not in the file, or when there is no file. Reads it anew each time. */
export function hostsFileResolver(path = '/etc/hosts'): ResolveHost {
  return async (hostname) => {
    const addresses = addressesIn(await readFile(path, 'utf8').catch(() => ''), hostname);
    if (addresses.length > 0) return addresses;
    throw Object.assign(new Error(`${hostname} is not in ${path}`), { code: 'ENOTFOUND' });
  };
}

/** IPv4 first, as connections to names such as `localhost` expect. */
function addressesIn(text: string, hostname: string): ResolvedAddress[] {
  const wanted = hostname.toLowerCase();
  const addresses: ResolvedAddress[] = [];
  for (const line of text.split('\n')) {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/);
    const family = isIP(address);
    if (family === 0 || !names.some((name) => name.toLowerCase() === wanted)) continue;
    addresses.push({ address, family: family === 6 ? 6 : 4 });
  }
  return addresses.sort((a, b) => a.family - b.family);
}
