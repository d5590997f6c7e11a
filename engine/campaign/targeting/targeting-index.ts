/**
 * All line items, compiled for the question which of them may serve an imp. Every line item has a slot; every value of
 * every targeting dimension knows the slots that include and exclude it. A request starts with the bits of all slots that
 * are open at this hour and strikes out, dimension by dimension, those that it does not suit.
 *
 * One line item is put in, replaced or taken out in some ten microseconds, between two requests: nothing is ever
 * compiled anew. Semantics: `Targeting` in `campaign.ts`, docs/campaigns.md.
 */
import type { Ext } from '../../../openrtb/types.ts';
import { fitsRatio } from '../../auction/eligibility/creative.ts';
import type { RatioFormat } from '../../auction/types.ts';
import { type BookedLineItem, isSwitchedOn, servableCreatives } from '../booked-line-item.ts';
import type { Choice, Targeting } from '../campaign.ts';
import { CreativeShapes, shapeNames } from './creative-shapes.ts';
import { Dimension, type TargetingValue } from './dimension.ts';
import { bareInventory, type ImpFacts, type RequestFacts } from './facts.ts';
import { OpeningHours } from './opening-hours.ts';
import { checkTimeZone } from './zone-hours.ts';

/** Slots that match, in ascending order, until the next question. */
export interface Matches {
  readonly slots: Int32Array;
  readonly count: number;
}

type Field = Exclude<keyof Targeting, 'hoursOfWeek' | 'keyValues'>;

const unchanged = (value: TargetingValue) => value;
const lowerCase = (value: TargetingValue) => String(value).toLowerCase();
const upperCase = (value: TargetingValue) => String(value).toUpperCase();

/** How the values of each field are spelled in the index. */
const SPELLING: Readonly<Record<Field, (value: TargetingValue) => TargetingValue>> = {
  countries: upperCase,
  regions: upperCase,
  deviceTypes: unchanged,
  operatingSystems: lowerCase,
  inventory: (value) => bareInventory(String(value)),
  categories: unchanged,
  publishers: unchanged,
  placements: unchanged,
  media: unchanged,
  sizes: lowerCase,
  segments: unchanged,
};
const FIELDS = Object.keys(SPELLING) as readonly Field[];

const NO_VALUES: readonly string[] = [];
const SLOTS_AT_LEAST = 1024;

/** Those that cannot serve whatever the request are left out. Throws a `RangeError` for a time zone that is none. */
export function compileTargeting(items: readonly BookedLineItem[]): TargetingIndex {
  const index = new TargetingIndex(items.length);
  for (const item of items) index.put(item);
  return index;
}

export class TargetingIndex {
  readonly #slotOf = new Map<string, number>();
  readonly #items: (BookedLineItem | null)[] = [];
  readonly #freeSlots: number[] = [];
  /** Schedule by slot, epoch ms: serves in [start, end). */
  #startAt: Float64Array;
  #endAt: Float64Array;

  readonly #fields: Readonly<Record<Field, Dimension>>;
  readonly #keyValues = new Map<string, Dimension>();
  readonly #shapes = new CreativeShapes();
  readonly #shapeDimension: Dimension;
  readonly #hours: OpeningHours;

  #wordCount: number;
  /** Rises with every change. */
  #version = 0;
  /** What the last request left of the open slots, for its next imp. */
  #base: Int32Array;
  #baseOf: RequestFacts | null = null;
  #baseVersion = -1;
  #baseQuarter = -1;
  #words: Int32Array;
  #scratch: Int32Array;
  readonly #fittingShapes: string[] = [];
  readonly #matches: { slots: Int32Array; count: number };

  constructor(expectedCount = 0) {
    const wordCount = Math.ceil(Math.max(SLOTS_AT_LEAST, expectedCount) / 32);
    this.#wordCount = wordCount;
    this.#startAt = new Float64Array(wordCount * 32);
    this.#endAt = new Float64Array(wordCount * 32);
    this.#fields = Object.fromEntries(FIELDS.map((field) => [field, new Dimension(wordCount)])) as Record<
      Field,
      Dimension
    >;
    this.#shapeDimension = new Dimension(wordCount);
    this.#hours = new OpeningHours(wordCount);
    this.#base = new Int32Array(wordCount);
    this.#words = new Int32Array(wordCount);
    this.#scratch = new Int32Array(wordCount);
    this.#matches = { slots: new Int32Array(wordCount * 32), count: 0 };
  }

  /** Line items that may serve when a request suits them. */
  get size(): number {
    return this.#slotOf.size;
  }

  /** Null for a slot that is not in use. A slot may be of another line item after a change. */
  at(slot: number): BookedLineItem | null {
    return this.#items[slot] ?? null;
  }

  /**
   * Takes a line item in, or its new version in the place of the old; one that is switched off, or has no creative that
   * may serve, is taken out. Its slot, or null. Throws a `RangeError`, and changes nothing, for a time zone that is none.
   */
  put(item: BookedLineItem): number | null {
    checkTimeZone(item.advertiser.timeZone);
    this.remove(item.lineItem.id);
    const creatives = servableCreatives(item);
    if (!isSwitchedOn(item) || creatives.length === 0) return null;
    const slot = this.#takeSlot();
    this.#slotOf.set(item.lineItem.id, slot);
    this.#items[slot] = item;
    this.#startAt[slot] = item.campaign.startAt;
    this.#endAt[slot] = item.campaign.endAt ?? Number.POSITIVE_INFINITY;
    const { targeting } = item.lineItem;
    for (const field of FIELDS) this.#fields[field].add(slot, spelled(targeting[field], SPELLING[field]));
    for (const [key, choice] of Object.entries(targeting.keyValues)) this.#keyDimension(key).add(slot, choice);
    this.#shapeDimension.add(slot, { include: this.#shapes.add(creatives), exclude: NO_VALUES });
    this.#hours.add(slot, item.advertiser.timeZone, targeting.hoursOfWeek);
    return slot;
  }

  /** Nothing happens when it is not in. */
  remove(lineItemId: string): void {
    this.#version++;
    const slot = this.#slotOf.get(lineItemId);
    if (slot === undefined) return;
    const item = this.#items[slot]!;
    const { targeting } = item.lineItem;
    for (const field of FIELDS) this.#fields[field].remove(slot, spelled(targeting[field], SPELLING[field]));
    for (const [key, choice] of Object.entries(targeting.keyValues)) {
      const dimension = this.#keyDimension(key);
      dimension.remove(slot, choice);
      if (dimension.isEmpty) this.#keyValues.delete(key);
    }
    const creatives = servableCreatives(item);
    this.#shapes.remove(creatives);
    this.#shapeDimension.remove(slot, { include: shapeNames(creatives), exclude: NO_VALUES });
    this.#hours.remove(slot);
    this.#items[slot] = null;
    this.#slotOf.delete(lineItemId);
    this.#freeSlots.push(slot);
  }

  /** `nowMs`: wall clock, epoch ms. The result is overwritten by the next call. */
  candidates(request: RequestFacts, imp: ImpFacts, nowMs: number): Matches {
    const words = this.#words;
    words.set(this.#openFor(request, nowMs));
    const { placements, media, sizes } = this.#fields;
    this.#require(placements, imp.placements, words);
    this.#require(media, imp.media, words);
    for (const size of imp.sizes) sizes.offer(size, words);
    this.#offerFlexibleSizes(sizes, imp, words);
    sizes.settle(words, this.#scratch);
    this.#shapes.fitting(imp.offer, this.#fittingShapes);
    this.#require(this.#shapeDimension, this.#fittingShapes, words);
    this.#requireKeyValues(request.data, imp.data, words);
    return this.#scheduledAmong(words, nowMs);
  }

  /** Bits of the slots that are open now and suit the request, whatever its imp. */
  #openFor(request: RequestFacts, nowMs: number): Int32Array {
    const quarter = this.#hours.quarterOf(nowMs);
    if (request === this.#baseOf && this.#version === this.#baseVersion && quarter === this.#baseQuarter) {
      return this.#base;
    }
    const words = this.#base;
    words.set(this.#hours.openAt(nowMs));
    const fields = this.#fields;
    this.#requireOne(fields.countries, request.country, words);
    this.#requireOne(fields.regions, request.region, words);
    this.#requireOne(fields.deviceTypes, request.deviceType, words);
    this.#requireOne(fields.operatingSystems, request.operatingSystem, words);
    this.#requireOne(fields.publishers, request.publisherId, words);
    this.#require(fields.inventory, request.inventory, words);
    this.#require(fields.categories, request.categories, words);
    this.#require(fields.segments, request.segments, words);
    this.#baseOf = request;
    this.#baseVersion = this.#version;
    this.#baseQuarter = quarter;
    return words;
  }

  /** Empty text and 0: the request does not say. */
  #requireOne(dimension: Dimension, value: TargetingValue, words: Int32Array): void {
    if (value !== '' && value !== 0) dimension.offer(value, words);
    dimension.settle(words, this.#scratch);
  }

  #require(dimension: Dimension, values: readonly TargetingValue[], words: Int32Array): void {
    for (let i = 0; i < values.length; i++) dimension.offer(values[i]!, words);
    dimension.settle(words, this.#scratch);
  }

  /** Every size that a flexible format takes is on offer. */
  #offerFlexibleSizes(sizes: Dimension, { offer }: ImpFacts, words: Int32Array): void {
    if (offer.banner === null || offer.banner.ratios.length === 0) return;
    for (const size of sizes.values()) {
      if (fitsFlexibly(String(size), offer.banner.ratios)) sizes.offer(size, words);
    }
  }

  #requireKeyValues(ofRequest: Ext | null, ofImp: Ext | null, words: Int32Array): void {
    if (this.#keyValues.size === 0) return;
    if (ofRequest !== null) this.#offerData(ofRequest, words);
    if (ofImp !== null) this.#offerData(ofImp, words);
    for (const dimension of this.#keyValues.values()) dimension.settle(words, this.#scratch);
  }

  #offerData(data: Ext, words: Int32Array): void {
    for (const key of Object.keys(data)) {
      const dimension = this.#keyValues.get(key);
      if (dimension === undefined) continue;
      const value = data[key];
      if (Array.isArray(value)) for (const one of value) offerScalar(dimension, one, words);
      else offerScalar(dimension, value, words);
    }
  }

  #scheduledAmong(words: Int32Array, nowMs: number): Matches {
    const matches = this.#matches;
    const { slots } = matches;
    const startAt = this.#startAt;
    const endAt = this.#endAt;
    let count = 0;
    for (let i = 0; i < words.length; i++) {
      for (let word = words[i]!; word !== 0; word &= word - 1) {
        const slot = (i << 5) + 31 - Math.clz32(word & -word);
        if (startAt[slot]! <= nowMs && nowMs < endAt[slot]!) slots[count++] = slot;
      }
    }
    matches.count = count;
    return matches;
  }

  #keyDimension(key: string): Dimension {
    let dimension = this.#keyValues.get(key);
    if (dimension === undefined) {
      dimension = new Dimension(this.#wordCount);
      this.#keyValues.set(key, dimension);
    }
    return dimension;
  }

  #takeSlot(): number {
    const free = this.#freeSlots.pop();
    if (free !== undefined) return free;
    if (this.#items.length === this.#wordCount * 32) this.#grow();
    return this.#items.push(null) - 1;
  }

  /** Twice as many slots. */
  #grow(): void {
    const wordCount = this.#wordCount * 2;
    this.#wordCount = wordCount;
    for (const dimension of Object.values(this.#fields)) dimension.grow(wordCount);
    for (const dimension of this.#keyValues.values()) dimension.grow(wordCount);
    this.#shapeDimension.grow(wordCount);
    this.#hours.grow(wordCount);
    const [startAt, endAt] = [this.#startAt, this.#endAt];
    this.#startAt = new Float64Array(wordCount * 32);
    this.#startAt.set(startAt);
    this.#endAt = new Float64Array(wordCount * 32);
    this.#endAt.set(endAt);
    this.#base = new Int32Array(wordCount);
    this.#baseOf = null;
    this.#words = new Int32Array(wordCount);
    this.#scratch = new Int32Array(wordCount);
    this.#matches.slots = new Int32Array(wordCount * 32);
  }
}

function spelled(
  choice: Choice<TargetingValue>,
  spell: (value: TargetingValue) => TargetingValue,
): Choice<TargetingValue> {
  return { include: choice.include.map(spell), exclude: choice.exclude.map(spell) };
}

/** `size`: `300x250`. */
function fitsFlexibly(size: string, ratios: readonly RatioFormat[]): boolean {
  const cross = size.indexOf('x');
  return fitsRatio(Number(size.slice(0, cross)), Number(size.slice(cross + 1)), ratios);
}

/** Numbers and booleans as their text; what is neither is no value. */
function offerScalar(dimension: Dimension, value: unknown, words: Int32Array): void {
  if (typeof value === 'string') dimension.offer(value, words);
  else if (typeof value === 'number' || typeof value === 'boolean') dimension.offer(String(value), words);
}
