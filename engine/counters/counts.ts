/** Numbers of one thing, in one window or over several. */
import { COUNTED_TYPES, type CountedType } from './dimensions.ts';

/** Width of a window, ms: windows begin at multiples of it since the epoch. */
export const WINDOW_MS = 10_000;

/** Windows from `fromMs` to before `toMs`, both at the beginning of one. */
export interface CounterPeriod {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Ids of events that may be remembered: as many as Redis keeps small. */
export const REMEMBERED_MAX = 8_000_000;

export type Counts = Record<CountedType, number> & {
  /** Nanos by currency. */
  readonly spend: Map<string, bigint>;
};

export function windowOf(atMs: number): number {
  return Math.floor(atMs / WINDOW_MS) * WINDOW_MS;
}

export function noCounts(): Counts {
  return { win: 0, impression: 0, viewable: 0, click: 0, conversion: 0, spend: new Map() };
}

export function addCounts(to: Counts, added: Counts): void {
  for (const type of COUNTED_TYPES) to[type] += added[type];
  for (const [currency, nanos] of added.spend) addSpend(to, currency, nanos);
}

export function addSpend({ spend }: Counts, currency: string, nanos: bigint): void {
  spend.set(currency, (spend.get(currency) ?? 0n) + nanos);
}
