import type { Entropy } from '../engine/ports/entropy.ts';

/** 32 bits as hexadecimal: keeps apart what would have the same name by accident. */
export function randomTag(entropy: Pick<Entropy, 'fill'>): string {
  const bytes = Buffer.alloc(4);
  entropy.fill(bytes);
  return bytes.toString('hex');
}
