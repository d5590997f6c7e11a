/**
 * V8 watches which places in the code make objects that outlive a young collection, and lets those places allocate in the
 * old generation from then on. While a process starts, the young generation is small and nearly everything outlives it; so
 * places on the path of an auction are taken for such, at random, and stay so. Their objects die as soon as all others,
 * but until the next full collection they keep alive whatever they point to: three times as much was copied
 * (docs/performance.md).
 */
import { setFlagsFromString } from 'node:v8';

/** For the whole process; to be called before the first auction. */
export function allocateYoungOnly(): void {
  setFlagsFromString('--no-allocation-site-pretenuring');
}
