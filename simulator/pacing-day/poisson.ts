import type { SeededRandom } from '../random.ts';

/** Above this mean the normal approximation is as good as the simulation needs. */
const EXACT_MEAN_MAX = 40;

/** Number of events of a Poisson process of this mean. */
export function poisson(mean: number, random: SeededRandom): number {
  if (!(mean > 0)) return 0;
  if (mean > EXACT_MEAN_MAX) return Math.max(0, Math.round(mean + Math.sqrt(mean) * random.normal()));
  let remaining = random.next();
  let term = Math.exp(-mean);
  let count = 0;
  while (remaining > term && count < 200) {
    remaining -= term;
    count += 1;
    term *= mean / count;
  }
  return count;
}
