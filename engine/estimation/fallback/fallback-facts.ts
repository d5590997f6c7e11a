/**
 * What the fallback knows a candidate by: ad, placement and kind of device, alone and together. A key of which a fact is
 * not known is `MISSING`, and the estimate backs off to the keys that are left.
 */
import { CATEGORY, type CategoryFact, type FactSheet } from '../features/facts.ts';
import { hashPair, MISSING } from '../features/hash.ts';

/** Hashes of 32 bits, one for each of the keys below, in their order. */
export type FallbackFacts = Int32Array;

const KEYS: readonly (readonly CategoryFact[])[] = [
  ['advertiser'],
  ['creative'],
  ['media'],
  ['adSize'],
  ['inventory'],
  ['publisher', 'placement'],
  ['deviceType'],
  ['os'],
  ['country'],
  ['hour'],
  ['advertiser', 'os'],
  ['advertiser', 'country'],
  ['category', 'inventory'],
  ['advertiser', 'publisher', 'placement'],
  ['creative', 'publisher', 'placement', 'deviceType'],
];

const KEY_FACTS: readonly Uint16Array[] = KEYS.map((facts) => Uint16Array.from(facts, (fact) => CATEGORY[fact]));

export const FALLBACK_KEY_COUNT = KEYS.length;

/** The sheet has the facts of request, imp and ad. Allocates nothing. */
export function setFallbackFacts(facts: FallbackFacts, { categories }: FactSheet): void {
  for (let index = 0; index < KEY_FACTS.length; index++) {
    const places = KEY_FACTS[index]!;
    // The same fact under two keys is two things.
    let key = index + 1;
    for (let at = 0; at < places.length && key !== MISSING; at++) key = hashPair(key, categories[places[at]!]!);
    facts[index] = key;
  }
}
