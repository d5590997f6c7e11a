/** Bid requests of a market: which placement a user meets next, and how an OpenRTB request says so. */
import type { BidRequest, Imp, Site, Source } from '../../openrtb/types.ts';
import type { SeededRandom } from '../random.ts';
import type { PlacementValues } from './competition.ts';
import { FEN_PER_UNIT, type PlacementFacts } from './market-facts.ts';
import type { MarketUser } from './users.ts';

/** OpenRTB "Placement Positions": above the fold, below the fold. */
const POSITIONS = { first: 1, second: 3, other: 0, unknown: 0 } as const;
/** Sites of an exchange. */
const SITES = 12;

export class MarketRequests {
  /** By tagid. */
  readonly #values = new Map<string, PlacementValues>();
  readonly #placements: readonly PlacementValues[];
  /** Of requests, by placement: of this one and all before. */
  readonly #cumulative: Float64Array;
  readonly #parts: readonly PlacementParts[];
  readonly #currency: string;
  readonly #auctionType: 1 | 2;

  /** Floors are in `currency`, and bids are asked for in it. */
  constructor(
    placements: readonly PlacementValues[],
    { currency, auctionType }: { readonly currency: string; readonly auctionType: 1 | 2 },
  ) {
    this.#placements = placements;
    this.#currency = currency;
    this.#auctionType = auctionType;
    let sum = 0;
    // Unsold requests come on top of the impressions that the placement is to have.
    this.#cumulative = Float64Array.from(placements, ({ placement, saleRate }) => {
      sum += placement.impressions / saleRate;
      return sum;
    });
    this.#parts = placements.map(({ placement }) => placementParts(placement, currency));
    placements.forEach((values, index) => {
      this.#values.set(this.#parts[index]!.imp.tagid!, values);
    });
  }

  /** Undefined: no placement of this market. */
  valuesOf(tagid: string | undefined): PlacementValues | undefined {
    return tagid === undefined ? undefined : this.#values.get(tagid);
  }

  get placements(): readonly PlacementValues[] {
    return this.#placements;
  }

  /** Ids must not repeat. */
  request(id: string, { user, device }: MarketUser, random: SeededRandom): BidRequest {
    const { imp, site, source } = this.#parts[this.#pick(random)]!;
    return { id, imp: [imp], site, device, user, at: this.#auctionType, cur: [this.#currency], source, regs: REGS };
  }

  #pick(random: SeededRandom): number {
    const cumulative = this.#cumulative;
    const wanted = random.next() * cumulative[cumulative.length - 1]!;
    let low = 0;
    let high = cumulative.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (cumulative[middle]! <= wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

const REGS = { coppa: 0, gdpr: 0 } as const;

export interface PlacementParts {
  readonly imp: Imp;
  readonly site: Site;
  readonly source: Source;
}

/** What all requests of a placement share. */
export function placementParts(placement: PlacementFacts, currency: string): PlacementParts {
  const { exchange, width, height, visibility, floorFen } = placement;
  const tagid = `${exchange}-${width}x${height}-${visibility}-${floorFen}`;
  const number = 1 + ((width * 7 + height * 3 + floorFen) % SITES);
  const domain = `site-${number}.exchange-${exchange}.example.com`;
  const imp: Imp = {
    id: '1',
    tagid,
    banner: { format: [{ w: width, h: height }], pos: POSITIONS[visibility] },
    bidfloor: floorFen / FEN_PER_UNIT,
    bidfloorcur: currency,
    secure: 1,
  };
  const site: Site = {
    id: `${exchange}-${number}`,
    domain,
    page: `https://${domain}/`,
    publisher: { id: `publisher-${exchange}-${number}` },
  };
  const nodes = [{ asi: `exchange-${exchange}.example.com`, sid: site.id!, hp: 1 }];
  return { imp, site, source: { fd: 0, schain: { complete: 1, ver: '1.0', nodes } } };
}
