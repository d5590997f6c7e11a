/** From the auction currency back to the bid's own, the rounding direction in the name. Amounts are in the bid's unit. */
import type { Contender } from './contender.ts';
import { roundDownMicros, roundUpMicros } from './micros.ts';

/**
 * A price to pay: never above the bid. Rounded down, it may convert to a micro less than a floor of the auction
 * currency; billing uses this figure, so the buyer is never charged for the rounding.
 */
export function toBidCurrencyRoundedDown(contender: Contender, unitMicros: number): number {
  if (contender.rate === 1) return unitMicros;
  // The bid itself must come back as it was, although its conversion lost a fraction.
  if (unitMicros === contender.unitMicros) return contender.bid.priceMicros;
  return Math.min(contender.bid.priceMicros, roundDownMicros(unitMicros / contender.rate));
}

/** A price to reach: bidding it is enough. */
export function toBidCurrencyRoundedUp(contender: Contender, unitMicros: number): number {
  return contender.rate === 1 ? unitMicros : roundUpMicros(unitMicros / contender.rate);
}
