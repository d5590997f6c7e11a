/** Domains as they are compared: partners send URLs, capitals, wildcards and `www.` where a bare host is due. */
import { domainToASCII } from 'node:url';

const SCHEME = /^[a-z][a-z0-9+.-]*:\/\//;
const AFTER_AUTHORITY = /[/?#]/;
const PORT = /:\d*$/;
/** `*.shop.example` and `.shop.example`: a host covers its subdomains anyway. */
const WILDCARD = /^(?:\*?\.)+/;
const NOT_ASCII = /[^\0-\x7f]/;
/** Of a domain name (RFC 1035); nothing longer is worth converting. */
const HOST_LENGTH_MAX = 253;
// The usual case: nothing to strip.
const BARE_HOST = /^(?!www\.)[a-z0-9_-][a-z0-9._-]*[a-z0-9_-]$/;

/**
 * Lower case, international names in ASCII (`xn--`), without scheme, user, port, path, wildcard, `www.` and trailing
 * dot; empty when nothing is left.
 */
export function bareHost(domain: string): string {
  if (BARE_HOST.test(domain)) return domain;
  let host = domain.trim().toLowerCase().replace(SCHEME, '').replace(/^\/\//, '');
  const end = host.search(AFTER_AUTHORITY);
  if (end !== -1) host = host.slice(0, end);
  host = host
    .slice(host.lastIndexOf('@') + 1)
    .replace(PORT, '')
    .replace(WILDCARD, '');
  if (NOT_ASCII.test(host) && host.length <= HOST_LENGTH_MAX) host = domainToASCII(host) || host;
  if (host.startsWith('www.')) host = host.slice(4);
  return host.endsWith('.') ? host.slice(0, -1) : host;
}

/** Whether nothing had to be stripped. */
export function isBareHost(domain: string): boolean {
  return bareHost(domain) === domain;
}
