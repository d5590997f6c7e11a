import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { BidRequest, Imp } from '../../../openrtb/types.ts';
import { buildTerms } from '../../exchange/testing/build-exchange.ts';
import type { BookedLineItem } from '../booked-line-item.ts';
import type { Choice, Creative, Targeting } from '../campaign.ts';
import { advertiser, campaign, creative, lineItem } from '../testing/build-booking.ts';
import { impFacts, requestFacts } from './facts.ts';
import { compileTargeting, type TargetingIndex } from './targeting-index.ts';
import { mayServe } from './testing/naive-targeting.ts';

const COUNTRIES = ['USA', 'DEU', 'FRA'];
const REGIONS = ['CA', 'NY'];
const OS = ['ios', 'android'];
const HOSTS = ['news.example', 'sport.news.example', 'a.sport.news.example', 'ews.example', 'com.game'];
const CATEGORIES = ['IAB1', 'IAB1-1', 'IAB1-12', 'IAB12', 'IAB2-1'];
const PUBLISHERS = ['p1', 'p2'];
const TAGS = ['top', 'p1/top', 'side'];
const SIZES = ['300x250', '728x90', '320x50', '640x360'];
const SEGMENTS = ['s1', 's2', 's3'];
const KEYS = ['genre', 'tier', '__proto__'];
const KEY_VALUES = ['1', 'true', 'rock', 'pop'];
const ZONES = ['UTC', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe'];

/** Around the days on which New York and Lord Howe change their clocks. */
const moment = fc.oneof(
  fc.integer({ min: Date.UTC(2026, 2, 7), max: Date.UTC(2026, 2, 9) }),
  fc.integer({ min: Date.UTC(2026, 3, 4), max: Date.UTC(2026, 3, 6) }),
  fc.integer({ min: Date.UTC(2026, 9, 31), max: Date.UTC(2026, 10, 2) }),
);

function choice<Value>(values: readonly Value[]): fc.Arbitrary<Choice<Value>> {
  const some = fc.array(fc.constantFrom(...values), { maxLength: 2 });
  const none = fc.constant<Value[]>([]);
  const mostlyNone = fc.oneof({ weight: 4, arbitrary: none }, { weight: 1, arbitrary: some });
  return fc.record({ include: mostlyNone, exclude: mostlyNone });
}

const targeting: fc.Arbitrary<Targeting> = fc.record({
  countries: choice(COUNTRIES),
  regions: choice(COUNTRIES.flatMap((country) => REGIONS.map((region) => `${country}/${region}`))),
  deviceTypes: choice([1, 4, 5]),
  operatingSystems: choice(OS),
  inventory: choice(HOSTS),
  categories: choice(CATEGORIES),
  publishers: choice(PUBLISHERS),
  placements: choice([...TAGS, 'p1/top', 'p2/side']),
  media: choice(['banner', 'video', 'native'] as const),
  sizes: choice(SIZES),
  hoursOfWeek: fc.oneof(
    { weight: 2, arbitrary: fc.constant({ include: [], exclude: [] }) },
    {
      weight: 1,
      arbitrary: fc.record({
        include: fc.array(fc.integer({ min: 0, max: 167 }), { maxLength: 100 }),
        exclude: fc.array(fc.integer({ min: 0, max: 167 }), { maxLength: 20 }),
      }),
    },
  ),
  segments: choice(SEGMENTS),
  keyValues: fc.dictionary(fc.constantFrom(...KEYS), choice(KEY_VALUES), { maxKeys: 2 }),
});

const someCreative: fc.Arbitrary<Creative> = fc
  .record({
    media: fc.constantFrom('banner' as const, 'banner' as const, 'video' as const, 'native' as const),
    size: fc.option(fc.constantFrom({ w: 300, h: 250 }, { w: 728, h: 90 }, { w: 640, h: 360 })),
    durationSec: fc.option(fc.constantFrom(15, 30)),
    protocol: fc.option(fc.constantFrom(3, 7)),
    approval: fc.constantFrom('approved' as const, 'approved' as const, 'approved' as const, 'pending' as const),
  })
  .map(creative);

const bookingNumbered = (index: number): fc.Arbitrary<BookedLineItem> =>
  fc.record({
    lineItem: fc
      .record({ targeting, isPaused: fc.boolean().map((paused) => paused && index % 5 === 0) })
      .map((changes) => lineItem({ ...changes, id: `line-${index}` })),
    campaign: fc
      .record({
        startAt: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: moment }),
        endAt: fc.option(moment, { freq: 5 }).map((end) => (end === null ? null : end)),
      })
      .map(campaign),
    advertiser: fc.constantFrom(...ZONES).map((timeZone) => advertiser({ timeZone })),
    creatives: fc.array(someCreative, { maxLength: 3 }),
  });

/** Absent keys stay absent, as in a request that was read. */
function without<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as T;
}

const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined });
const record = <T extends object>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.record<T>(model as never).map(without);

const data = maybe(
  fc
    .dictionary(
      fc.constantFrom(...KEYS),
      fc.oneof(
        fc.constantFrom<unknown>('rock', 'pop', 1, true, null, { rock: 1 }),
        fc.array(fc.constantFrom<unknown>('rock', 'pop', 1, false), { maxLength: 3 }),
      ),
    )
    .map((values) => ({ data: values })),
);

const someImp: fc.Arbitrary<Imp> = record({
  id: fc.constant('1'),
  tagid: maybe(fc.constantFrom(...TAGS)),
  instl: maybe(fc.constant(1)),
  banner: maybe(
    record({
      format: maybe(
        fc.array(
          fc.constantFrom<object>(
            { w: 300, h: 250 },
            { w: 728, h: 90 },
            { w: 320, h: 50 },
            { wratio: 16, hratio: 9, wmin: 200 },
            { wratio: 6, hratio: 5, wmin: 320 },
          ),
          { maxLength: 2 },
        ),
      ),
      w: maybe(fc.constant(300)),
      h: maybe(fc.constant(250)),
    }),
  ),
  video: maybe(
    record({
      mimes: fc.constant(['video/mp4']),
      w: maybe(fc.constant(640)),
      h: maybe(fc.constant(360)),
      maxduration: maybe(fc.constantFrom(15, 30)),
      protocols: maybe(fc.constantFrom([3], [3, 7], [])),
    }),
  ),
  native: maybe(fc.constant({ request: '{"assets":[]}' })),
  ext: data,
}) as fc.Arbitrary<Imp>;

const inventory = {
  publisher: maybe(fc.constantFrom(...PUBLISHERS).map((id) => ({ id }))),
  cat: maybe(fc.array(fc.constantFrom(...CATEGORIES), { maxLength: 2 })),
  pagecat: maybe(fc.array(fc.constantFrom(...CATEGORIES), { maxLength: 2 })),
  cattax: maybe(fc.constantFrom(1, 2)),
  ext: data,
};

const someRequest = fc
  .record({
    place: fc.oneof(
      record({ ...inventory, domain: maybe(fc.constantFrom(...HOSTS)) }).map((site) => ({ site })),
      record({ ...inventory, bundle: maybe(fc.constantFrom(...HOSTS)) }).map((app) => ({ app })),
    ),
    device: maybe(
      record({
        geo: maybe(
          record({ country: maybe(fc.constantFrom(...COUNTRIES)), region: maybe(fc.constantFrom(...REGIONS)) }),
        ),
        devicetype: maybe(fc.constantFrom(1, 4, 5)),
        os: maybe(fc.constantFrom('iOS', 'Android')),
        w: maybe(fc.constant(400)),
        h: maybe(fc.constant(300)),
      }),
    ),
    segments: maybe(fc.array(fc.constantFrom(...SEGMENTS), { maxLength: 2 })),
    imps: fc.array(someImp, { minLength: 1, maxLength: 2 }),
  })
  .map(({ place, device, segments, imps }) =>
    without({
      id: 'request',
      imp: imps.map((imp, index) => ({ ...imp, id: String(index) })),
      ...place,
      device,
      user: segments === undefined ? undefined : { data: [{ segment: segments.map((id) => ({ id })) }] },
    }),
  ) as fc.Arbitrary<BidRequest>;

function expectAgreement(
  index: TargetingIndex,
  items: readonly BookedLineItem[],
  request: BidRequest,
  nowMs: number,
): void {
  const terms = buildTerms(request);
  const facts = requestFacts(request);
  for (const [i, imp] of request.imp.entries()) {
    const offer = terms.imps[i]!;
    const { slots, count } = index.candidates(facts, impFacts(imp, offer, facts), nowMs);
    const found = Array.from(slots.subarray(0, count), (slot) => index.at(slot)!.lineItem.id);
    const expected = items
      .filter((item) => mayServe(item, request, imp, offer, nowMs))
      .map(({ lineItem: { id } }) => id);
    expect(found.toSorted()).toEqual(expected.toSorted());
  }
}

const manyBookings = fc
  .integer({ min: 0, max: 80 })
  .chain((count) => fc.tuple(...Array.from({ length: count }, (_, index) => bookingNumbered(index))));

test('the index gives what the documented semantics give, line item by line item', () => {
  fc.assert(
    fc.property(
      manyBookings,
      fc.array(fc.tuple(someRequest, moment), { minLength: 5, maxLength: 10 }),
      (items, asked) => {
        const index = compileTargeting(items);
        for (const [request, nowMs] of asked) expectAgreement(index, items, request, nowMs);
      },
    ),
    { numRuns: 300 },
  );
}, 120_000);

interface Change {
  readonly id: string;
  /** Null: the line item goes. */
  readonly item: BookedLineItem | null;
}

const change: fc.Arbitrary<Change> = fc
  .integer({ min: 0, max: 60 })
  .chain((number) =>
    fc.record({ id: fc.constant(`line-${number}`), item: fc.option(bookingNumbered(number), { freq: 2 }) }),
  );

test('it stays so while line items come, change and go between requests', () => {
  fc.assert(
    fc.property(
      manyBookings,
      fc.array(fc.tuple(fc.array(change, { maxLength: 20 }), someRequest, moment), { maxLength: 6 }),
      (items, steps) => {
        const index = compileTargeting(items);
        const live = new Map<string, BookedLineItem>(items.map((item) => [item.lineItem.id, item]));
        for (const [changes, request, nowMs] of steps) {
          for (const one of changes) {
            if (one.item === null) {
              index.remove(one.id);
              live.delete(one.id);
            } else {
              index.put(one.item);
              live.set(one.id, one.item);
            }
          }
          expectAgreement(index, [...live.values()], request, nowMs);
        }
      },
    ),
    { numRuns: 150 },
  );
}, 120_000);
