/**
 * Hashes of categorical facts: signed integers of 32 bits, which cost no garbage where unsigned ones would. Part of what
 * a trained model means: another hash needs another schema version.
 */

/** What a fact that is not known hashes to; no text does. */
export const MISSING = 0;

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** FNV-1a over UTF-16 units, finished as MurmurHash3. ASCII letters count as lower case; the empty text is `MISSING`. Of the first `length` units only. */
export function hashText(text: string, length = text.length): number {
  if (length === 0) return MISSING;
  let hash = FNV_OFFSET;
  for (let index = 0; index < length; index++) {
    const code = text.charCodeAt(index);
    hash = Math.imul(hash ^ (code >= 65 && code <= 90 ? code + 32 : code), FNV_PRIME);
  }
  return finish(hash);
}

/** Of a code of a list, e.g. an AdCOM device type; NaN is `MISSING`. */
export function hashCode(code: number): number {
  return Number.isNaN(code) ? MISSING : finish(Math.imul((code | 0) + 1, 0x9e3779b1));
}

/** Of two facts together, in this order; `MISSING` when either is. */
export function hashPair(first: number, second: number): number {
  return first === MISSING || second === MISSING ? MISSING : finish(Math.imul(first, 0x9e3779b1) ^ second);
}

function finish(word: number): number {
  let hash = word;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  hash ^= hash >>> 16;
  return hash === MISSING ? 1 : hash;
}
