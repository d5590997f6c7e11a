/**
 * What the books keep of a sale besides money, so that whatever they book of it can be told as an event. Nothing
 * of who saw it: the books know no users, so nobody has to be forgotten there.
 */
import type { Sale } from './sale.ts';

export type SaleTerms = Omit<Sale, 'payer' | 'amount' | 'publisherId' | 'billedBy'>;

/** Fields in order; what is added later goes to the end. */
type StoredTerms = readonly [
  pricing: Sale['pricing'],
  currency: string,
  placementId: string,
  media: Sale['media'],
  advertiserId: string,
  campaignId: string,
  lineItemId: string,
  creativeId: string,
  soldAtMs: number,
];

/** JSON, without anything that a database would not take. The books know no users (docs/privacy.md). */
export function encodeTerms(sale: SaleTerms): string {
  const terms: StoredTerms = [
    sale.pricing,
    sale.currency,
    sale.placementId,
    sale.media,
    sale.advertiserId,
    sale.campaignId,
    sale.lineItemId,
    sale.creativeId,
    sale.soldAtMs,
  ];
  return JSON.stringify(terms);
}

export function decodeTerms(text: string): SaleTerms {
  const [pricing, currency, placementId, media, ...ids] = JSON.parse(text) as StoredTerms;
  const [advertiserId, campaignId, lineItemId, creativeId, soldAtMs] = ids;
  return { pricing, currency, placementId, media, advertiserId, campaignId, lineItemId, creativeId, soldAtMs };
}
