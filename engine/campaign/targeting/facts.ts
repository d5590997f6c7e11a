/** What targeting asks of a request, in the spelling that the index is in. Read once per request and imp. */
import type { App, BidRequest, Ext, Imp, Site } from '../../../openrtb/types.ts';
import type { AuctionImp, MediaType } from '../../auction/types.ts';
import { mediaOf } from '../../traffic/request-features.ts';

export interface RequestFacts {
  /** Empty texts and 0: the request does not say. */
  readonly country: string;
  /** `USA/CA`. */
  readonly region: string;
  readonly deviceType: number;
  readonly operatingSystem: string;
  /** The bundle; or the domain and its parent domains. */
  readonly inventory: readonly string[];
  /** With the parents of each. */
  readonly categories: readonly string[];
  readonly publisherId: string;
  readonly segments: readonly string[];
  /** Key-values of site or app. */
  readonly data: Ext | null;
}

export interface ImpFacts {
  /** `tagid` and `publisher/tagid`. */
  readonly placements: readonly string[];
  readonly media: readonly MediaType[];
  /** Fixed sizes of banner and video. Flexible formats are in the `offer`. */
  readonly sizes: readonly string[];
  readonly data: Ext | null;
  readonly offer: AuctionImp;
}

const NONE: readonly string[] = [];

export function requestFacts({ app, site, dooh, device, user }: BidRequest): RequestFacts {
  const country = device?.geo?.country?.toUpperCase() ?? '';
  const region = device?.geo?.region?.toUpperCase() ?? '';
  return {
    country,
    region: country === '' || region === '' ? '' : `${country}/${region}`,
    deviceType: device?.devicetype ?? 0,
    operatingSystem: device?.os?.toLowerCase() ?? '',
    inventory: app === undefined ? withParentDomains(site?.domain ?? dooh?.domain) : bundleOf(app),
    categories: categoriesOf(app ?? site),
    publisherId: (app ?? site ?? dooh)?.publisher?.id ?? '',
    segments: user?.data === undefined ? NONE : user.data.flatMap(({ segment }) => (segment ?? []).flatMap(idOf)),
    data: dataOf((app ?? site ?? dooh)?.ext),
  };
}

/** `offer`: the same imp in the terms of the auction. */
export function impFacts(imp: Imp, offer: AuctionImp, { publisherId }: RequestFacts): ImpFacts {
  return {
    placements: placementsOf(imp.tagid, publisherId),
    media: mediaOf(imp),
    sizes: sizesOf(imp),
    data: dataOf(imp.ext),
    offer,
  };
}

/** Lower case, without a leading `www.`: how hosts and bundles are compared. */
export function bareInventory(name: string): string {
  const lower = name.toLowerCase();
  return lower.startsWith('www.') ? lower.slice(4) : lower;
}

function bundleOf({ bundle }: App): readonly string[] {
  return bundle === undefined ? NONE : [bundle.toLowerCase()];
}

/** A name cannot be longer (RFC 1035): what claims to be has no parents. */
const HOST_LENGTH_MAX = 253;

function withParentDomains(domain: string | undefined): readonly string[] {
  if (domain === undefined) return NONE;
  const host = bareInventory(domain);
  const hosts = [host];
  if (host.length > HOST_LENGTH_MAX) return hosts;
  for (let dot = host.indexOf('.'); dot >= 0; dot = host.indexOf('.', dot + 1)) hosts.push(host.slice(dot + 1));
  return hosts;
}

/** Content taxonomy 1.0, in which ids are built as `IABparent-child`. */
const HIERARCHICAL_TAXONOMY = 1;

/** Categories of another taxonomy cannot be compared: they count as none. */
function categoriesOf(inventory: App | Site | undefined): readonly string[] {
  if (inventory === undefined || (inventory.cattax ?? HIERARCHICAL_TAXONOMY) !== HIERARCHICAL_TAXONOMY) return NONE;
  const categories: string[] = [];
  for (const list of [inventory.cat, inventory.sectioncat, inventory.pagecat]) {
    for (const category of list ?? NONE) {
      categories.push(category);
      const dash = category.indexOf('-');
      if (dash > 0) categories.push(category.slice(0, dash));
    }
  }
  return categories;
}

function idOf({ id }: { readonly id?: string }): string[] {
  return id === undefined ? [] : [id];
}

function placementsOf(tagId: string | undefined, publisherId: string): readonly string[] {
  if (tagId === undefined) return NONE;
  return publisherId === '' ? [tagId] : [tagId, `${publisherId}/${tagId}`];
}

function sizesOf({ banner, video }: Imp): readonly string[] {
  if (banner === undefined && video === undefined) return NONE;
  const sizes: string[] = [];
  for (const framed of [...(banner?.format ?? []), banner, video]) {
    if (framed?.w !== undefined && framed.h !== undefined) sizes.push(`${framed.w}x${framed.h}`);
  }
  return sizes;
}

function dataOf(ext: Ext | undefined): Ext | null {
  const data = ext?.data;
  return typeof data === 'object' && data !== null && !Array.isArray(data) ? (data as Ext) : null;
}
