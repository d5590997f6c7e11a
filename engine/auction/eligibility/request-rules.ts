/** What eligibility looks up, compiled once per request so that a bid costs lookups only. */
import type { NativeAssetKey } from '../../../openrtb/native-answer.ts';
import { CategorySet } from '../category-set.ts';
import { DomainSet } from '../domain-set.ts';
import type { AuctionDeal, AuctionImp, AuctionInput, MediaType } from '../types.ts';

/** Content taxonomy of the categories blocked for single DSPs. */
export const DSP_BLOCK_TAXONOMY = 1;

export interface DealRules {
  readonly deal: AuctionDeal;
  /** null: any seat. */
  readonly seats: ReadonlySet<string> | null;
  /** null: any advertiser. */
  readonly advertisers: DomainSet | null;
}

export interface ImpRules {
  /** Index in `AuctionInput.imps`. */
  readonly impIndex: number;
  readonly imp: AuctionImp;
  /** null when the imp has no deals. */
  readonly deals: ReadonlyMap<string, DealRules> | null;
  /** The media type when the imp offers exactly one. */
  readonly onlyMedia: MediaType | null;
  /** null when every asset is optional. */
  readonly requiredNativeAssets: ReadonlySet<NativeAssetKey> | null;
}

export interface DspBlockRules {
  readonly advertisers: DomainSet | null;
  readonly categories: CategorySet | null;
}

export interface RequestRules {
  readonly input: AuctionInput;
  readonly imps: ReadonlyMap<string, ImpRules>;
  readonly allowedSeats: ReadonlySet<string> | null;
  readonly blockedSeats: ReadonlySet<string> | null;
  readonly blockedCategories: CategorySet | null;
  readonly allowedCategories: CategorySet | null;
  readonly blockedAdvertisers: DomainSet | null;
  /** null when no DSP has blocks of its own. */
  readonly dspBlocks: ReadonlyMap<string, DspBlockRules> | null;
  /** Lower case. */
  readonly blockedBundles: ReadonlySet<string> | null;
  /** Lower case; few, so a list. */
  readonly allowedLanguages: readonly string[];
}

export function compileRequestRules(input: AuctionInput): RequestRules {
  const imps = new Map<string, ImpRules>();
  for (const [impIndex, imp] of input.imps.entries()) imps.set(imp.id, compileImpRules(imp, impIndex));
  return {
    input,
    imps,
    allowedSeats: setOrNull(input.allowedSeats),
    blockedSeats: setOrNull(input.blockedSeats),
    blockedCategories: categoriesOrNull(input.blockedCategories, input.categoryTaxonomy),
    allowedCategories: categoriesOrNull(input.allowedCategories, input.categoryTaxonomy),
    blockedAdvertisers: domainsOrNull(input.blockedAdvertisers),
    dspBlocks: compileDspBlocks(input),
    blockedBundles: lowerCaseSetOrNull(input.blockedBundles),
    allowedLanguages: input.allowedLanguages.map((language) => language.toLowerCase()),
  };
}

function compileDspBlocks(input: AuctionInput): ReadonlyMap<string, DspBlockRules> | null {
  let rules: Map<string, DspBlockRules> | null = null;
  for (const [dspId, { advertisers, categories }] of Object.entries(input.dspBlocks)) {
    rules ??= new Map();
    rules.set(dspId, {
      advertisers: domainsOrNull(advertisers),
      categories: categoriesOrNull(categories, DSP_BLOCK_TAXONOMY),
    });
  }
  return rules;
}

function compileImpRules(imp: AuctionImp, impIndex: number): ImpRules {
  let deals: Map<string, DealRules> | null = null;
  for (const deal of imp.deals) {
    deals ??= new Map();
    deals.set(deal.id, { deal, seats: setOrNull(deal.seats), advertisers: domainsOrNull(deal.advertiserDomains) });
  }
  return { impIndex, imp, deals, onlyMedia: onlyMediaOf(imp), requiredNativeAssets: requiredNativeAssetsOf(imp) };
}

function requiredNativeAssetsOf({ native }: AuctionImp): ImpRules['requiredNativeAssets'] {
  return native === null || native.requiredAssets.length === 0 ? null : new Set(native.requiredAssets);
}

function onlyMediaOf(imp: AuctionImp): MediaType | null {
  let only: MediaType | null = null;
  let count = 0;
  if (imp.banner !== null) {
    only = 'banner';
    count++;
  }
  if (imp.video !== null) {
    only = 'video';
    count++;
  }
  if (imp.audio !== null) {
    only = 'audio';
    count++;
  }
  if (imp.native !== null) {
    only = 'native';
    count++;
  }
  return count === 1 ? only : null;
}

function setOrNull(values: readonly string[]): ReadonlySet<string> | null {
  return values.length === 0 ? null : new Set(values);
}

function lowerCaseSetOrNull(values: readonly string[]): ReadonlySet<string> | null {
  if (values.length === 0) return null;
  const set = new Set<string>();
  for (const value of values) set.add(value.toLowerCase());
  return set;
}

function categoriesOrNull(ids: readonly string[], taxonomy: number): CategorySet | null {
  return ids.length === 0 ? null : new CategorySet(ids, taxonomy);
}

function domainsOrNull(hosts: readonly string[]): DomainSet | null {
  return hosts.length === 0 ? null : new DomainSet(hosts);
}
