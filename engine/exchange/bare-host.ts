/**
 * The bare host of what partners send as an advertiser domain: `https://WWW.Example.com/path?x` is `example.com`.
 * Lower case; scheme, user, port, path, a leading `www.` and a trailing dot are cut.
 */
export function bareHost(text: string): string {
  let host = text.trim().toLowerCase();
  const scheme = host.indexOf('://');
  if (scheme >= 0) host = host.slice(scheme + 3);
  host = host.split(/[/?#]/, 1)[0] ?? '';
  host = host.slice(host.lastIndexOf('@') + 1).replace(/:\d+$/, '');
  if (host.startsWith('www.')) host = host.slice(4);
  return host.endsWith('.') ? host.slice(0, -1) : host;
}
