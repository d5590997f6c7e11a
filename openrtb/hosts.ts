/** Domains as they are compared: partners send URLs, capitals and `www.` where a bare host is due. */

const SCHEME = /^[a-z][a-z0-9+.-]*:\/\//;
const AFTER_AUTHORITY = /[/?#]/;
const PORT = /:\d*$/;
// The usual case: nothing to strip.
const BARE_HOST = /^(?!www\.)[a-z0-9_-][a-z0-9._-]*[a-z0-9_-]$/;

/** Lower case, without scheme, user, port, path, `www.` and trailing dot; empty when nothing is left. */
export function bareHost(domain: string): string {
  if (BARE_HOST.test(domain)) return domain;
  let host = domain.trim().toLowerCase().replace(SCHEME, '').replace(/^\/\//, '');
  const end = host.search(AFTER_AUTHORITY);
  if (end !== -1) host = host.slice(0, end);
  host = host.slice(host.lastIndexOf('@') + 1).replace(PORT, '');
  if (host.startsWith('www.')) host = host.slice(4);
  return host.endsWith('.') ? host.slice(0, -1) : host;
}

/** Whether nothing had to be stripped. */
export function isBareHost(domain: string): boolean {
  return bareHost(domain) === domain;
}
