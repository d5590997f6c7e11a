/**
 * Line items that match a request, among 10,000 and 100,000 with the targeting that campaigns have: most choose
 * countries, many devices, hours and inventory, some segments, placements and key-values; a few hundred match.
 */
import type { AuctionImp } from '../engine/auction/types.ts';
import type { BookedLineItem } from '../engine/campaign/booked-line-item.ts';
import { BestAdvertisers } from '../engine/campaign/targeting/best-advertisers.ts';
import { type ImpFacts, impFacts, type RequestFacts, requestFacts } from '../engine/campaign/targeting/facts.ts';
import { compileTargeting, type TargetingIndex } from '../engine/campaign/targeting/targeting-index.ts';
import { SPARE_BIDS } from '../engine/exchange/house-bids.ts';
import { type SeededRandom, seededRandom } from '../simulator/random.ts';
import { type BenchContext, type Measurement, median } from './measurement.ts';
import { ADVERTISERS, bookedLineItem, targetedRequest } from './payloads/campaign-population.ts';
import { type TimedFunction, timeFunction } from './timed-function.ts';

export const TARGETING_SIZES = { '10k': 10_000, '100k': 100_000 } as const;
export type TargetingSize = keyof typeof TARGETING_SIZES;

const REQUESTS = 256;
const NOW_MS = Date.UTC(2026, 5, 10, 14, 30);
const HEAP_READINGS = 11;
const UPDATES = 500;

export async function measureTargeting(size: TargetingSize, context: BenchContext): Promise<Measurement[]> {
  const count = TARGETING_SIZES[size];
  const random = seededRandom(context.seed);
  const items = Array.from({ length: count }, (_, number) => bookedLineItem(number, random));
  const startedAtMs = performance.now();
  const index = compileTargeting(items);
  const compileMs = performance.now() - startedAtMs;
  const matching = matchingOf(size, index, random);
  const time = timeFunction(matching, context);
  const matches = matching.inputs.map((input) => matching.run(input).count);
  context.progress(`targeting.us.${size}: ${median(matches)} match in the median, ${Math.max(...matches)} at most`);
  return [
    time,
    timeFunction(selectionOf(size, index, matching), context),
    { name: `targeting.alloc_bytes.${size}`, value: allocatedBytes(matching), unit: 'B' },
    { name: `targeting.update_us.${size}`, value: updateUs(index, items, random), unit: 'us' },
    { name: `targeting.compile_ms.${size}`, value: compileMs, unit: 'ms' },
  ];
}

interface Asked {
  readonly request: RequestFacts;
  readonly imp: ImpFacts;
}

interface Found {
  readonly count: number;
  readonly sum: number;
}

/** Facts are read from a request once, whatever is asked about it: not part of this. */
function matchingOf(size: TargetingSize, index: TargetingIndex, random: SeededRandom): TimedFunction<Asked, Found> {
  const found = { count: 0, sum: 0 };
  return {
    name: `targeting.us.${size}`,
    inputs: Array.from({ length: REQUESTS }, () => asked(random)),
    run: ({ request, imp }) => {
      const { slots, count } = index.candidates(request, imp, NOW_MS);
      found.count = count;
      found.sum = count === 0 ? 0 : slots[count - 1]!;
      return found;
    },
    checksum: ({ count, sum }) => count + sum,
  };
}

/** With the choice of those that enter the auction. */
function selectionOf(
  size: TargetingSize,
  index: TargetingIndex,
  { inputs }: TimedFunction<Asked, Found>,
): TimedFunction<Asked, Int32Array> {
  const lineItems = Array.from({ length: TARGETING_SIZES[size] }, (_, slot) => index.at(slot)!.lineItem);
  const worths = lineItems.map(({ bidMicros }) => bidMicros);
  const best = new BestAdvertisers(lineItems.map((_, slot) => slot % ADVERTISERS));
  const worthNow = (slot: number) => worths[slot]!;
  const mayEnter = () => true;
  return {
    name: `targeting.selected_us.${size}`,
    inputs,
    run: ({ request, imp }) =>
      best.select(index.candidates(request, imp, NOW_MS), 1 + SPARE_BIDS, worthNow, mayEnter, 12_345),
    checksum: (slots) => slots.reduce((sum, slot) => sum + slot, 0),
  };
}

/** Median growth of the heap per question, as most readings have no collection in them. */
function allocatedBytes({ inputs, run }: TimedFunction<Asked, Found>): number {
  const growths = Array.from({ length: HEAP_READINGS }, () => {
    const before = process.memoryUsage().heapUsed;
    for (const input of inputs) run(input);
    return process.memoryUsage().heapUsed - before;
  });
  return Math.max(0, median(growths)) / inputs.length;
}

/** One line item replaced by another version of itself. */
function updateUs(index: TargetingIndex, items: readonly BookedLineItem[], random: SeededRandom): number {
  const changed = Array.from({ length: UPDATES }, () =>
    bookedLineItem(Math.floor(random.next() * items.length), random),
  );
  const startedAtMs = performance.now();
  for (const item of changed) index.put(item);
  return ((performance.now() - startedAtMs) * 1000) / UPDATES;
}

function asked(random: SeededRandom): Asked {
  const request = targetedRequest('request', random);
  const facts = requestFacts(request);
  const imp = request.imp[0]!;
  return { request: facts, imp: impFacts(imp, bannerOffer(imp.banner!.format as Sizes), facts) };
}

type Sizes = readonly { readonly w: number; readonly h: number }[];

function bannerOffer(sizes: Sizes): AuctionImp {
  return {
    id: '1',
    placementId: '',
    reserveKey: '',
    slotWeights: [1],
    banner: { sizes, ratios: [], blockedAttributes: [], blockedTypes: [] },
    video: null,
    audio: null,
    native: null,
    secure: false,
    interstitialScreen: null,
    expectedDelaySec: null,
    privateAuction: false,
    deals: [],
    requestFloorCpmMicros: 0,
    ruleFloorCpmMicros: 0,
    learnedFloorCpmMicros: 0,
  };
}
