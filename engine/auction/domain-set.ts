/**
 * A set of host names that also covers their subdomains: `example.com` covers `ads.example.com`, not `badexample.com`.
 *
 * A host and each of its parents are looked up by their length and a few of their characters, without a substring: a
 * host of a hundred thousand labels still costs one pass.
 */
import { extendHash, HashBuckets } from './hash-buckets.ts';

/** From the end, where the name proper of most hosts ends: `e` of `example.com`. */
const LAST_OF_NAME = 5;

export class DomainSet {
  readonly #hosts: HashBuckets;

  /** Names in any case; a leading `www.` is dropped, as it is from the hosts they are compared with. */
  constructor(hosts: readonly string[]) {
    this.#hosts = new HashBuckets(hosts.length);
    for (const host of hosts) {
      const lower = host.toLowerCase();
      const bare = lower.startsWith('www.') ? lower.slice(4) : lower;
      if (bare !== '') this.#hosts.add(fingerprint(bare, 0), bare);
    }
  }

  /** Whether `host` (bare, lower case) or a parent domain of it is in the set. */
  covers(host: string): boolean {
    let start = 0;
    do {
      if (this.#holdsSuffix(host, start)) return true;
      start = host.indexOf('.', start) + 1;
    } while (start > 0);
    return false;
  }

  #holdsSuffix(host: string, start: number): boolean {
    const candidates = this.#hosts.candidates(fingerprint(host, start));
    if (candidates === undefined) return false;
    for (const candidate of candidates) {
      if (candidate.length === host.length - start && host.endsWith(candidate)) return true;
    }
    return false;
  }
}

/** Of `host` from `start` on. A full hash would cost five times as much and save few comparisons. */
function fingerprint(host: string, start: number): number {
  const length = host.length - start;
  if (length < LAST_OF_NAME) return length;
  let hash = extendHash(length, host.charCodeAt(start));
  hash = extendHash(hash, host.charCodeAt(start + (length >> 1)));
  return extendHash(hash, host.charCodeAt(host.length - LAST_OF_NAME));
}
