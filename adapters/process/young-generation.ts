/**
 * V8 watches which places in the code make objects that outlive young collections, and lets those places allocate in the old
 * generation from then on. On the path of an auction it is wrong: what is made there dies with the auction, but in the old
 * generation it keeps alive whatever it points to until the next full collection. Which places were hit differed from run to
 * run, and with them what survived of an auction: 43 to 259 KB over 50 DSPs, 43 to 57 without (docs/performance.md).
 */
import { setFlagsFromString } from 'node:v8';

/** For the whole process; to be called before the first auction. */
export function allocateYoungOnly(): void {
  setFlagsFromString('--no-allocation-site-pretenuring');
}
