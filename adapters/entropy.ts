import { randomFillSync, randomUUID } from 'node:crypto';
import type { Entropy } from '../engine/ports/entropy.ts';

/** Of the operating system. */
export const systemEntropy: Entropy = {
  fill: (bytes) => randomFillSync(bytes),
  newId: () => randomUUID(),
};
