/**
 * Rounding of money amounts in integer micros. Products with rates and probabilities are binary floats, so 3.3 may arrive
 * as 3.3000000000000003 or 3.2999999999999998; a result that lies within float noise of an integer is that integer.
 * Both functions are monotone, which the pricing rules rely on.
 */

/** Relative error that a handful of double operations may leave behind (one operation: 2^-53). */
const NOISE = 2 ** -46;

/** The largest integer not above `micros` (float noise aside). */
export function roundDownMicros(micros: number): number {
  const nearest = Math.round(micros);
  return nearest - micros <= nearest * NOISE ? nearest : nearest - 1;
}

/** The smallest integer not below `micros` (float noise aside). */
export function roundUpMicros(micros: number): number {
  const nearest = Math.round(micros);
  return micros - nearest <= nearest * NOISE ? nearest : nearest + 1;
}
