/** What the deals of an imp must mean, once their fields have their types: one meaning per id, terms that are agreed. */
import { readDomains } from './domain-list.ts';
import { applyCurrencyRule, boundedFloors } from './floor-rules.ts';
import type { MessageReading } from './message-reading.ts';
import type { Deal, Imp, Mutable } from './types.ts';

const FIXED_PRICE = 3;

/** Mends the deals in place and leaves out those that cannot be sold. */
export function applyDealRules(imp: Mutable<Imp>, deals: readonly Deal[], reading: MessageReading): void {
  const ambiguous = repeatedIds(deals);
  reading.enter('pmp');
  reading.enter('deals');
  const usable = deals.filter((deal, index) => {
    reading.enterItem(deal, index);
    const isUsable = isUnambiguous(deal, ambiguous, reading) && hasAgreedTerms(deal, reading);
    reading.leave();
    return isUsable;
  });
  reading.leave();
  reading.leave();
  if (usable.length < deals.length) imp.pmp = { ...imp.pmp, deals: usable };
}

const NONE: ReadonlySet<string> = new Set();

function repeatedIds(deals: readonly Deal[]): ReadonlySet<string> {
  if (deals.length < 2) return NONE;
  const seen = new Set<string>();
  const repeated = new Set<string>();
  for (const { id } of deals) (seen.has(id) ? repeated : seen).add(id);
  return repeated;
}

/** A bid names its deal by the id alone: with two of them, whichever was meant, the other's price might be applied. */
function isUnambiguous(deal: Deal, ambiguous: ReadonlySet<string>, reading: MessageReading): boolean {
  if (!ambiguous.has(deal.id)) return true;
  reading.report('duplicate-deal-id', 'stands for several deals of the imp; none of them is used', 'id');
  return false;
}

function hasAgreedTerms(deal: Mutable<Deal>, reading: MessageReading): boolean {
  if (!applyCurrencyRule(deal, reading) || !applyAdvertiserRule(deal, reading)) return false;
  if (deal.durfloors) deal.durfloors = boundedFloors(deal.durfloors, reading);
  if (deal.at === undefined || deal.at === 1 || deal.at === 2) return true;
  if (deal.at !== FIXED_PRICE) {
    reading.report('unknown-deal-type', 'must be 1, 2 or 3: no other auction type is agreed', 'at');
    return false;
  }
  if (deal.bidfloor) return true;
  reading.report('fixed-price-missing', 'is the price of a deal with at 3 and must be above 0', 'bidfloor');
  return false;
}

/** A deal for certain advertisers, none of which can be read, must not become a deal for all. */
function applyAdvertiserRule(deal: Mutable<Deal>, reading: MessageReading): boolean {
  if (!deal.wadomain?.length) return true;
  deal.wadomain = readDomains(deal.wadomain, 'wadomain', 'blocked-domain-not-bare', reading);
  if (deal.wadomain.length > 0) return true;
  reading.report('unusable-value', 'names no domain; the deal is not used', 'wadomain');
  return false;
}
