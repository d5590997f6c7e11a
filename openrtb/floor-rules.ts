/** Floors of imps and deals: known currencies, bounded durations. */
import { isKnownCurrency } from './currency-codes.ts';
import type { MessageReading } from './message-reading.ts';
import type { Deal, DurFloors, Imp, Mutable } from './types.ts';

/** False when the currency is unknown (reported): it makes the floor unknown, and floors are never guessed. */
export function applyCurrencyRule(priced: Mutable<Pick<Imp | Deal, 'bidfloorcur'>>, reading: MessageReading): boolean {
  const currency = priced.bidfloorcur;
  if (currency === undefined || isKnownCurrency(currency)) return true;
  const upper = currency.toUpperCase();
  if (!isKnownCurrency(upper)) {
    reading.report('unknown-currency', 'is not a currency of ISO 4217', 'bidfloorcur');
    return false;
  }
  reading.report('currency-case', 'currencies are upper case; converted', 'bidfloorcur');
  priced.bidfloorcur = upper;
  return true;
}

/** A floor without any bound would apply to no duration range; the floor of the imp still does. */
export function boundedFloors(floors: readonly DurFloors[], reading: MessageReading): readonly DurFloors[] {
  const isBounded = (floor: DurFloors) => floor.mindur !== undefined || floor.maxdur !== undefined;
  if (floors.every(isBounded)) return floors;
  reading.report('unbounded-duration-floor', 'needs mindur or maxdur; left out', 'durfloors');
  return floors.filter(isBounded);
}
