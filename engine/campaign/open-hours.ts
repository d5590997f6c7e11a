/** Hours of the week that line items choose, as a table to look one up in. */
import type { Choice } from './campaign.ts';

const HOURS_PER_WEEK = 168;

/** By hour of the local week, 0 = Monday 00:00: 1 where it is open to one of the choices. */
export function openHours(choices: readonly Choice<number>[]): Uint8Array {
  const open = new Uint8Array(HOURS_PER_WEEK);
  for (const { include, exclude } of choices) {
    if (include.length === 0 && exclude.length === 0) return open.fill(1);
    const own = new Uint8Array(HOURS_PER_WEEK);
    if (include.length === 0) own.fill(1);
    for (const hour of include) own[hour] = 1;
    for (const hour of exclude) own[hour] = 0;
    for (let hour = 0; hour < HOURS_PER_WEEK; hour++) if (own[hour] === 1) open[hour] = 1;
  }
  return open;
}
