/** FNV-1a, 32 bits (isthe.com/chongo/tech/comp/fnv): the same for text and for its bytes as long as it is ASCII, as ids are. */

export const HASH_START = 0x811c9dc5 | 0;

/** `byte` is 0..255, or a UTF-16 code unit. */
export function hashByte(hash: number, byte: number): number {
  return Math.imul(hash ^ byte, 0x01000193);
}

/** 0, "not known", for the empty text. */
export function hashText(text: string): number {
  if (text === '') return 0;
  let hash = HASH_START;
  for (let index = 0; index < text.length; index++) hash = hashByte(hash, text.charCodeAt(index));
  return hash;
}

/** Order matters. FNV's low bits are its best, its high bits are stirred in (MurmurHash3 finaliser, first half). */
export function combineHashes(first: number, second: number): number {
  const mixed = Math.imul(first ^ (first >>> 16), 0x85ebca6b) ^ second;
  return Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
}
