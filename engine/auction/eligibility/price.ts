/** Price, currency and estimates: can the bid be ranked at all, and at what eCPM? (OPENRTB 2.x Bid.price, BidResponse.cur) */
import type { Contender } from '../contender.ts';
import { roundDownMicros } from '../micros.ts';
import type { AuctionInput, BidCandidate } from '../types.ts';
import type { ImpRules } from './request-rules.ts';

/** Sets the amounts of the contender, or refuses it. */
export function checkPrice(contender: Contender, impRules: ImpRules, input: AuctionInput): boolean {
  const { priceMicros } = contender.bid;
  if (!Number.isSafeInteger(priceMicros) || priceMicros < 0) return contender.refuse('invalid-price', 'price');
  const isFree = priceMicros === 0;
  if (isFree && !isForFreeDeal(contender, impRules)) return contender.refuse('invalid-price', 'price');
  if (!checkCurrency(contender, input)) return false;
  if (!checkEstimates(contender)) return false;
  const { rate, revenuePerUnit, ecpmPerUnit } = contender;
  const unitMicros = rate === 1 ? priceMicros : roundDownMicros(priceMicros * rate);
  const ecpmMicros = ecpmPerUnit === 1 ? unitMicros : roundDownMicros(unitMicros * ecpmPerUnit);
  if (!(unitMicros * revenuePerUnit <= input.policy.maximumCpmMicros)) return contender.refuse('absurd-price', 'price');
  // Conversion may leave less than one micro, and an extreme quality more than a safe integer.
  if ((unitMicros <= 0 && !isFree) || !Number.isSafeInteger(unitMicros)) {
    return contender.refuse('invalid-price', 'price');
  }
  if (!Number.isSafeInteger(ecpmMicros)) return contender.refuse('unusable-estimate', '');
  contender.unitMicros = unitMicros;
  contender.ecpmMicros = ecpmMicros;
  return true;
}

/** Only a deal that asks for nothing can be bid on at nothing. */
function isForFreeDeal({ bid }: Contender, { deals }: ImpRules): boolean {
  return bid.dealId !== null && deals?.get(bid.dealId)?.deal.floorCpmMicros === 0;
}

/** A bid in a currency that the request does not list is welcome when there is a rate for it. */
function checkCurrency(contender: Contender, input: AuctionInput): boolean {
  const { currency } = contender.bid;
  if (currency === input.currency) return true;
  // The code comes from a message: only own keys count, so that `constructor` is an unknown currency.
  const rate = Object.hasOwn(input.conversionRates, currency) ? input.conversionRates[currency] : undefined;
  if (rate === undefined || !(rate > 0) || !Number.isFinite(rate)) {
    const listed = input.allowedCurrencies.includes(currency);
    return contender.refuse(listed ? 'currency-not-convertible' : 'currency-not-allowed', 'cur');
  }
  contender.rate = rate;
  return true;
}

function checkEstimates(contender: Contender): boolean {
  const { pricing, quality } = contender.bid;
  if (pricing === 'cpm') return true;
  const actions = actionsPerMille(contender.bid);
  if (!(actions > 0) || !(quality > 0 && Number.isFinite(quality))) return contender.refuse('unusable-estimate', '');
  contender.revenuePerUnit = actions;
  contender.ecpmPerUnit = actions * quality;
  return true;
}

/** What a CPC or CPA bid pays for, expected of a thousand impressions; 0 when an estimate it needs is no probability. */
function actionsPerMille({ pricing, ctr, cvr }: BidCandidate): number {
  if (!isProbability(ctr)) return 0;
  const clicks = ctr * 1000;
  if (pricing === 'cpc') return clicks;
  return isProbability(cvr) ? clicks * cvr : 0;
}

function isProbability(estimate: number): boolean {
  return estimate > 0 && estimate <= 1;
}
