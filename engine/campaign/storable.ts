import { ID_LENGTH_MAX } from '../../openrtb/lengths.ts';

/** NUL and lone surrogates: JSON carries them, PostgreSQL does not. */
const UNSTORABLE = /[\0\p{Surrogate}]/u;
/** UTF-16 units: an imp's id with a position behind it. At three bytes each it fits a row of PostgreSQL's indexes, some 2,700. */
export const KEY_PART_LENGTH_MAX = ID_LENGTH_MAX + 8;

/** Whether the ledger's database keeps this text as it is. */
export function isStorable(text: string): boolean {
  return !UNSTORABLE.test(text);
}

/** The replacement character itself is replaced too: so no two texts become one. */
const REPLACED = /[\0\p{Surrogate}\uFFFD]/gu;

/** Text of strangers as the database keeps it: what it does not take is written as U+FFFD and four hex digits. */
export function storable(text: string): string {
  return text.replace(REPLACED, (unit) => `\uFFFD${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** The same once and again: what is storable already stays as it is. For text that is no key. */
export function asStored(text: string): string {
  return isStorable(text) ? text : storable(text);
}

/** Whether it can also be part of a key there. Publishers choose some of those, and one that no table takes must not get far. */
export function isStorableKeyPart(text: string): boolean {
  return text.length <= KEY_PART_LENGTH_MAX && isStorable(text);
}
