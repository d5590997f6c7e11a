/**
 * What kind of request this is, as hashed keys: computed once per request and read by every DSP's shaper. A key stands for
 * one fact or for several together ("phone in Germany"); shapers cut it to the size of their own table (hashing trick,
 * Weinberger et al. 2009).
 */
import { hasDeals, type ImpFeatures, type RequestFeatures } from '../../traffic/request-features.ts';

/** Keys of the request as a whole; after them come the keys of its imps, `IMP_KEYS` each. */
export const REQUEST_KEYS = 9;
export const IMP_KEYS = 6;

/** The first imps speak for a longer request: what a DSP thinks of the sixth hardly differs, and the cost stays bounded. */
const IMPS_MAX = 4;

/**
 * `hourOfWeek`: 0 (Monday 00:00 UTC) to 167. The 32-bit keys of `REQUEST_KEYS + n x IMP_KEYS` facts for the first n imps.
 */
export function shapingKeys(features: RequestFeatures, hourOfWeek: number): Int32Array {
  const { imps } = features;
  const impCount = Math.min(IMPS_MAX, imps.length);
  const keys = new Int32Array(REQUEST_KEYS + impCount * IMP_KEYS);
  const country = hashText(features.country);
  const device = mix(hashText(features.os), features.deviceType);
  const publisher = hashText(features.publisherId);
  keys[0] = key(1, country);
  keys[1] = key(2, device);
  keys[2] = key(3, mix(country, device));
  keys[3] = key(4, publisher);
  keys[4] = key(5, mix(publisher, country));
  keys[5] = key(6, hashText(features.inventory));
  keys[6] = key(7, mix(hashText(features.channel), features.connectionType));
  keys[7] = key(8, hourOfWeek);
  keys[8] = key(9, impCount * 2 + (hasDeals(features) ? 1 : 0));
  for (let i = 0; i < impCount; i++) {
    writeImpKeys(keys, REQUEST_KEYS + i * IMP_KEYS, imps[i]!, country, device, publisher);
  }
  return keys;
}

function writeImpKeys(
  keys: Int32Array,
  at: number,
  imp: ImpFeatures,
  country: number,
  device: number,
  publisher: number,
): void {
  const format = formatOf(imp);
  keys[at] = key(16, format);
  keys[at + 1] = key(17, mix(format, country));
  keys[at + 2] = key(18, mix(format, device));
  keys[at + 3] = key(19, mix(mix(format, device), country));
  keys[at + 4] = key(20, mix(publisher, hashText(imp.placementId)));
  keys[at + 5] = key(21, mix(format, publisher));
}

/** The media offered and the first size. */
function formatOf(imp: ImpFeatures): number {
  let hash = mix(imp.width, imp.height);
  for (const media of imp.media) hash = mix(hash, hashText(media));
  return hash;
}

/** Equal facts under different kinds are different keys. */
function key(kind: number, fact: number): number {
  return mix(Math.imul(kind, 0x9e3779b1), fact);
}

/** FNV-1a over UTF-16 code units. */
function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash;
}

/** Two words to one, finished as in MurmurHash3 so that every bit of the result depends on every bit of both. */
function mix(a: number, b: number): number {
  let h = Math.imul(a, 31) + b;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
