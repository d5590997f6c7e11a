/** Failures to connect that are ours: the process or the machine ran out of something, whatever the DSP is like. */

const OWN_SHORTAGES: ReadonlySet<string> = new Set([
  // No file descriptor left in the process, in the machine.
  'EMFILE',
  'ENFILE',
  // No local port left towards that address.
  'EADDRNOTAVAIL',
  // No kernel memory for a socket.
  'ENOBUFS',
  'ENOMEM',
]);

/** `code` is that of an `unreachable` call. */
export function isOwnShortage(code: string): boolean {
  return OWN_SHORTAGES.has(code);
}
