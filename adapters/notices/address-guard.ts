/**
 * Where a URL that came from a DSP may lead: to public unicast addresses over https, or to hosts that the configuration
 * names. Everything else is refused before a connection exists (server-side request forgery).
 *
 * The address check runs inside the lookup that the socket itself uses, so the checked address is the connected one: a
 * name that resolves differently a moment later (rebinding) gains nothing.
 */
import { isIP, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';
import { lookupFunction, type ResolveHost } from '../dns/resolve-host.ts';

export type UrlVerdict =
  /** `public`: connect through `guardedLookup` only. `allowed`: named in the configuration, may be any address. */
  { readonly kind: 'public' | 'allowed'; readonly url: URL } | { readonly kind: 'refused' };

const REFUSED: UrlVerdict = { kind: 'refused' };
const URL_LENGTH_MAX = 8192;
const SPACE_CODE = 0x20;
const DELETE_CODE = 0x7f;
const GLOBAL_UNICAST_V6 = ipaddr.parseCIDR('2000::/3');
/** Looks public, but is Azure's host agent from inside a virtual machine. */
const AZURE_HOST_AGENT = '168.63.129.16';

/**
 * Checks URLs against the allowed hosts, entries `host` (any port) or `host:port`; exact, no wildcards. Those may also
 * use http, any port and private addresses. Host names are not resolved here, literal addresses are judged.
 */
export function createUrlCheck(allowedHosts: readonly string[]): (rawUrl: string) => UrlVerdict {
  const allowed = new Set(allowedHosts.map((host) => host.toLowerCase()));
  return (rawUrl) => {
    // The URL parser strips tabs and line ends silently; nothing honest holds them.
    if (rawUrl.length > URL_LENGTH_MAX || hasControlOrSpace(rawUrl) || !URL.canParse(rawUrl)) return REFUSED;
    const url = new URL(rawUrl);
    if (url.protocol !== 'https:' && url.protocol !== 'http:') return REFUSED;
    if (url.username !== '' || url.password !== '') return REFUSED;
    const port = url.port || (url.protocol === 'https:' ? '443' : '80');
    if (allowed.has(url.hostname) || allowed.has(`${url.hostname}:${port}`)) return { kind: 'allowed', url };
    if (url.protocol !== 'https:' || port !== '443') return REFUSED;
    return isPrivateLiteral(url.hostname) ? REFUSED : { kind: 'public', url };
  };
}

/** A socket connects to a literal address without asking any lookup, so literals are judged on sight. */
function isPrivateLiteral(hostname: string): boolean {
  const literal = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
  return isIP(literal) !== 0 && !isPublicAddress(literal);
}

/** True for global unicast addresses that do not stand for another address (mapped, translated, tunnelled). */
export function isPublicAddress(address: string): boolean {
  if (isIP(address) === 0 || address.includes('%') || address === AZURE_HOST_AGENT) return false;
  const parsed = ipaddr.parse(address);
  if (parsed.range() !== 'unicast') return false;
  // Outside 2000::/3 nothing is routed; `::127.0.0.1` lives there and is called unicast.
  return parsed.kind() === 'ipv4' || parsed.match(GLOBAL_UNICAST_V6);
}

export class RefusedAddressError extends Error {
  readonly code = 'REFUSED_ADDRESS';
  constructor(hostname: string) {
    super(`${hostname} has an address that is not public`);
    this.name = 'RefusedAddressError';
  }
}

/** A socket lookup that fails unless every address of the name is public: one private address among them is an attack. */
export function guardedLookup(resolve: ResolveHost): LookupFunction {
  return lookupFunction(resolve, (hostname, addresses) => {
    if (!addresses.every(({ address }) => isPublicAddress(address))) throw new RefusedAddressError(hostname);
  });
}

function hasControlOrSpace(text: string): boolean {
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code <= SPACE_CODE || code === DELETE_CODE) return true;
  }
  return false;
}
