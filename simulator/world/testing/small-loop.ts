import { seededRandom } from '../../random.ts';
import { VirtualLoop } from '../virtual-loop.ts';
import { VirtualProcess } from '../virtual-process.ts';

const EPOCH_MS = Date.UTC(2026, 2, 2);

/** A loop and processes by name, without a world around them. */
export function smallLoop(): { readonly loop: VirtualLoop; readonly spawn: (name: string) => VirtualProcess } {
  const loop = new VirtualLoop();
  const random = seededRandom(7);
  return {
    loop,
    spawn: (name) =>
      new VirtualProcess({ loop, name, role: 'engine', region: null, random: random.fork(name), epochMs: EPOCH_MS }),
  };
}
