/**
 * What ads of the exchange's own campaigns are worth to their advertisers: what they are ready to pay by their bids, by what users
 * truly do.
 */
import type { MarketOutcome } from './market.ts';

/** What is read of a booking (docs/campaigns.md); the rest is the product's business, which checks it. */
interface Bookings {
  readonly 'line-items'?: readonly {
    readonly pricing: 'cpm' | 'cpc' | 'cpa';
    readonly bid: string;
    readonly creatives: readonly string[];
  }[];
}

export class BookedWorth {
  readonly #byCreative = new Map<string, { readonly pricing: 'cpm' | 'cpc' | 'cpa'; readonly bid: number }>();

  /** Documents of a booking; null: nothing is booked. Bids are taken to be in the exchange's currency. */
  constructor(bookings: unknown) {
    for (const { pricing, bid, creatives } of (bookings as Bookings | null)?.['line-items'] ?? []) {
      for (const creative of creatives) this.#byCreative.set(creative, { pricing, bid: Number(bid) });
    }
  }

  /** Per mille; 0 for a creative that nobody has booked. */
  cpm(creativeId: string, { clickProbability, conversionProbability, tiredness }: MarketOutcome): number {
    const booked = this.#byCreative.get(creativeId);
    if (booked === undefined) return 0;
    switch (booked.pricing) {
      case 'cpm':
        return booked.bid * tiredness;
      case 'cpc':
        return booked.bid * clickProbability * 1000;
      case 'cpa':
        return booked.bid * clickProbability * conversionProbability * 1000;
    }
  }
}
