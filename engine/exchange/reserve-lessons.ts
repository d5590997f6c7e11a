/** What learned reserves see of an auction. Pure. */
import { rateBetween } from '../../openrtb/currency.ts';
import { type ReserveObservation, reserveObservations } from '../auction/reserve/observations.ts';
import type { AuctionInput, AuctionOutcome } from '../auction/types.ts';
import type { ExchangeRules } from './auction-terms.ts';

/** Auctions run in the publisher's currency, reserves are learned in ours. */
export function inExchangeCurrency(
  { input, outcome }: { readonly input: AuctionInput; readonly outcome: AuctionOutcome },
  rules: Pick<ExchangeRules, 'currencies' | 'currency'>,
): ReserveObservation[] {
  const observations = reserveObservations(input, outcome);
  const rate = rateBetween(rules.currencies, input.currency, rules.currency) ?? 0;
  return rate === 1 ? observations : observations.map((one) => ({ ...one, ecpmMicros: one.ecpmMicros * rate }));
}
