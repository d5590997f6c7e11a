/**
 * A floor in a currency without a rate is unknown, and money is never guessed: such a deal or imp is left out, and the
 * rest of the request is sold (docs/openrtb.md).
 */
import { type CurrencyTable, knowsCurrency } from '../../openrtb/currency.ts';
import type { Diagnostic } from '../../openrtb/diagnostics.ts';
import type { BidRequest, Deal, DurFloors, Imp } from '../../openrtb/types.ts';

export interface PriceableRequest {
  /** May be without imps: then none can be priced. Shares everything that stays with the request given. */
  readonly request: BidRequest;
  /** What was left out, with the path in the request given. */
  readonly diagnostics: readonly Diagnostic[];
}

export function priceableRequest(request: BidRequest, currencies: CurrencyTable): PriceableRequest {
  if (request.imp.every((imp) => isPriceable(imp, currencies))) return { request, diagnostics: [] };
  const diagnostics: Diagnostic[] = [];
  const imps: Imp[] = [];
  for (const [index, imp] of request.imp.entries()) {
    const path = `imp[${index}]`;
    if (hasKnownFloor(imp, currencies)) imps.push(withPriceableDeals(imp, path, currencies, diagnostics));
    else diagnostics.push(unpriceable(`${path}.bidfloorcur`, imp.bidfloorcur));
  }
  return { request: { ...request, imp: imps }, diagnostics };
}

function isPriceable(imp: Imp, currencies: CurrencyTable): boolean {
  return hasKnownFloor(imp, currencies) && (imp.pmp?.deals ?? []).every((deal) => hasKnownFloor(deal, currencies));
}

interface Floored {
  readonly bidfloor?: number;
  readonly bidfloorcur?: string;
  readonly durfloors?: readonly DurFloors[];
  readonly mincpmpersec?: number;
}

/** A currency without a floor that uses it does no harm. */
function hasKnownFloor(offer: Imp | Deal, currencies: CurrencyTable): boolean {
  if (knowsCurrency(currencies, offer.bidfloorcur ?? 'USD')) return true;
  const { video, audio } = offer as Imp;
  return ![offer as Floored, video, audio].some((floored) => floored !== undefined && usesFloor(floored));
}

function usesFloor({ bidfloor, durfloors, mincpmpersec }: Floored): boolean {
  return (bidfloor ?? 0) > 0 || (mincpmpersec ?? 0) > 0 || (durfloors?.length ?? 0) > 0;
}

function withPriceableDeals(imp: Imp, path: string, currencies: CurrencyTable, diagnostics: Diagnostic[]): Imp {
  const deals = imp.pmp?.deals;
  if (imp.pmp === undefined || deals === undefined) return imp;
  const kept: Deal[] = [];
  for (const [index, deal] of deals.entries()) {
    if (hasKnownFloor(deal, currencies)) kept.push(deal);
    else diagnostics.push(unpriceable(`${path}.pmp.deals[${index}].bidfloorcur`, deal.bidfloorcur));
  }
  return kept.length === deals.length ? imp : { ...imp, pmp: { ...imp.pmp, deals: kept } };
}

function unpriceable(path: string, currency: string | undefined): Diagnostic {
  const message = `${path}: there is no rate for ${currency ?? 'USD'}, so the floor cannot be compared`;
  return { path, code: 'unpriceable', severity: 'drop', message };
}
