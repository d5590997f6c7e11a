/**
 * Takes the keys of users out of stored events, byte for byte: what is left is as long as before, and reads as an event of
 * nobody that is known. So no event behind it moves, and whoever reads the log meanwhile goes on where it was.
 */

const MEMBER = Buffer.from('"userKey":"', 'latin1');
const QUOTE = 0x22;
const NULL = Buffer.from('null', 'latin1');
const SPACE = 0x20;
const ZERO = 0x30;

/**
 * Of these users; gives how many places held one of their keys. As the value of `userKey` a key becomes `null`; anywhere else,
 * where no engine writes it, zeros. `keys` are ASCII without a quote or a backslash, as `userKey` makes them.
 */
export function withoutUserKeys(bytes: Buffer, keys: readonly Buffer[]): number {
  let count = 0;
  for (const key of keys) {
    for (let at = bytes.indexOf(key); at !== -1; at = bytes.indexOf(key, at + key.length)) {
      const end = at + key.length;
      if (isMember(bytes, at) && bytes[end] === QUOTE) putNull(bytes, at - 1, end + 1);
      else bytes.fill(ZERO, at, end);
      count += 1;
    }
  }
  return count;
}

/** Of whichever user, where `userKey` stands in the event: for what is kept apart from the log. */
export function withoutAnyUserKey(bytes: Buffer): void {
  for (let at = bytes.indexOf(MEMBER); at !== -1; at = bytes.indexOf(MEMBER, at + 1)) {
    const begin = at + MEMBER.length - 1;
    const quote = bytes.indexOf(QUOTE, begin + 1);
    // Cut off in the middle of a key, all that is there is part of it.
    putNull(bytes, begin, quote === -1 ? bytes.length : quote + 1);
  }
}

function isMember(bytes: Buffer, valueAt: number): boolean {
  const begin = valueAt - MEMBER.length;
  return begin >= 0 && MEMBER.compare(bytes, begin, valueAt) === 0;
}

/** JSON takes white space behind a value. */
function putNull(bytes: Buffer, begin: number, end: number): void {
  bytes.fill(SPACE, begin, end);
  NULL.copy(bytes, begin, 0, Math.min(NULL.length, end - begin));
}
