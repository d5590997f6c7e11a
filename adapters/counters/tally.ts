/** A `CountingResult` in the making. */
import type { CountedType } from '../../engine/counters/dimensions.ts';

export interface Tally {
  readonly counted: Partial<Record<CountedType, number>>;
  repeated: number;
  outside: number;
  overflowed: number;
}

export function newTally(): Tally {
  return { counted: {}, repeated: 0, outside: 0, overflowed: 0 };
}
