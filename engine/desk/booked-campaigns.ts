/** All bookings as last heard of, put together from changes that come in any order. */

import type { BookedCampaign, BookedLineItem } from '../campaign/booked-line-item.ts';
import type { Advertiser, Campaign, Creative, LineItem } from '../campaign/campaign.ts';
import type { Booking } from '../ports/campaign-store.ts';

export class BookedCampaigns {
  readonly #advertisers = new Map<string, Advertiser>();
  readonly #campaigns = new Map<string, Campaign>();
  readonly #lineItems = new Map<string, LineItem>();
  readonly #creatives = new Map<string, Creative>();
  readonly #campaignsOf = new Map<string, Set<string>>();
  readonly #lineItemsOf = new Map<string, Set<string>>();
  /** By creative. */
  readonly #usersOf = new Map<string, Set<string>>();

  /** Gives the ids of the campaigns that may look different now. */
  take(changes: readonly Booking[]): ReadonlySet<string> {
    const touched = new Set<string>();
    for (const change of changes) this.#takeOne(change, touched);
    return touched;
  }

  /** Null while its advertiser is not known. */
  campaign(id: string): BookedCampaign | null {
    const campaign = this.#campaigns.get(id);
    const advertiser = campaign === undefined ? undefined : this.#advertisers.get(campaign.advertiserId);
    if (campaign === undefined || advertiser === undefined) return null;
    const lineItems = [...(this.#lineItemsOf.get(id) ?? [])].map((itemId) => this.#lineItems.get(itemId)!);
    return { campaign, advertiser, lineItems };
  }

  /** Null while its campaign or advertiser is not known. Creatives that are not known are left out. */
  lineItem(id: string): BookedLineItem | null {
    const lineItem = this.#lineItems.get(id);
    const campaign = lineItem === undefined ? undefined : this.#campaigns.get(lineItem.campaignId);
    const advertiser = campaign === undefined ? undefined : this.#advertisers.get(campaign.advertiserId);
    if (lineItem === undefined || campaign === undefined || advertiser === undefined) return null;
    return {
      lineItem,
      campaign,
      advertiser,
      creatives: lineItem.creativeIds.flatMap((id) => this.#creatives.get(id) ?? []),
    };
  }

  campaigns(): Iterable<Campaign> {
    return this.#campaigns.values();
  }

  #takeOne(change: Booking, touched: Set<string>): void {
    const { kind, value } = change;
    switch (kind) {
      case 'advertiser':
        this.#advertisers.set(value.id, value);
        for (const id of this.#campaignsOf.get(value.id) ?? []) touched.add(id);
        return;
      case 'campaign':
        this.#campaigns.set(value.id, value);
        entryOf(this.#campaignsOf, value.advertiserId).add(value.id);
        touched.add(value.id);
        return;
      case 'line-item':
        for (const id of this.#lineItems.get(value.id)?.creativeIds ?? []) this.#usersOf.get(id)?.delete(value.id);
        for (const id of value.creativeIds) entryOf(this.#usersOf, id).add(value.id);
        this.#lineItems.set(value.id, value);
        entryOf(this.#lineItemsOf, value.campaignId).add(value.id);
        touched.add(value.campaignId);
        return;
      case 'creative':
        this.#creatives.set(value.id, value);
        for (const id of this.#usersOf.get(value.id) ?? []) touched.add(this.#lineItems.get(id)!.campaignId);
        return;
      default:
        change satisfies never;
    }
  }
}

function entryOf(sets: Map<string, Set<string>>, key: string): Set<string> {
  let set = sets.get(key);
  if (set === undefined) {
    set = new Set();
    sets.set(key, set);
  }
  return set;
}
